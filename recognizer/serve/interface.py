"""The Gradio page: a photo in, what it looks most like out.

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

import json
from collections.abc import Callable
from typing import Any

import gradio as gr
import gradio.component_meta
from gradio.components.label import LabelData
from gradio.data_classes import ImageData

from recognizer.errors import PictureError
from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.classifier import Classifier, Prediction
from recognizer.serve.facts import example_files, example_names
from recognizer.serve.inline import NotInline, decode_inline
from recognizer.serve.refusals import LOG, LONGEST_LINE
from recognizer.serve.rendering import EMPTY, FAULT, WAITING, render_answer, render_below, render_fault, render_top
from recognizer.serve.rest import label_form
from recognizer.serve.waiting import MOST_WAITING
from recognizer.serve.wording import source

LONGEST_PATH = 4096
UNNAMED = (
    'This is no photo. Send handle_file("photo.jpg") of gradio_client, the path that an upload was given, or as url '
    "data:image/jpeg;base64, and the photo's bytes."
)
# Screen readers are told of every answer, and of waiting for it; and what each example shows.
NAMED = """() => {
    document.getElementById("answer").setAttribute("aria-live", "polite");
    const names = NAMES;
    for (const [at, button] of document.querySelectorAll(".gallery-item").entries()) button.ariaLabel = names[at];
}"""
CLEAR = f"(photo) => photo ? {json.dumps(WAITING)} : {json.dumps(EMPTY)}"
INTO_VIEW = """() => {
    const answer = document.querySelector("#answer .answer:not(.empty)");
    if (!answer || answer.getBoundingClientRect().top < innerHeight / 2) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    answer.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}"""

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

    def read(self, forget: Callable[[str], None]) -> bytes | None:
        """Return the photo's bytes, and let the upload that they lie in go; None where no photo is named."""
        if self._inline:
            return decode_inline(self._inline)
        if self.path is None:
            return None
        try:
            return HERE.read(self.path)
        finally:
            forget(self.path)


class _Upload(gr.Image):
    """An image input that hands over the file's bytes, so that `read_picture` decodes every picture."""

    is_template = True
    data_model = _Photo

    forget = staticmethod(HERE.forget)  # what happens to an upload that has been read

    def preprocess(self, payload: _Photo | None) -> bytes | None:  # type: ignore[override]
        try:
            return payload.read(self.forget) if payload else None
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
        return LabelData(**label_form(value))


class _Page(gr.Blocks):
    """A page that tells a program what to send, where Gradio would log a traceback and tell nothing."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """Read a photo for an `_Upload`, and numbers for other parts, for which Gradio would read any file."""
        if block_fn.fn is None or not all(isinstance(sent, int) for sent in _sent_elsewhere(block_fn, inputs)):
            raise gr.Error(UNNAMED, print_exception=False)
        try:
            return await super().preprocess_data(block_fn, inputs, *args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:  # whatever a stranger's question makes Gradio raise
            LOG.error("a question to the page failed: %s", repr(error)[:LONGEST_LINE])
            raise gr.Error(UNNAMED, print_exception=False) from error


def _sent_elsewhere(block_fn: Any, inputs: list[Any]) -> list[Any]:
    return [sent for block, sent in zip(block_fn.inputs, inputs, strict=False) if not isinstance(block, _Upload)]


def make_interface(classifier: Classifier) -> gr.Blocks:
    """Build the page of a classifier: a photo is compared as soon as it is chosen, pasted, or an example is tapped.

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
    page = _Page(title=facts["title"], analytics_enabled=False)
    with page:
        gr.HTML(render_top(facts))
        with gr.Row():
            with gr.Column():
                photo = _Upload(label="Photo", sources=["upload", "clipboard"], buttons=[], height=340)
                photo.forget = HERE.forget_soon  # the page loads it again, to show it
                if examples:
                    gr.Examples([[str(file)] for file in examples], photo, cache_examples=False, label="Or try one")
            answer = gr.HTML(EMPTY, elem_id="answer")
        gr.HTML(render_below(facts))
        page.load(fn=None, js=NAMED.replace("NAMES", json.dumps(example_names(facts, examples))))
        _answer_at_once(photo, answer, classifier)
        _answer_programs(classifier)
        gr.api(_about(facts), api_name="about")  # type: ignore[attr-defined]
    page.queue(max_size=MOST_WAITING, api_open=False)
    _name_sessions(page)
    return page


def _name_sessions(page: gr.Blocks) -> None:
    """Give a name to a question of a session with an empty one, which Gradio would look for under two names."""
    push = page._queue.push

    async def push_named(body: Any, *args: Any, **kwargs: Any) -> Any:
        body.session_hash = body.session_hash or None
        return await push(body, *args, **kwargs)

    page._queue.push = push_named  # type: ignore[method-assign]


def _answer_programs(classifier: Classifier) -> None:
    """Add the endpoint `/predict`, which the page itself does not use."""
    button, photo, answer = gr.Button(visible=False), _Upload(visible=False), _Answer(visible=False)
    button.click(_predictor(classifier), photo, answer, api_name="predict", concurrency_limit=usable_processors())


def _answer_at_once(photo: _Upload, answer: gr.HTML, classifier: Classifier) -> None:
    """Let the old answer go when the photo changes, and the new one come, be told aloud, and be in view."""

    def compare(data: bytes | None) -> str:
        if data is None:
            return EMPTY
        try:
            return render_answer(classifier.predict(data), classifier.facts, data)
        except PictureError as error:
            return render_fault(str(error))

    photo.change(fn=None, inputs=photo, outputs=answer, js=CLEAR, queue=False, api_visibility="private")
    compared = photo.change(
        compare,
        photo,
        answer,
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_limit=usable_processors(),
    )
    compared.failure(fn=None, outputs=answer, js=f"() => {json.dumps(FAULT)}")
    compared.then(fn=None, js=INTO_VIEW)


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
    told |= {"per_class": metrics.get("per_class"), "like": source(facts).like}

    def about() -> dict[str, Any]:
        """Tell what the answers mean: the classes, the threshold and how well it does."""
        return told

    return about
