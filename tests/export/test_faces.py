"""The model card says how far answers rest on faces, as the evaluation found it."""

from pathlib import Path
from typing import Any

import pytest

from recognizer.export.model_card import write_card
from recognizer.serve.facts import read_facts
from tests.conftest import Built

FOUND = {
    "held_out": 90,
    "photos": 60,
    "accuracy": 0.8,
    "blurred_accuracy": 0.75,
    "changed": 0.093,
    "changed_interval": [0.05, 0.18],
    "evidence": 0.31,
    "area": 0.06,
}


@pytest.mark.parametrize(
    ("faces", "said"),
    [
        (None, "How far its answers rest on faces was not measured."),
        ({"held_out": 90, "photos": 0}, "No face was found in the 90 held-out photos."),
        (FOUND, "60 of these photos show a face. When faces are blurred, 9 of 100 answers about these change"),
        (
            FOUND,
            "75% agree with the label instead of 80%. Faces take 6% of the area of these photos, and hold 31% of",
        ),
    ],
)
def test_the_card_says_how_far_answers_rest_on_faces(
    built: Built, tmp_path: Path, faces: dict[str, Any] | None, said: str
) -> None:
    facts = read_facts(built.model)
    assert facts["metrics"]["faces"]["photos"] == 0  # cloth has none
    facts["metrics"]["faces"] = faces
    write_card(facts, tmp_path / "README.md")
    assert said in (tmp_path / "README.md").read_text(encoding="utf-8")
