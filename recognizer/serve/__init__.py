"""A model folder in, answers out: `Classifier(folder).predict(bytes)`, and the page and API around it.

model folder -> classifier.py   Classifier: opens the files that model.json describes, and no others; predicts
             -> interface.py    make_interface: Gradio's page, its endpoints `/predict` and `/about`

A Space and a container hold just this room and the few modules that it imports, so torch and fastai are imported only
when a model is opened, and nothing of how the model was made is.
"""
