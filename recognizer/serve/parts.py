"""Gradio's parts as this page needs them: a photo's bytes in, and no file but the visitor's own read."""

import os

from recognizer.serve.uploads import HERE, NotReadable

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ["GRADIO_TEMP_DIR"] = str(HERE.folder)  # read by Gradio when it is imported, and later on
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"  # else it keeps a table of the last 10,000 questions, and summarizes
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(2**62)  # it after each

from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr
import gradio.component_meta
from gradio.components.label import LabelData
from gradio.data_classes import ImageData

from recognizer.errors import PictureError
from recognizer.serve.classifier import Prediction
from recognizer.serve.inline import NotInline, decode_inline
from recognizer.serve.refusals import LOG, LONGEST_LINE
from recognizer.serve.rest import label_form

LONGEST_PATH = 4096
T = TypeVar("T")
UNNAMED = (
    'This is no photo. Send handle_file("photo.jpg") of gradio_client, the path that an upload was given, or as url '
    "data:image/jpeg;base64, and the photo's bytes."
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


class Upload(gr.Image):
    """An image input that hands over the file's bytes, so that `read_picture` decodes every picture."""

    is_template = True
    data_model = _Photo

    forget = staticmethod(HERE.forget)  # what happens to an upload that has been read

    def preprocess(self, payload: _Photo | None) -> bytes | None:  # type: ignore[override]
        """Return the bytes of the photo that a visitor names; None where none is named."""
        try:
            return payload.read(self.forget) if payload else None
        except (NotReadable, NotInline) as error:
            raise gr.Error(str(error), print_exception=False) from error

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str:
        """Leave a file where it is, and an address where it is, too; `HERE.read` decides which may be read."""
        return str(url_or_file_path)


class ShownUpload(Upload):
    """An upload that its visitor's page loads again, to show it, and which stays for that.

    Gradio makes a part anew for a session in which it was changed, so this is a class and no setting of an object.
    """

    is_template = True
    forget = staticmethod(HERE.forget_soon)

    def get_block_name(self) -> str:
        """Return the name of the part that the browser draws, which Gradio takes from the next class above alone."""
        return "image"


class _Told(LabelData):
    """Gradio's Label form, and whether the photo is unlike all classes."""

    far: bool = False


class Answer(gr.Label):
    """A label output that can say "not sure" and still show what is likely."""

    is_template = True
    data_model = _Told

    def postprocess(self, value: Prediction | None) -> LabelData | dict[str, Any]:  # type: ignore[override]
        """Return a prediction in Gradio's Label form, and `far`."""
        if value is None:
            return {}
        return _Told(**label_form(value), far=value.out_of_distribution)


class Page(gr.Blocks):
    """A page that tells a program what to send, where Gradio would log a traceback and tell nothing."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """Read a photo for an `Upload`, and numbers for other parts, for which Gradio would read any file."""
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
    return [sent for block, sent in zip(block_fn.inputs, inputs, strict=False) if not isinstance(block, Upload)]


def explain_sent(explain: Callable[[bytes], T], photo: bytes | None) -> T:
    """Compare a photo that a program sent; Gradio tells what is wrong with it as a sentence.

    Args:
        explain: compares a photo's bytes; raises PictureError where it cannot.
        photo: the bytes; None where the program sent none.
    """
    if photo is None:
        raise gr.Error("Choose a photo first.", print_exception=False)
    try:
        return explain(photo)
    except PictureError as error:  # the title tells pages that the same photo need not be tried again
        raise gr.Error(str(error), print_exception=False, title="Photo") from error
