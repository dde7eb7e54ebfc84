"""The model card: what the model is, how well it does, and what it must not be used for."""

from pathlib import Path
from typing import Any

_CARD = """\
---
library_name: fastai
pipeline_tag: image-classification
tags:
- fastai
- image-classification
---

# {title}

{description}

## What it does

It compares a photo with photos that image search returned for {number} names, and says which of them it looks most
like: dress, craft, place, light and whatever else these photos share. Below a probability of {threshold} it says
"{not_sure}".

It cannot tell who anyone is or where anyone belongs.

## How well

On {photos} held-out photos, which neither training nor cleaning has seen, it gave the label that the search gave in
**{accuracy}** (95 % interval {interval}). Where searches return wrong photos, this is lower than the truth.
It answered {coverage} of these photos, and of its answers {selective} were right. Expected calibration error: {ece}.

| class | photos | accuracy | 95 % interval |
|---|---|---|---|
{rows}

## The data

Photos that image search returned for the queries in `model.json`, cleaned by rules and people. They lean towards what
is photographed and published: festivals, tourism, fashion. The photos are not part of this folder, except the
few in `examples/`.

## What it must not be used for

- To guess the ethnicity, nationality, origin or identity of any person.
- To sort, admit, refuse, watch, price or police people, by themselves or as part of a larger system.
- As evidence of anything about a person in a photo.

## Use

```python
from fastai.vision.all import load_learner
label, _, probabilities = load_learner("learner.pkl").predict("photo.jpg")
```

`model.onnx` is the same network: float32 pixels between 0 and 1, (n, 3, {size}, {size}), to probabilities.
Squish the photo to {size} x {size} with bilinear resampling first. A pickle can run code: compare its sha256 with
`model.json` before you open it.
"""


def write_card(facts: dict[str, Any], file: Path) -> None:
    """Write the card of a model.

    Args:
        facts: the contents of its model.json.
        file: the README.md to write.
    """
    metrics = facts["metrics"]
    rows = [_row(name, figures) for name, figures in metrics["per_class"].items()]
    text = _CARD.format(
        title=facts["title"],
        description=facts["description"],
        number=len(facts["classes"]),
        threshold=_percent(facts["threshold"]),
        not_sure="Not sure",
        photos=metrics["photos"],
        accuracy=_percent(metrics["accuracy"]),
        interval=_interval(metrics["accuracy_interval"]),
        coverage=_percent(metrics["coverage"]),
        selective=_percent(metrics["selective_accuracy"]),
        ece=metrics["ece"],
        rows="\n".join(rows),
        size=facts["preprocessing"]["size"],
    )
    file.write_text(text, encoding="utf-8")


def _row(name: str, figures: dict[str, Any]) -> str:
    accuracy, interval = _percent(figures["accuracy"]), _interval(figures["accuracy_interval"])
    return f"| {name} | {figures['photos']} | {accuracy} | {interval} |"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _interval(interval: list[float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.0%} to {interval[1]:.0%}"
