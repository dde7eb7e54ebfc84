"""The model card: what the model is, how well it does, and what it must not be used for.

The figures stand there twice: in words, and in the model-index that the Hugging Face Hub reads
(https://huggingface.co/docs/hub/model-cards#evaluation-results).
"""

from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from recognizer.calibration.abstain import NOT_SURE
from recognizer.export.card_figures import how_well
from recognizer.export.tflite_card import tflite_use
from recognizer.store.credits import escape
from recognizer.words.sources import Source, describe_source
from recognizer.words.words import SOURCE, words_in

_SIMILAR = " and small copies of those in `similar/`, which may be shown beside an answer"
_CARD = """\
{metadata}

# {title}

{description}

## What it does

It compares a photo with {source} {number} names, and says which of them it looks most like: dress, craft, place,
light and whatever else these photos share. Below a probability of {threshold}, and where a
photo is unlike all {number} (its energy is above {limit}), it says "{not_sure}".

It cannot tell who anyone is or where anyone belongs.

## How well

{how_well}

## The data

{Source} the names above{dropped}. {otherwise}{leaning} They are not part of this folder, except the
few in `examples/`{similar}.

## What it must not be used for

- To guess the ethnicity, nationality, origin or identity of any person.
- To sort, admit, refuse, watch, price or police people, by themselves or as part of a larger system.
- As evidence of anything about a person in a photo.

## Use

```python
from fastai.vision.all import load_learner
label, _, probabilities = load_learner("learner.pkl").predict("photo.jpg")
```

`model.onnx` is the same network: float32 pixels between 0 and 1, (n, 3, {size}, {size}), to `probabilities`,
(n, {number}), and `energy`, (n,). Squish the photo to {size} x {size} with bilinear resampling first.
It also gives `evidence`, (n, {number}, h, w): what each place adds to each logit. `model.fp16.onnx` takes and gives the
same, with its weights in sixteen bits, for browsers; `model.safetensors` holds the weights alone. A pickle can run code
when it is opened: the sha256 in `model.json` proves that a copy is whole, not that it is safe. Open `learner.pkl` only
where you trust whoever made this folder, and the ONNX files otherwise.
{tflite}

On held-out photos, next to another form of the same network:

| file | next to | photos | same likeliest class | largest difference of a probability | of an energy |
|---|---|---|---|---|---|
{forms}
"""


def write_card(facts: dict[str, Any], file: Path) -> None:
    """Write the card of a model.

    Args:
        facts: the contents of its model.json; `dropped` is how many photos rules and people took out, where it is told,
            `learned_as_another` how many were learned as another name than their label.
        file: the README.md to write.
    """
    agreement = facts["agreement"]
    source = _source(facts)
    text = _CARD.format(
        metadata=f"---\n{_metadata(facts).to_yaml().strip()}\n---",
        title=escape(facts["title"]),
        description=escape(facts["description"]),
        source=source.photos,
        Source=source.photos[0].upper() + source.photos[1:],
        dropped="; none was taken out" if facts.get("dropped") == 0 else ", less what rules or people took out",
        otherwise=_otherwise(facts.get("learned_as_another", 0)),
        leaning=source.leaning,
        similar=_SIMILAR if facts["similar"] else "",
        number=len(facts["classes"]),
        threshold=words_in(SOURCE).percent(facts["threshold"]),
        limit=f"{facts['distance']['limit']:.2f}",
        not_sure=NOT_SURE,
        how_well=how_well(facts, source),
        size=facts["preprocessing"]["size"],
        tflite=tflite_use(facts["preprocessing"]["size"], agreement["forms"]),
        forms="\n".join(_form(file, figures) for file, figures in agreement["forms"].items()),
    )
    file.write_text(text, encoding="utf-8")


def _otherwise(photos: int) -> str:
    if not photos:
        return ""
    return f"Looking more like another name than their own, {photos} of them were learned as that one. "


def _metadata(facts: dict[str, Any]) -> ModelCardData:
    """Return the head of the card: what the Hub needs to list the model and its figures."""
    metrics = facts["metrics"]
    seen = (metrics.get("blind") or {}).get("accuracy")
    figures = {
        "Accuracy by a blind sample" if seen else "Agreement with labels": (
            "accuracy",
            seen["share"] if seen else metrics["accuracy"],
        ),
        "Expected calibration error": ("ece", metrics["ece"]),
        "Share of photos answered": ("coverage", metrics["coverage"]),
        "Agreement of the answers given": ("selective_accuracy", metrics["selective_accuracy"]),
    }
    return ModelCardData(
        library_name="fastai",
        pipeline_tag="image-classification",
        tags=["fastai", "image-classification", "onnx"],
        model_name=facts["title"],
        eval_results=[_result(facts, name, *figure) for name, figure in figures.items() if figure[1] is not None],
    )


def _result(facts: dict[str, Any], name: str, kind: str, value: float) -> EvalResult:
    return EvalResult(
        task_type="image-classification",
        task_name="Image Classification",
        dataset_type=_source(facts).dataset,
        dataset_name=f"Photos for {facts['title']}",
        dataset_split="held-out",
        metric_type=kind,
        metric_name=name,
        metric_value=value,
    )


def _source(facts: dict[str, Any]) -> Source:
    return describe_source(facts["recipe"]["collect"]["engines"])


def _form(file: str, figures: dict[str, Any]) -> str:
    energy = f"{figures['energy_difference']:.1e}" if "energy_difference" in figures else "–"
    differences = f"{figures['largest_difference']:.1e} | {energy}"
    compared = f"`{figures['reference']}` | {figures['photos']}"
    return f"| `{file}` | {compared} | {figures['same_answer']:.1%} | {differences} |"
