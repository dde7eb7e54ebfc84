"""A model folder in, answers out: `Classifier(folder).predict(bytes)`, and the page and API around it.

model folder -> facts.py        what model.json says, checked; which examples may be shown; words without markup
             -> runtimes.py     the network: model.onnx by ONNX Runtime, or learner.pkl by fastai
             -> classifier.py   Classifier: a photo's bytes to a prediction; outputs.py: the same of several outputs;
                                run by outputs_runtimes.py; opening.py: whichever a folder is of
             -> interface.py    make_interface: Gradio's page, its endpoints `/predict`, `/about`, `/explain`
                                outputs_interface.py of several outputs, drawn by outputs_rendering.py;
                                at_once.py: a photo chosen, an answer drawn; starting.py: in the visitor's language
                                of Gradio's parts.py, with scripts.py in the browser
             -> wording.py      what an answer says; rendering.py: the HTML of it; evidence_map.py: what it rests on;
                                similar.py: photos most like the visitor's
             -> answers.py      an answer as programs get it: of the plain routes, and of `classify --json`
             -> rest.py         make_rest: `POST /predict`, `/run/predict` as Gradio 3 had it, `/healthz`, `/docs`
                                outputs_rest.py of several outputs, also as earlier systems had it (forms.py);
                                outputs_pages.py: how it works, the data set
             -> server.py       serve: both on one port, in one process; binding.py: the port

visitor -> guard.py     what is open to visitors, with body.py, which counts what they send
        -> refusals.py  one sentence to whoever asked, one line in the log
        -> uploads.py   the folder that uploads go to, and are deleted from; nothing else is read
        -> inline.py    a photo within the request
        -> waiting.py   of the page: drops questions that nobody waits for
        -> queue.py     of the plain routes: photos wait for a free processor, and no more than a few
        -> process.py   room for many connections, and nothing left when the process ends

A Space and a container hold just this room and the few modules that it imports; torch and fastai are imported only
where the runtime is fastai, and nothing of how the model was made is.
"""
