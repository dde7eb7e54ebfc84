"""The page starts in the visitor's language: on the page of classes, and on that of several outputs."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from recognizer.serve.scripts import START, in_each_language, words_of
from recognizer.words.words import Words


def start_in_language(
    page: gr.Blocks,
    language: gr.Number,
    parts: Sequence[Any],
    say: Callable[[Words], list[Any]],
    names: Sequence[str] = (),
) -> None:
    """Let the page be in the visitor's language: of `?lang=`, or the first one of the browser that there is.

    Args:
        page: the page.
        language: the number of the visitor's.
        parts: what is said anew.
        say: returns what each part is in a language.
        names: of the examples.
    """

    def translate(number: int) -> list[Any]:
        return [number, *say(words_of(number))]

    script = in_each_language(START, names=list(names))
    page.load(translate, language, [language, *parts], js=script, api_visibility="private")
