"""What an answer says: what the photo is like, how sure that is, and how often such answers are right.

The sentences are in `recognizer/words/`; here is which of them holds. They are about photos, never about a person, and
are worded for where the photos came from (words/sources.py).
"""

from typing import Any, NamedTuple

from markupsafe import Markup

from recognizer.calibration.abstain import NOT_SURE
from recognizer.serve.classifier import Prediction
from recognizer.serve.facts import seen_accuracy
from recognizer.words.sources import Source, describe_source
from recognizer.words.words import Words

BLURRED = ("blur", "blur_random")


class Verdict(NamedTuple):
    """What an answer says in a line.

    Args:
        kind: "sure", "unsure" or "far", which is unlike all classes.
        headline: the line, as HTML.
        name: the likeliest class; empty where the photo is unlike all of them.
        detail: how sure it is.
    """

    kind: str
    headline: Markup
    name: str
    detail: str


def verdict(prediction: Prediction, facts: dict[str, Any], words: Words) -> Verdict:
    """Say what a photo looks most like, or that it is not sure, and why.

    Args:
        prediction: of the photo.
        facts: model.json, checked.
        words: the language to say it in.
    """
    name, share = next(iter(prediction.probabilities.items()))
    if prediction.out_of_distribution:
        return Verdict(
            "far", words.mark_up("answer.far", number=len(facts["classes"])), "", words.say("answer.far_why")
        )
    strong = Markup("<strong>{}</strong>").format(name)
    if prediction.label == NOT_SURE:
        why = words.say("answer.unsure_why", share=words.tenths(share), threshold=words.tenths(facts["threshold"]))
        return Verdict("unsure", words.mark_up("answer.unsure", name=strong), name, why)
    headline = words.mark_up(f"answer.like_{source(facts).kind}", name=strong)
    return Verdict("sure", headline, name, words.say("answer.share", share=words.percent(share)))


def measured(metrics: dict[str, Any], words: Words, kind: str = "found") -> str:
    """Say how often the model is right by what people saw, or agrees with labels, and what that leaves plausible.

    Args:
        metrics: of model.json, checked.
        words: the language to say it in.
        kind: of its photos, see `Source`.
    """
    if seen := seen_accuracy(metrics):
        low, high = seen["interval_further"]
        return words.say(
            "answer.seen",
            photos=seen["photos"],
            share=words.rounded(seen["share"]),
            low=words.rounded(low),
            high=words.rounded(high),
        )
    if metrics["accuracy"] is None:
        return words.say("answer.unmeasured")
    low, high = metrics["accuracy_interval"]
    return words.say(
        words.key_for("answer.accuracy", kind),
        right=round(metrics["accuracy"] * metrics["photos"]),
        photos=metrics["photos"],
        share=words.rounded(metrics["accuracy"]),
        low=words.rounded(low),
        high=words.rounded(high),
    )


def rests_on_faces(facts: dict[str, Any], words: Words) -> str:
    """Say how far answers rest on faces, and whether it learned without; nothing where neither is told.

    Args:
        facts: model.json, checked.
        words: the language to say it in.
    """
    found = facts["metrics"].get("faces")
    said = [words.say("answer.faces_blurred")] if training_faces(facts) in BLURRED else []
    if isinstance(found, dict) and isinstance(found.get("photos"), int) and isinstance(found.get("changed"), float):
        changed = round(found["changed"] * found["photos"])
        said.append(words.say("answer.faces", photos=found["photos"], changed=changed))
    return " ".join(said)


def training_faces(facts: dict[str, Any]) -> str:
    """Return what was done with faces in the photos that a model learned from: "keep", "blur" or "blur_random"."""
    train = facts["recipe"].get("train")
    return str(train.get("faces", "keep")) if isinstance(train, dict) else "keep"


def measured_for(name: str, facts: dict[str, Any], words: Words) -> str:
    """Say how often it agrees with the label of photos of a class; nothing where that has not been measured."""
    found = facts["metrics"].get("per_class")
    told = found.get(name) if isinstance(found, dict) else None
    if (
        not isinstance(told, dict)
        or not isinstance(told.get("accuracy"), float)
        or not isinstance(told.get("photos"), int)
    ):
        return ""
    key = words.key_for("answer.right_for", source(facts).kind)
    return words.say(key, name=name, right=round(told["accuracy"] * told["photos"]), photos=told["photos"])


def source(facts: dict[str, Any]) -> Source:
    """Return the words for where a model's photos come from."""
    return describe_source(facts["recipe"]["collect"]["engines"])
