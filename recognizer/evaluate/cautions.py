"""What has to be said about the figures of an evaluation before anybody relies on them, and what to do about it."""

from typing import Any

from recognizer.recipe import Recipe
from recognizer.splits.split import FEW

NAMED = 6  # classes, at most


def cautions(recipe: Recipe, report: dict[str, Any]) -> list[str]:
    """Return a sentence or two for each thing that makes figures mean less than they seem to.

    Args:
        recipe: the recipe.
        report: of the evaluation.
    """
    said = list(report.get("notes", []))
    if few := report["few"]:
        said.append(
            f"Fewer than {FEW} photos are held out of {_names(few)}, so their figures tell nothing. Collect more "
            f"photos, or raise held_out under [train] in the recipe (now {recipe.train.held_out:g}), and run "
            f"{recipe.command('train')} and {recipe.command('evaluate')} again."
        )
    if unrated := report["unrated_labels"]:
        labels = "label of 1 held-out photo was" if unrated == 1 else f"labels of {unrated} held-out photos were"
        # Where none was ever checked each counts fully, so that none is likely wrong; else as the mean of checked ones.
        counted = "as likely right as checked ones are on average" if report["likely_wrong_labels"] else "as right"
        said.append(
            f"The {labels} never checked, and counted {counted}; {recipe.command('clean')} checks labels, where a "
            "class has enough photos."
        )
    return said


def _names(few: dict[str, int]) -> str:
    named = [f"“{label}” ({count})" for label, count in list(few.items())[:NAMED]]
    more = len(few) - len(named)
    return ", ".join(named) + (f" and {more} more classes" if more > 1 else " and another class" if more else "")
