"""The Gradio Interface: a photo in, what it looks like out.

    make_interface(Classifier(Path("model"))).launch(**launch_options())

Endpoints: `/predict`, a photo to Gradio's Label form (its `label` is "Not sure" where no class is likely enough; the
confidences are always there), and `/about`, nothing to the facts that a page needs to explain the answers.
"""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import gradio.component_meta
from gradio.components.label import LabelConfidence, LabelData
from gradio.data_classes import ImageData

from recognizer.calibration.abstain import NOT_SURE
from recognizer.errors import PictureError
from recognizer.serve.classifier import Classifier, Prediction

LARGEST_UPLOAD = "20mb"
KEPT_FOR = 60  # seconds; an older copy of an upload is deleted, looked for as often
NOTICE = (
    "This compares photos: dress, craft, place, light and whatever else they share. It cannot tell who anyone is or "
    "where anyone belongs, and it can be wrong. Your photo is used for this answer only and deleted within two minutes."
)


# Gradio writes a stub file beside the module of every subclass of a component; these need none.
gradio.component_meta.create_or_modify_pyi = lambda *_: None


class _Upload(gr.Image):
    """An image input that hands over the file's bytes, so that `read_picture` decodes every picture."""

    is_template = True

    def preprocess(self, payload: ImageData | None) -> bytes | None:  # type: ignore[override]
        if payload is None:
            return None
        if payload.url and payload.url.startswith("data:"):
            return base64.b64decode(payload.url.partition(",")[2])
        try:
            return Path(str(payload.path)).read_bytes()
        except FileNotFoundError as error:
            raise gr.Error("This photo is deleted here already; choose it again.", print_exception=False) from error


class _Answer(gr.Label):
    """A label output that can say "not sure" and still show what is likely."""

    is_template = True

    def postprocess(self, value: Prediction | None) -> LabelData | dict[str, Any]:  # type: ignore[override]
        if value is None:
            return {}
        likely = [LabelConfidence(label=name, confidence=p) for name, p in value.probabilities.items()]
        return LabelData(label=value.label, confidences=likely)


def make_interface(classifier: Classifier) -> gr.Interface:
    """Build the Interface of a classifier; launch it with `launch_options()`.

    Args:
        classifier: the opened model folder; its model.json gives title, description, classes and examples.
    """
    facts = classifier.facts
    examples = [[str(classifier.folder / example["file"])] for example in facts["examples"]]
    interface = gr.Interface(
        _predictor(classifier),
        _Upload(label="Photo", sources=["upload", "clipboard"], buttons=[], height=340),
        _Answer(label="Looks like photos found under", num_top_classes=len(classifier.classes)),
        examples=examples or None,
        cache_examples=False,
        title=facts["title"],
        description=f"{facts['description']}\n\n{NOTICE}",
        article=_article(facts),
        flagging_mode="never",
        submit_btn="Compare",
        api_name="predict",
        delete_cache=(KEPT_FOR, KEPT_FOR),
        analytics_enabled=False,
    )
    with interface:
        gr.api(_about(facts), api_name="about")  # type: ignore[attr-defined]
    return interface


def _predictor(classifier: Classifier) -> Callable[[bytes | None], Prediction]:
    """Return the endpoint `/predict`; Gradio shows what is wrong with a photo as a sentence."""

    def predict(photo: bytes | None) -> Prediction:
        """Compare a photo with the photos found under each name; returns the likelihood of every name."""
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        try:
            return classifier.predict(photo)
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return predict


def _about(facts: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Return the endpoint `/about`."""
    metrics = facts["metrics"]
    told = {name: facts[name] for name in ("title", "classes", "threshold")}
    told |= {name: metrics[name] for name in ("accuracy", "accuracy_interval", "photos")}

    def about() -> dict[str, Any]:
        """Tell what the answers mean: the classes, the threshold and how well it does."""
        return told

    return about


def launch_options() -> dict[str, Any]:
    """Return the arguments of its `launch`, here and in a Space: no outside fonts, no big files."""
    theme = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    return {
        "theme": theme,
        "max_file_size": LARGEST_UPLOAD,
        "footer_links": ["api"],
        "run_history": False,
        "ssr_mode": False,
    }


def _article(facts: dict[str, Any]) -> str:
    metrics = facts["metrics"]
    low, high = metrics["accuracy_interval"]
    lines = [f"- {_name(entry)} {entry['description']}".rstrip() for entry in facts["classes"]]
    measured = (
        f"Of {metrics['photos']} photos that it had not learned from, it put {metrics['accuracy']:.0%} under the name "
        f"that the search had found them by (95 % interval {low:.0%} to {high:.0%}). "
        f"Below {facts['threshold']:.0%} it says “{NOT_SURE}”."
    )
    return "\n\n".join([measured, "**What it compares with**", "\n".join(lines)])


def _name(entry: dict[str, Any]) -> str:
    return f"[{entry['name']}]({entry['link']})." if entry["link"] else f"**{entry['name']}.**"
