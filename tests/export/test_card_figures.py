"""What the model card says of its figures: what people saw blindly comes first, and agreement is called agreement."""

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from recognizer.export.model_card import write_card
from recognizer.serve.facts import read_facts
from tests.conftest import Built

SHARE = {"share": 0.9, "photos": 50, "interval": [0.8, 0.96], "interval_further": [0.78, 0.97]}
COUNTS = {"population": 300, "drawn": 60, "answered": 60, "unclear": 4, "none": 6, "decided_before": 0}
SEEN = COUNTS | {
    "accuracy": SHARE,
    "selective_accuracy": SHARE | {"share": 0.97},
    "label_noise": SHARE | {"share": 0.1},
}


def card_of(built: Built, folder: Path, dropped: int = 9, **metrics: Any) -> tuple[str, EvalResult]:
    """Write the card with some figures changed; return its words, and the first figure that the Hub reads."""
    facts = read_facts(built.model) | {"dropped": dropped}
    facts["metrics"] |= metrics
    write_card(facts, folder / "README.md")
    card = ModelCard.load(folder / "README.md")
    assert isinstance(card, ModelCard) and isinstance(card.data, ModelCardData) and card.data.eval_results
    return " ".join(card.text.split()), card.data.eval_results[0]


def test_without_a_blind_sample_nothing_is_said_of_being_right(built: Built, tmp_path: Path) -> None:
    text, first = card_of(built, tmp_path)
    assert "How often it is right is not known: nobody has looked at a blind sample" in text
    assert "That is agreement with labels, and no bound of how often it is right" in text
    assert "it gave the label that it was drawn for, or the one that a person gave it since, in" in text
    assert first.metric_name == "Agreement with labels"


def test_what_people_saw_blindly_comes_first(built: Built, tmp_path: Path) -> None:
    text, first = card_of(built, tmp_path, blind=SEEN, threshold_checked=0.953)
    assert text.index("**90% right**") < text.index("agreement with labels")
    assert "95 % interval 80% to 96% for these held-out photos, 78% to 97% for further photos" in text
    assert "Of the labels, 10% were wrong" in text and "In 4 nothing could be told" in text
    assert "in cross-validation, which helped to choose it, 95% of the answers about training photos agreed" in text
    assert (first.metric_name, first.metric_value) == ("Accuracy by a blind sample", 0.9)


ALL_UNCLEAR = COUNTS | {"unclear": 60, "accuracy": None, "selective_accuracy": None, "label_noise": None}


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (COUNTS | {"answered": 59}, "people have looked at 59 of the 60 photos of a blind sample so far."),
        (ALL_UNCLEAR, "people looked at a blind sample, and could tell nothing in any of its 60 photos."),
        (SEEN | {"accuracy": None, "selective_accuracy": None}, "Of the labels, 10% were wrong"),
    ],
)
def test_a_sample_that_tells_nothing_claims_nothing(
    built: Built, tmp_path: Path, seen: dict[str, Any], said: str
) -> None:
    text = card_of(built, tmp_path, blind=seen)[0]
    assert "right**" not in text and said in text and "nobody has looked" not in text


def test_what_was_taken_out_is_said(built: Built, tmp_path: Path) -> None:
    text = card_of(built, tmp_path, likely_wrong_labels=2.6, unrated_labels=0, few={})[0]
    assert "of the names above, less what rules or people took out. " in text
    assert "rules or people took out are missing here, too, and no rule changed a label here." in text
    assert "about 3 of these photos were likely drawn with a wrong label on purpose" in text
    assert "never checked" not in text and "Classes with fewer" not in text


def test_without_cleaning_the_card_claims_none(built: Built, tmp_path: Path) -> None:
    text = card_of(built, tmp_path, dropped=0, likely_wrong_labels=0.0, unrated_labels=40, few={"Ikat": 3})[0]
    assert "of the names above; none was taken out. " in text and "took out" not in text and "about 0" not in text
    assert "where one of these photos was drawn with a wrong label on purpose, a right answer counts as a" in text
    assert "Labels of these photos that were never checked: 40." in text
    assert "Classes with fewer than 5 of these photos, whose own figures tell nothing: 1." in text
