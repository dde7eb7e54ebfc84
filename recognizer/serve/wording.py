"""The sentences of the page: what an answer says, how sure it is, and how often such answers are right.

They are about photos, never about a person, and are worded for where the photos came from (words/sources.py).
"""

from typing import Any, NamedTuple

from recognizer.calibration.abstain import NOT_SURE
from recognizer.words.sources import Source, describe_source
from recognizer.serve.classifier import Prediction

NO_BREAK = "\N{NO-BREAK SPACE}"
NOTICE = (
    "This compares photos: dress, craft, place, light and whatever else they share. It cannot tell who anyone is or "
    "where anyone belongs, and it can be wrong. Your photo is used for its answer and then deleted."
)
SUBTITLE = "Compares photos, not people"


class Verdict(NamedTuple):
    """What an answer says in a line.

    Args:
        kind: "sure", "unsure" or "far", which is unlike all classes.
        words: the line, without the name.
        name: the likeliest class; empty where the photo is unlike all of them.
        detail: how sure it is.
    """

    kind: str
    words: str
    name: str
    detail: str


def verdict(prediction: Prediction, facts: dict[str, Any]) -> Verdict:
    """Say what a photo looks most like, or that it is not sure, and why.

    Args:
        prediction: of the photo.
        facts: model.json, checked.
    """
    name, share = next(iter(prediction.probabilities.items()))
    if prediction.out_of_distribution:
        return Verdict(
            "far", f"Unlike all {len(facts['classes'])}", "", "It is like none of the photos closely enough."
        )
    if prediction.label == NOT_SURE:
        asked = percent(facts["threshold"])
        return Verdict("unsure", "Not sure. Closest:", name, f"{percent(share)} likely; it answers from {asked}.")
    return Verdict("sure", source(facts).like, name, f"{percent(share)} likely")


def percent(share: float) -> str:
    """Return a share in words that never claim certainty.

    Args:
        share: from 0 to 1.
    """
    if share < 0.01:
        return f"under 1{NO_BREAK}%"
    return f"over 99{NO_BREAK}%" if share > 0.99 else f"{share * 100:.0f}{NO_BREAK}%"


def measured(metrics: dict[str, Any]) -> str:
    """Say how often the model is right: on how many test photos, and what that leaves plausible."""
    if metrics["accuracy"] is None:
        return "How often it is right has not been measured."
    low, high = (f"{share * 100:.0f}" for share in metrics["accuracy_interval"])
    right = round(metrics["accuracy"] * metrics["photos"])
    return (
        f"Right on {right} of {metrics['photos']} test photos, none of which it had learned from "
        f"({metrics['accuracy'] * 100:.0f}{NO_BREAK}%; plausibly {low} to {high}{NO_BREAK}%)."
    )


def measured_for(name: str, metrics: dict[str, Any]) -> str:
    """Say how often it is right about photos of a class; nothing where that has not been measured."""
    found = metrics.get("per_class")
    told = found.get(name) if isinstance(found, dict) else None
    if (
        not isinstance(told, dict)
        or not isinstance(told.get("accuracy"), float)
        or not isinstance(told.get("photos"), int)
    ):
        return ""
    return f"{name}: right for {round(told['accuracy'] * told['photos'])} of {told['photos']} test photos."


def source(facts: dict[str, Any]) -> Source:
    """Return the words for where a model's photos come from."""
    return describe_source(facts["recipe"]["collect"]["engines"])
