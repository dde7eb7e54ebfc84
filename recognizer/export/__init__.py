"""A run to the model folder: learner.pkl, ONNX in floats of 32 and of 16 bits, weights, model.json, model card.

Call `export(recipe, store)` in export.py; it proves on held-out photos that all forms agree with learner.pkl.

    export.py        the stage, and what model.json holds
      onnx_forms.py    the network as ONNX
      half_precision.py  its weights in floats of sixteen bits
      tflite.py        the network for phones: layers in tflite_networks.py, rounded in tflite_rounding.py, converted in
                       tflite_environment.py, where tflite_program.py runs; labels in tflite_metadata.py,
                       bytes in and out by tflite_bytes.py; of several outputs: tflite_outputs.py;
                       how it is asked: tflite_card.py
      agreement.py     how far each form is from learner.pkl
      examples.py      photos for visitors to try; similar.py: those that may stand beside an answer
      model_card.py    README.md, which the Hugging Face Hub reads; card_figures.py: its figures
    outputs.py       the stage of several outputs, with outputs_onnx.py and outputs_card.py
    browser.py       what of a model folder goes beside a site that answers by itself
"""
