"""Whether fine-tuning and another round helped, and what is said where they did not."""

import numpy as np

from recognizer.recipe import BRANCH_RATE, WHOLE_RATE, Recipe
from recognizer.train.mixing import is_better
from recognizer.train.runs import OutOfFold, Run


def notes(recipe: Recipe, run: Run) -> list[str]:
    """Return what a person is told of a run's fine-tuning; nothing where there was none, or something is kept of it."""
    tuning, rate = run.metrics.get("tuning", {}), recipe.train.learning_rate
    usual = BRANCH_RATE if recipe.train.in_two else WHOLE_RATE
    if not recipe.train.epochs or tuning.get("amount"):
        return []
    if untuned := run.metrics.get("untuned"):
        return [untuned]
    sentence = "Fine-tuning did not help, and is not kept: the network is the pretrained one with a closed-form head."
    if tuning.get("diverged") and (rate > usual or not tuning.get("finite", True)):
        less = f" ({usual} is usual)" if rate > usual else ""
        sentence += f" It diverged with learning_rate = {rate}; lower that under [train] in the recipe{less}."
    elif rate < usual:
        sentence += f" learning_rate = {usual} is usual; the recipe has less."
    return [sentence]


def helps(before: OutOfFold, after: OutOfFold) -> bool:
    """Tell whether a round's networks are better than those of the round before, by more than chance.

    Judged on photos whose labels are the same in both, since the others' were given by the round before.

    Args:
        before: predictions of the round before.
        after: of the round.
    """
    place = {name: number for number, name in enumerate(before.photos.tolist())}
    pairs = [(place[name], number) for number, name in enumerate(after.photos.tolist()) if name in place]
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    same = before.labels[first] == after.labels[second]
    first, second = first[same], second[same]
    if not len(second):
        return False
    labels, quality = after.labels[second], after.label_quality[second]
    return is_better(before.logits[first], after.logits[second], labels, quality)
