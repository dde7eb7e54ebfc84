"""What a command shows at its end says something, and names commands as they were typed."""

from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

from recognizer.cli import summaries
from recognizer.recipe import CollectSettings, PhotoClass, Recipe

EVALUATED: dict[str, Any] = {
    **{"photos": 9, "likely_wrong_labels": 0.2, "accuracy": 1.0, "accuracy_interval": [0.7, 1.0], "top3": 1.0},
    **{"coverage": 0.9, "ece": 0.01, "missing": 2},
}


def recipe_of(count: int) -> Recipe:
    return Recipe(name="bags", title="Bags", classes=[PhotoClass(name=f"bag {number}") for number in range(count)])


@pytest.mark.parametrize(("classes", "says_more"), [(2, False), (3, False), (6, True)])
def test_the_first_three_of_three_are_no_figure(classes: int, says_more: bool) -> None:
    table = next(part for part in summaries.evaluated(recipe_of(classes), EVALUATED) if isinstance(part, Table))
    assert ("among the first three" in list(table.columns[0].cells)) == says_more


def test_what_is_advised_is_what_was_typed() -> None:
    recipe = recipe_of(3).asked_for("my bags first.toml", Path("a b"))
    sentence = summaries.evaluated(recipe, EVALUATED)[-1]
    assert "recognizer collect 'my bags first.toml' --work 'a b' fetches them again" in str(sentence)


def test_a_folder_that_has_no_more_did_not_run_dry() -> None:
    own = recipe_of(2).model_copy(update={"collect": CollectSettings(engines=["folder"], folder="photos")})
    report: dict[str, Any] = {
        **{"counts": {}, "failures": {}, "engines": {}, "refused": [], "again": 0, "left_waiting": {}},
        "short": {"bag 0": {"photos": 25, "why": "dry"}},
    }
    assert "bag 0 has 25 of 200 different photos: its folder has no more." in summaries.collected(own, report)
