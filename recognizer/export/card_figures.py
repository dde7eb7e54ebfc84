"""What the model card says of how well the model does: figures of the evaluation, and what they are figures of."""

from typing import Any

from recognizer.calibration.abstain import NOT_SURE
from recognizer.splits.split import FEW
from recognizer.store.credits import escape
from recognizer.words.sources import Source
from recognizer.words.words import SOURCE, words_in

_HOW_WELL = """\
{blind}

On {photos} held-out photos, from which no network has learned, it gave {label}, or the one that a person gave it since,
in {agreed} (95 % interval {interval}). That is agreement with labels, and no bound of how often it is right: {wrong}
counts as a mistake; an error that held-out and training photos share counts as right; and where people correct what the
network doubts, agreement rises by itself. {cautions}Expected calibration error: {ece} ({by_chance} under perfect
calibration).

It answered {coverage} of these photos, and {selective} of its answers agreed with the label (95 % interval {selected}).
They had no say in the threshold for "{not_sure}", which is meant to let {wanted} of the answers be right{checked}.

{faces}

| class | photos | agreement | 95 % interval |
|---|---|---|---|
{rows}"""


def how_well(facts: dict[str, Any], source: Source) -> str:
    """Return the section, in Markdown: what people saw blindly first, where they did, then agreement with labels.

    Args:
        facts: the contents of model.json.
        source: the words for where the photos come from.
    """
    metrics = facts["metrics"]
    return _HOW_WELL.format(
        blind=_blind(metrics.get("blind") or {}),
        photos=metrics["photos"],
        label=source.label,
        agreed=percent(metrics["accuracy"]),
        interval=interval(metrics["accuracy_interval"]),
        wrong=_wrong(metrics, source),
        cautions="".join(f"{said} " for said in _cautions(facts)),
        ece=metrics["ece"],
        by_chance=metrics["ece_by_chance"],
        coverage=percent(metrics["coverage"]),
        selective=percent(metrics["selective_accuracy"]),
        selected=interval(metrics.get("selective_interval")),
        not_sure=NOT_SURE,
        wanted=words_in(SOURCE).percent(facts["recipe"]["train"]["answered_accuracy"]),
        checked=_checked(metrics.get("threshold_checked")),
        faces=_faces(metrics.get("faces")),
        rows="\n".join(_row(name, figures) for name, figures in metrics["per_class"].items()),
    )


def _wrong(metrics: dict[str, Any], source: Source) -> str:
    """Return how many labels are likely wrong; no number where there is none because nobody checked."""
    count = round(metrics["likely_wrong_labels"])
    if not count and metrics.get("unrated_labels"):
        return f"where one of these photos was {source.wrong}, a right answer"
    return f"about {count} of these photos were likely {source.wrong}, where a right answer"


def _cautions(facts: dict[str, Any]) -> list[str]:
    """Return what makes the figures mean less than they seem to, a sentence each."""
    said = []
    if facts.get("dropped") != 0:
        said.append(
            "Copies and poor pictures that rules or people took out are missing here, too, and no rule changed a label "
            "here."
        )
    if unrated := facts["metrics"].get("unrated_labels"):
        said.append(f"Labels of these photos that were never checked: {unrated}.")
    if few := facts["metrics"].get("few"):
        said.append(f"Classes with fewer than {FEW} of these photos, whose own figures tell nothing: {len(few)}.")
    return said


def _faces(found: dict[str, Any] | None) -> str:
    """Return how far answers rest on faces, as the evaluation found it."""
    if found is None:
        return "How far its answers rest on faces was not measured."
    if not found["photos"]:
        return f"No face was found in the {found['held_out']} held-out photos."
    inside, area = percent(found["evidence"]), percent(found["area"])
    agreeing, before = percent(found["blurred_accuracy"]), percent(found["accuracy"])
    return (
        f"{found['photos']} of these photos show a face. When faces are blurred, {found['changed'] * 100:.0f} of 100 "
        f"answers about these change (95 % interval {interval(found['changed_interval'])}), and {agreeing} agree with "
        f"the label instead of {before}. Faces take {area} of the area of these photos, and hold {inside} of the "
        "evidence for or against the likeliest class."
    )


def _blind(found: dict[str, Any]) -> str:
    """Return how often it is right, as people saw it who knew no label, or why that is not known."""
    if not found.get("label_noise"):
        return f"How often it is right is not known: {_unknown(found)}."
    accuracy, answers, noise = found["accuracy"], found["selective_accuracy"], found["label_noise"]
    said = f"People said what {found['drawn']} of {found['population']} held-out photos show, drawn at random, without "
    said += "knowing label or suggestion."
    if accuracy:
        said += f" **{percent(accuracy['share'])} right** ({_intervals(accuracy)}): so often its likeliest class was "
        said += f"what they saw, in the {accuracy['photos']} that show one of the classes."
    if answers:
        said += f" Of its answers, {percent(answers['share'])} were right ({_intervals(answers)})."
    said += f" Of the labels, {percent(noise['share'])} were wrong ({_intervals(noise)})."
    if found["unclear"]:
        said += f" In {found['unclear']} nothing could be told, and they count for nothing."
    if found["decided_before"]:
        said += f" Of {found['decided_before']} the people may have remembered the label from an earlier review."
    return said


def _unknown(found: dict[str, Any]) -> str:
    """Return how far people are with a blind sample that tells nothing."""
    answered, drawn = found.get("answered", 0), found.get("drawn", 0)
    if not answered:
        return "nobody has looked at a blind sample of the photos yet"
    if answered < drawn:
        return f"people have looked at {answered} of the {drawn} photos of a blind sample so far"
    return f"people looked at a blind sample, and could tell nothing in any of its {drawn} photos"


def _intervals(figure: dict[str, Any]) -> str:
    held_out, further = interval(figure["interval"]), interval(figure["interval_further"])
    return f"95 % interval {held_out} for these held-out photos, {further} for further photos found in the same way"


def _checked(share: float | None) -> str:
    """Return what cross-validation gave, which is a little too high: the threshold was chosen by it."""
    if share is None:
        return ""
    return (
        f"; in cross-validation, which helped to choose it, {percent(share)} of the answers about training photos "
        "agreed with their labels, each as far as it is taken for right"
    )


def _row(name: str, figures: dict[str, Any]) -> str:
    accuracy, between = percent(figures["accuracy"]), interval(figures["accuracy_interval"])
    between += ", too wide to tell" if figures.get("too_wide") else ""
    return f"| {escape(name)} | {figures['photos']} | {accuracy} | {between} |"


def percent(share: float | None) -> str:
    """Return a share in words."""
    return "–" if share is None else f"{share:.0%}"


def interval(ends: list[float] | None) -> str:
    """Return an interval in words."""
    return "–" if ends is None else f"{ends[0]:.0%} to {ends[1]:.0%}"
