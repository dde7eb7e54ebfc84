"""The Gradio Interface: a photo in, what it looks like out.

Endpoints: `/predict`, a photo to Gradio's Label form (its `label` is "Not sure" where no class is likely enough; the
confidences are always there), and `/about`, nothing to the facts that a page needs to explain the answers.
"""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import base64
from pathlib import Path
from typing import Any

import gradio as gr
import gradio.component_meta
from gradio.components.label import LabelConfidence, LabelData
from gradio.data_classes import ImageData

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
    """An image input that hands over the file's bytes, so that one reader decodes every picture."""

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
    """Build the Interface of a classifier; launch it with `launch_options()`."""

    def predict(photo: bytes | None) -> Prediction:
        """Compare a photo with the photos found under each name; returns the likelihood of every name."""
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        try:
            return classifier.predict(photo)
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from error

    facts = classifier.facts
    examples = [[str(classifier.folder / example["file"])] for example in facts["examples"]]
    interface = gr.Interface(
        predict,
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

    def about() -> dict[str, Any]:
        """Tell what the answers mean: the classes, the threshold and how well it does."""
        return _about(facts)

    with interface:
        gr.api(about, api_name="about")  # type: ignore[attr-defined]
    return interface


def _about(facts: dict[str, Any]) -> dict[str, Any]:
    metrics = facts["metrics"]
    return {
        "title": facts["title"],
        "classes": facts["classes"],
        "threshold": facts["threshold"],
        "accuracy": metrics["accuracy"],
        "accuracy_interval": metrics["accuracy_interval"],
        "photos": metrics["photos"],
    }


def launch_options() -> dict[str, Any]:
    """Return how the Interface is launched, here and in a Space: no outside fonts, no big files."""
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
    return (
        f"Of {metrics['photos']} photos that it had never seen, it put {metrics['accuracy']:.0%} under the name that "
        f"the search had found them by (95 % interval {low:.0%} to {high:.0%}). Below {facts['threshold']:.0%} it says "
        "“Not sure”.\n\n**What it compares with**\n\n" + "\n".join(lines)
    )


def _name(entry: dict[str, Any]) -> str:
    return f"[{entry['name']}]({entry['link']})." if entry["link"] else f"**{entry['name']}.**"
