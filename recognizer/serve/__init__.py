"""A model folder in, answers out: `Classifier(folder).predict(bytes)`, and the page and API around it.

model folder -> facts.py        what model.json says, checked; which examples may be shown; words without markup
             -> runtimes.py     the network: model.onnx by ONNX Runtime, or learner.pkl by fastai
             -> classifier.py   Classifier: a photo's bytes to a prediction; outputs.py: the same of several outputs;
                                run by outputs_runtimes.py; opening.py: whichever a folder is of
             -> interface.py    make_interface: Gradio's page, its endpoints `/predict` and `/about`
                                outputs_interface.py of several outputs, drawn by outputs_rendering.py;
                                at_once.py: a photo chosen, an answer drawn; starting.py: in the visitor's language
             -> rest.py         make_rest: `POST /predict`, `/run/predict` as Gradio 3 had it, `/healthz`, `/docs`
             -> server.py       serve: both on one port, in one process

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
