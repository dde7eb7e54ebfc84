"""The values of a data set as training takes them: photos that have some, split, and each output's values as numbers.

values = store.readings.all()
split = split_valued(recipe, store, values)             # as split_kept, photos with values only
target = make_target(output, split.training, values)    # classes, or a number's bins
target.numbers(split.held_out, values)                  # (n,), -1 where the value is missing
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from recognizer.errors import RecognizerError
from recognizer.outputs import Output
from recognizer.recipe import Recipe
from recognizer.splits.split import Labels, Split, split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.readings import Values
from recognizer.store.rows import Photo

BINS = 12  # of a number, at most; each holds about as many photos
MOST = 8000  # photos to learn from: heads in closed form weigh every photo against every other, in memory
MISSING = -1  # the number of a value that is not there
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """What is learned of one output: which of its classes, or of a number's bins.

    Args:
        output: the output.
        centres: the mean value of each bin, rising; none of classes.
    """

    output: Output
    centres: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """How many of the network's logits are its own."""
        return len(self.centres) or len(self.output.classes)

    def numbers(self, photos: Sequence[Photo], values: Mapping[str, Values]) -> Labels:
        """Return the number of each photo's class or bin, (n,); `MISSING` where there is no value."""
        if self.centres:
            found = self.amounts(photos, values)
            nearest = np.abs(found[:, None] - np.array(self.centres)).argmin(axis=1)
            return np.where(np.isnan(found), MISSING, nearest)
        places = {label: place for place, label in enumerate(self.output.labels)}
        said = [values.get(photo.sha256, {}).get(self.output.name, "") for photo in photos]
        return np.array([places.get(value, MISSING) for value in said], dtype=int)

    def amounts(self, photos: Sequence[Photo], values: Mapping[str, Values]) -> Floats:
        """Return a number's value for each photo, (n,); NaN where there is none."""
        said = [values.get(photo.sha256, {}).get(self.output.name, "nan") for photo in photos]
        return np.array(said, dtype=float)


def make_target(output: Output, photos: Sequence[Photo], values: Mapping[str, Values]) -> Target:
    """Return what is learned of an output; a number's range is cut where about as many photos lie in each bin.

    Args:
        output: the output.
        photos: that are learned from.
        values: of photos.
    """
    if output.kind == "classes":
        return Target(output)
    known = Target(output).amounts(photos, values)
    known = np.sort(known[~np.isnan(known)])
    single = np.unique(known)
    bins = np.split(single, range(1, len(single))) if len(single) <= BINS else _cut(known)
    return Target(output, tuple(float(part.mean()) for part in bins))


def _cut(known: Floats) -> list[Floats]:
    """Cut sorted values into bins; one value is never in two of them."""
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1))[1:-1])
    parts = np.split(known, np.searchsorted(known, edges, side="left"))
    return [part for part in parts if len(part)]


def split_valued(recipe: Recipe, store: PhotoStore, values: Mapping[str, Values]) -> Split:
    """Split the kept photos that have values; copies stay together, and those that contradict each other stay out.

    Of more than `MOST` photos to learn from, so many are drawn by their fingerprints; the others are set aside.

    Args:
        recipe: the recipe.
        store: the photo store.
        values: of its photos.

    Raises:
        RecognizerError: what is stored of a number is none, as where the output was one of classes.
    """
    _check_numbers(recipe, values)
    split = split_kept(recipe, store)
    disputed = _disputed(store, values)

    def valued(photos: Sequence[Photo]) -> list[Photo]:
        return [photo for photo in photos if photo.sha256 in values and photo.sha256 not in disputed]

    training, validation = valued(split.training), valued(split.validation)
    drawn = set(sorted(photo.sha256 for photo in (*training, *validation))[:MOST])
    others = [photo for photo in (*training, *validation) if photo.sha256 not in drawn]
    return replace(
        split,
        training=[photo for photo in training if photo.sha256 in drawn],
        validation=[photo for photo in validation if photo.sha256 in drawn],
        held_out=valued(split.held_out),
        aside=[*valued(split.aside), *others],
    )


def _check_numbers(recipe: Recipe, values: Mapping[str, Values]) -> None:
    """See that what is stored of numbers are numbers."""
    for output in (one for one in recipe.outputs if one.kind == "number"):
        told = {found[output.name] for found in values.values() if output.name in found}
        if odd := sorted(value for value in told if not _is_number(value)):
            raise RecognizerError(
                f"{output.name} is a number, but what was collected of it says “{odd[0][:60]}”; run "
                f"{recipe.command('collect')}, which reads the values anew."
            )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def check_classes(recipe: Recipe, store: PhotoStore) -> None:
    """See that each class of each output has a photo.

    Raises:
        RecognizerError: some have none, so that they cannot be learned.
    """
    values = store.readings.all().values()
    for output in recipe.outputs:
        told = {one.get(output.name) for one in values}
        if lost := [label for label in output.labels if label not in told]:
            raise RecognizerError(no_photo_of(recipe, output, lost))


def no_photo_of(recipe: Recipe, output: Output, lost: Sequence[str]) -> str:
    """Return the sentence for classes, or a number's values, that no photo to learn from has."""
    named = ", ".join(f"“{label}”" for label in lost) or "another value"
    return (
        f"There is no photo to train {named} of {output.name} with; look at what {recipe.command('collect')} counted, "
        f"or leave {'them' if lost[1:] else 'it'} out, in {recipe.to_edit}."
    )


def _disputed(store: PhotoStore, values: Mapping[str, Values]) -> set[str]:
    """Return the photos that cleaning took for copies of each other, and that have other values."""
    pairs = [(issue.photo, issue.twin) for issue in store.issues.all() if issue.twin]
    both = [(values[one], values[twin], one, twin) for one, twin in pairs if one in values and twin in values]
    contrary = [(one, twin) for a, b, one, twin in both if any(a[name] != b[name] for name in a.keys() & b.keys())]
    return {photo for pair in contrary for photo in pair}
