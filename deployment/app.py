"""The Space: opens the model folder beside this file and serves it, the page and the plain routes."""

import os
from pathlib import Path

from recognizer.serve.server import serve

RUNTIME = "onnx"  # or "fastai", which opens model/learner.pkl; requirements.txt says what that needs
MODEL = Path(__file__).parent / "model"

if __name__ == "__main__":
    host = os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0")
    port = int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
    serve(MODEL, host, port, lambda address: print("Serving at", address, flush=True), RUNTIME)
