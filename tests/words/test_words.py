"""Every language says everything, with the same placeholders, and somebody uses each sentence."""

import json
import re
import string
from typing import Any

import pytest

from recognizer.words.figures import say_figure
from recognizer.words.words import FOLDER, SOURCE, languages, words_in
from tests.paths import ROOT

SPOKEN = ["bn", "en", "hi", "kk", "my", "ru", "th", "uz", "zh"]
COPIES = ROOT / "docs" / "words"
USERS = [
    *(ROOT / "recognizer").rglob("*.py"),
    *(ROOT / "recognizer").rglob("*.html"),
    *(ROOT / "docs/js").rglob("*.js"),
]


def read(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def sentences(language: str) -> dict[str, str]:
    """Return all sentences of a language by their keys."""
    return {
        f"{section}.{name}": said
        for section, all_said in read(language).items()
        if isinstance(all_said, dict)
        for name, said in all_said.items()
    }


def placeholders(said: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(said) if name is not None}


def test_a_figure_is_told_with_what_there_is_of_its_interval() -> None:
    assert say_figure({"accuracy": 0.93, "accuracy_interval": [0.84, 0.98]}) == "93.0 % (84.0 to 98.0)"
    assert say_figure({"accuracy": 0.93}) == "93.0 %"  # of a model folder that is not ours
    assert say_figure({"mean_absolute_error": 7.07, "unit": "years"}) == "7.07 years off on average"
    assert say_figure({"mean_absolute_error": 0.0}) == "0.0 off on average"


def test_nine_languages_are_spoken() -> None:
    assert sorted(languages()) == SPOKEN and languages()[0] == SOURCE
    assert len({words_in(language).name for language in languages()}) == len(SPOKEN)


@pytest.mark.parametrize("language", SPOKEN)
def test_a_language_says_everything_and_nothing_else(language: str) -> None:
    said, source = sentences(language), sentences(SOURCE)
    assert list(said) == list(source)
    assert {key: placeholders(text) for key, text in said.items()} == {
        key: placeholders(text) for key, text in source.items()
    }
    assert all(text.strip() == text and text for text in said.values())


def test_every_sentence_is_used() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in USERS)
    kinds = {key for key in sentences(SOURCE) if re.search(r"_(found|sorted|listed|drawn)$", key)}
    missing = [key for key in set(sentences(SOURCE)) - kinds if key not in code and key.split(".")[1] not in code]
    assert missing == []


@pytest.mark.parametrize("language", SPOKEN)
def test_the_site_has_the_same_words(language: str) -> None:
    assert (COPIES / f"{language}.json").read_bytes() == (FOLDER / f"{language}.json").read_bytes()


def test_shares_never_claim_certainty() -> None:
    words = words_in(SOURCE)
    assert [words.percent(share).replace("\N{NO-BREAK SPACE}", " ") for share in (0, 0.004, 0.734, 0.993, 1)] == [
        "under 1 %",
        "under 1 %",
        "73 %",
        "over 99 %",
        "over 99 %",
    ]


def test_what_is_asked_for_is_told_to_a_tenth_and_never_as_more() -> None:
    words = words_in(SOURCE)
    told = [words.tenths(share).replace("\N{NO-BREAK SPACE}", " ") for share in (0.5, 0.57, 0.73399, 0.9968, 1)]
    assert told == ["50 %", "57 %", "73.3 %", "99.6 %", "100 %"]


def test_a_language_that_nobody_speaks_here_is_english() -> None:
    assert words_in("xx").language == SOURCE


def test_languages_that_strangers_make_up_take_no_memory() -> None:
    assert words_in("xx") is words_in("yy") is words_in(SOURCE)


def test_a_value_is_never_markup() -> None:
    assert "&lt;b&gt;" in str(words_in(SOURCE).mark_up("answer.unsure", name="<b>"))
