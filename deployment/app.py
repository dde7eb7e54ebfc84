"""The Space: opens the model folder beside this file and serves it, the page and the plain routes."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from recognizer.serve.server import serve

RUNTIME = "onnx"  # or "fastai", which opens model/learner.pkl; requirements.txt says what that needs
MODEL = Path(__file__).parent / "model"


def say(address: str) -> None:
    """Tell where it is served."""
    print("Serving at", address, flush=True)


def run(ready: Callable[[str], None] = say) -> None:
    """Serve until the process is asked to end.

    Args:
        ready: is told the address as soon as photos are answered there.
    """
    host = os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0")
    port = int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
    serve(MODEL, host, port, ready, RUNTIME)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        run()
