"""What is to be published, and how: the one thing that all of this room is told."""

from dataclasses import dataclass

from recognizer.publish.forms import Form
from recognizer.serve.classifier import DEFAULT_RUNTIME


@dataclass(frozen=True)
class Order:
    """What is published, and how.

    Args:
        form: see forms.py.
        runtime: what runs the network where a program of ours answers: "onnx" or "fastai".
        models: names of the model's own repositories on the Hub, for a link.
        datasets: names of repositories with the index of its photos, for a link.
        address: where a site will be, ending in a slash, as far as that is known; for the picture of shared links.
        space: the Space that answers on a site, `owner/name` or an address; empty where the visitor's browser does.
    """

    form: Form
    runtime: str = DEFAULT_RUNTIME
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    address: str = ""
    space: str = ""
