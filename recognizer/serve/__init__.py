"""A model folder in, answers out: `Classifier(folder).predict(bytes)`, and the page and API around it.

model folder -> facts.py        what model.json says, checked; which examples may be shown; words without markup
             -> classifier.py   Classifier: opens the files that model.json describes, and no others; predicts
             -> interface.py    make_interface: Gradio's page, its endpoints `/predict` and `/about`

visitor -> guard.py     what is open to visitors, with body.py, which counts what they send
        -> uploads.py   the folder that uploads go to, and are deleted from; nothing else is read
        -> waiting.py   drops questions that nobody waits for
        -> process.py   room for many connections, and nothing left when the process ends

A Space and a container hold just this room and the few modules that it imports, so torch and fastai are imported only
when a model is opened, and nothing of how the model was made is.
"""
