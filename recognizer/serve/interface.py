"""The Gradio Interface: a photo in, what it looks like out.

    page = make_interface(Classifier(Path("model")))        served by server.py

Endpoints: `/predict`, a photo to Gradio's Label form (its `label` is "Not sure" where no class is likely enough; the
confidences are always there), and `/about`, nothing to the facts that a page needs to explain the answers.
"""

import os

from recognizer.serve.uploads import HERE, NotReadable

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ["GRADIO_TEMP_DIR"] = str(HERE.folder)  # read by Gradio when it is imported, and later on
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"  # else it keeps a table of the last 10,000 questions, and summarizes
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(2**62)  # it after each

from collections.abc import Callable
from typing import Any

import gradio as gr
import gradio.component_meta
from gradio.components.label import LabelConfidence, LabelData
from gradio.data_classes import ImageData

from recognizer.calibration.abstain import NOT_SURE
from recognizer.errors import PictureError
from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.classifier import Classifier, Prediction
from recognizer.serve.facts import example_files, plain, web_link
from recognizer.serve.inline import NotInline, decode_inline
from recognizer.serve.waiting import MOST_WAITING

LONGEST_PATH = 4096
UNNAMED = (
    'This is no photo. Send handle_file("photo.jpg") of gradio_client, the path that an upload was given, or as url '
    "data:image/jpeg;base64, and the photo's bytes."
)
NOTICE = (
    "This compares photos: dress, craft, place, light and whatever else they share. It cannot tell who anyone is or "
    "where anyone belongs, and it can be wrong. Your photo is used for this answer only and deleted within two minutes."
)


# Gradio writes a stub file beside the module of every subclass of a component; these need none.
gradio.component_meta.create_or_modify_pyi = lambda *_: None


class _Photo(ImageData):
    """A photo as a visitor names it, without the photo in what it dumps to, which Gradio keeps for the session."""

    _inline: str = ""

    @classmethod
    def model_validate(cls, obj: Any, **kwargs: Any) -> "_Photo":
        """Take what a visitor sends, or say what it has to be."""
        try:
            return super().model_validate(obj, **kwargs)
        except ValueError as error:
            raise gr.Error(UNNAMED, print_exception=False) from error

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        if self.url and self.url.startswith("data:"):
            self._inline = self.url
        self.url = self.orig_name = self.mime_type = None
        if self.path and len(self.path) > LONGEST_PATH:
            self.path = None

    def read(self) -> bytes | None:
        """Return the photo's bytes, and delete the upload that they lie in; None where no photo is named."""
        if self._inline:
            return decode_inline(self._inline)
        if self.path is None:
            return None
        try:
            return HERE.read(self.path)
        finally:
            HERE.forget(self.path)


class _Upload(gr.Image):
    """An image input that hands over the file's bytes, so that `read_picture` decodes every picture."""

    is_template = True
    data_model = _Photo

    def preprocess(self, payload: _Photo | None) -> bytes | None:  # type: ignore[override]
        try:
            return payload.read() if payload else None
        except (NotReadable, NotInline) as error:
            raise gr.Error(str(error), print_exception=False) from error

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str:
        """Leave a file where it is, and an address where it is, too; `HERE.read` decides which may be read."""
        return str(url_or_file_path)


class _Answer(gr.Label):
    """A label output that can say "not sure" and still show what is likely."""

    is_template = True

    def postprocess(self, value: Prediction | None) -> LabelData | dict[str, Any]:  # type: ignore[override]
        if value is None:
            return {}
        likely = [LabelConfidence(label=name, confidence=p) for name, p in value.probabilities.items()]
        return LabelData(label=value.label, confidences=likely)


class _Interface(gr.Interface):
    """An Interface that tells a program what to send, where Gradio would log a traceback and tell nothing."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        try:
            super().validate_inputs(block_fn, inputs)
        except ValueError as error:
            raise gr.Error(UNNAMED, print_exception=False) from error


def make_interface(classifier: Classifier) -> gr.Interface:
    """Build the Interface of a classifier.

    Args:
        classifier: the opened model folder; its model.json gives title, description, classes and examples.

    Raises:
        ModelError: an example is none that may be shown.
        Unwritable: there is no folder for uploads.
    """
    facts = classifier.facts
    examples = example_files(classifier.folder, facts)
    HERE.start()
    HERE.show(examples)
    gr.set_static_paths(list(examples))  # served from where they are, as long as they are there, and not copied
    interface = _Interface(
        _predictor(classifier),
        _Upload(label="Photo", sources=["upload", "clipboard"], buttons=[], height=340),
        _Answer(label="Looks like photos found under", num_top_classes=len(classifier.classes)),
        examples=[[str(file)] for file in examples] or None,
        cache_examples=False,
        title=plain(facts["title"]),
        description=f"{plain(facts['description'])}\n\n{NOTICE}",
        article=_article(facts),
        flagging_mode="never",
        submit_btn="Compare",
        api_name="predict",
        concurrency_limit=usable_processors(),
        analytics_enabled=False,
    )
    interface.title = facts["title"]  # of the window, where nothing is markup
    interface.queue(max_size=MOST_WAITING, api_open=False)
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


def _article(facts: dict[str, Any]) -> str:
    lines = [f"- {_name(entry)} {plain(entry['description'])}".rstrip() for entry in facts["classes"]]
    below = f"Below {facts['threshold']:.0%} it says “{NOT_SURE}”."
    return "\n\n".join([f"{_measured(facts['metrics'])} {below}", "**What it compares with**", "\n".join(lines)])


def _measured(metrics: dict[str, Any]) -> str:
    if metrics["accuracy"] is None:
        return "How often it is right has not been measured."
    low, high = metrics["accuracy_interval"]
    return (
        f"Of {metrics['photos']} photos that it had not learned from, it put {metrics['accuracy']:.0%} under the name "
        f"that the search had found them by (95 % interval {low:.0%} to {high:.0%})."
    )


def _name(entry: dict[str, Any]) -> str:
    link = web_link(entry["link"])
    return f"[{plain(entry['name'])}]({link})." if link else f"**{plain(entry['name'])}.**"
