"""Turn a list of words into a public, honest photo classifier: collect, clean, train, evaluate, export, serve.

Importing this package is instant; torch, fastai and gradio are imported by the modules that use them.
"""

__version__ = "0.1.0"
