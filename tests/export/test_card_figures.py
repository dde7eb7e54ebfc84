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


def card_of(built: Built, folder: Path, **metrics: Any) -> tuple[str, EvalResult]:
    """Write the card with some figures changed; return its words, and the first figure that the Hub reads."""
    facts = read_facts(built.model)
    facts["metrics"] |= metrics
    write_card(facts, folder / "README.md")
    card = ModelCard.load(folder / "README.md")
    assert isinstance(card, ModelCard) and isinstance(card.data, ModelCardData) and card.data.eval_results
    return " ".join(card.text.split()), card.data.eval_results[0]


def test_without_a_blind_sample_nothing_is_said_of_being_right(built: Built, tmp_path: Path) -> None:
    text, first = card_of(built, tmp_path)
    assert "How often it is right is not known: nobody has looked at a blind sample" in text
    assert "That is agreement with labels, and no bound of how often it is right" in text
    assert (
        "nor cleaning" not in text and "Cleaning took copies and poor pictures out of the held-out photos, too" in text
    )
    assert first.metric_name == "Agreement with labels"
    checked = read_facts(built.model)["metrics"]["threshold_checked"]
    assert checked is None or f"of training photos that had no say in it, {checked:.0%} were" in text


def test_what_people_saw_blindly_comes_first(built: Built, tmp_path: Path) -> None:
    text, first = card_of(built, tmp_path, blind=SEEN, threshold_checked=0.953)
    assert text.index("**90% right**") < text.index("agreement with labels")
    assert "95 % interval 80% to 96% for these held-out photos, 78% to 97% for further photos" in text
    assert "Of the labels, 10% were wrong" in text and "In 4 nothing could be told" in text
    assert "; of training photos that had no say in it, 95% were" in text
    assert (first.metric_name, first.metric_value) == ("Accuracy by a blind sample", 0.9)


@pytest.mark.parametrize("seen", [COUNTS | {"answered": 59}, SEEN | {"accuracy": None, "selective_accuracy": None}])
def test_a_sample_that_tells_nothing_claims_nothing(built: Built, tmp_path: Path, seen: dict[str, Any]) -> None:
    assert "right**" not in card_of(built, tmp_path, blind=seen)[0]
