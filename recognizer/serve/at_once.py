"""A photo is compared as soon as it is chosen or pasted: on the page of classes, and on that of several outputs."""

from collections.abc import Callable

import gradio as gr

from recognizer.errors import PictureError
from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.parts import Upload
from recognizer.serve.rendering import render_empty, render_fault
from recognizer.serve.scripts import CLEAR, INTO_VIEW, LOST, in_each_language, words_of
from recognizer.words.words import Words


def answer_at_once(photo: Upload, language: gr.Number, answer: gr.HTML, compare: Callable[[bytes, Words], str]) -> None:
    """Let the old answer go when the photo changes, and the new one come, be told aloud, and be in view.

    Args:
        photo: the part that the photo is chosen in.
        language: the number of the visitor's.
        answer: where the answer goes.
        compare: returns the answer to a photo's bytes in a language, as HTML; raises PictureError where there is none.
    """

    def told(data: bytes | None, number: int | None) -> str:
        words = words_of(number)
        if data is None:
            return render_empty(words)
        try:
            return compare(data, words)
        except PictureError as error:
            return render_fault(str(error), words)

    asked = [photo, language]
    photo.change(
        fn=None, inputs=asked, outputs=answer, js=in_each_language(CLEAR), queue=False, api_visibility="private"
    )
    compared = photo.change(
        told,
        asked,
        answer,
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_limit=usable_processors(),
    )
    compared.failure(fn=None, inputs=language, outputs=answer, js=in_each_language(LOST))
    compared.then(fn=None, js=INTO_VIEW)
