"""Turn a list of words into a public, honest photo classifier: collect, clean, train, evaluate, export, serve.

Importing this package is instant; torch, fastai and gradio are imported by the modules that use them.
"""

import os

__version__ = "0.1.0"

# ONNX Runtime would write a device id under HOME and send events; it reads this when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
