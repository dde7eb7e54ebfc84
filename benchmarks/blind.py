"""Whether the blind sample tells the truth, and “not sure” keeps its promise, on collections that chose nothing.

    python -m benchmarks.blind ../shared

Each collection (benchmarks/planted.py) is cleaned, a closed-form head (LDA) on frozen features learns from its training
photos, and simulated reviewers look at samples of its held-out photos, drawn anew each time: they name what is true,
and cannot tell of every tenth photo. What is true of the held-out photos in which they can tell is known, so is how
many intervals hold it; for the interval of further photos, the held-out photos are themselves drawn anew from those of
the collection, with replacement, and its truth is that of the collection. Also told, by the truth, are the coverage and
selective accuracy of answers of which 95 % are to be right (a photo of no class that is answered is wrong), beside what
the check in training promised, and the calibration error beside its expectation under perfect calibration.
"""

import argparse
import csv
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.cleaning import NONE
from benchmarks.collections import PLANS
from benchmarks.planted import made
from recognizer.calibration.abstain import energy, is_answered
from recognizer.calibration.calibrate import Calibration, apply_temperature, calibrate, ece, expected_ece
from recognizer.clean.clean import clean
from recognizer.clean.features import photo_features
from recognizer.evaluate.blind import blind_figures
from recognizer.networks.lda import fit_heads
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.blind import SIZE, blind_population, draw_sample
from recognizer.splits.split import deal_folds, split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import BlindAnswer, Photo
from recognizer.train.examples import label_numbers, label_qualities
from recognizer.train.likeliest import as_likeliest

SHARES = ("accuracy", "label_noise", "selective_accuracy")
INTERVALS = ("interval", "interval_further")
WANTED = 0.95
Floats = npt.NDArray[np.float64]


class Answered(NamedTuple):
    """What a network says of held-out photos.

    Args:
        photos: n of them.
        truth: the true class of each, (n,).
        likeliest: the class that the network finds likeliest, (n,).
        given: whether it gives an answer, (n,).
        probabilities: (n, classes).
        calibration: of the network.
    """

    photos: list[Photo]
    truth: npt.NDArray[np.str_]
    likeliest: npt.NDArray[np.str_]
    given: npt.NDArray[np.bool_]
    probabilities: Floats
    calibration: Calibration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--cache", type=Path, default=Path("data/collections"))
    parser.add_argument("--half", choices=("reporting", "choosing"), default="reporting")
    parser.add_argument("--only", default="", help="collections whose name has this in it")
    parser.add_argument("--draws", type=int, default=300)
    arguments = parser.parse_args()
    held, told = [], []
    for plan in (one for one in PLANS if arguments.only in one.name(arguments.half)):
        folder = made(plan, arguments.half, arguments.shared, arguments.cache)
        recipe = load_recipe(str(folder / "recipe.toml"))
        with PhotoStore(folder / "work", recipe.labels) as store:
            clean(recipe, store)
            answered = _answer(recipe, store, _truth(folder))
        held.append(_held(answered, arguments.draws))
        told.append(_tell(answered))
        _print(folder.name, answered, told[-1], held[-1])
    for name, mean, worst in zip(SHARES, np.nanmean(held, axis=0).T, np.nanmin(held, axis=0).T, strict=True):
        for kind, one, least in zip(INTERVALS, mean, worst, strict=True):
            print(f"{name}, {kind}: {one:.1%} hold the truth in the mean over collections, {least:.1%} on the worst")
    print(f"mean over collections: {_words(np.nanmean(told, axis=0))}")


def _truth(folder: Path) -> dict[str, str]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {row["url"]: row["truth"] for row in csv.DictReader(file)}


def _answer(recipe: Recipe, store: PhotoStore, truth: dict[str, str]) -> Answered:
    """Let a head learn from the training photos, and predict the held-out ones."""
    split, photos = split_kept(recipe, store), blind_population(recipe, store)
    features = photo_features([*split.learning, *photos], recipe.train, store.work).whole.astype(np.float64)
    known, new = features[: len(split.learning)], features[len(split.learning) :]
    labels, quality = label_numbers(recipe.labels, split.learning), label_qualities(split.learning)
    folds = deal_folds(labels, [split.groups[photo.sha256] for photo in split.learning], recipe.train.folds, 1)
    taught = as_likeliest(split.learning, recipe.labels)
    heads = fit_heads(known[:, None], label_numbers(recipe.labels, taught), folds, label_qualities(taught))
    logits = heads.say_of_folds(known, folds)
    calibration = calibrate(logits, labels, WANTED, quality)
    outputs = (new @ heads.whole.weight.T + heads.whole.bias) / calibration.temperature
    probabilities = apply_temperature(outputs, 1.0)
    return Answered(
        photos,
        np.array([truth[photo.image] for photo in photos]),
        np.array(recipe.labels)[probabilities.argmax(axis=1)],
        is_answered(probabilities, energy(outputs), calibration.threshold, calibration.limit),
        probabilities,
        calibration,
    )


def _held(answered: Answered, draws: int) -> Floats:
    """Return the share of each of `INTERVALS` that hold the truth, (intervals, shares); nan where there is none."""
    whole = _sampled(answered, "", len(answered.photos))
    random = np.random.default_rng(1)
    held = []
    for number in range(draws):
        parts = dict(zip(INTERVALS, (answered, _drawn_anew(answered, random)), strict=True))
        found = {kind: _sampled(part, str(number)) for kind, part in parts.items()}
        held.append([[_holds(found[kind][name], whole[name], kind) for name in SHARES] for kind in INTERVALS])
    return np.asarray(np.ma.masked_invalid(held).mean(axis=0).filled(np.nan))


def _drawn_anew(answered: Answered, random: np.random.Generator) -> Answered:
    """Return as many held-out photos, drawn from these with replacement; each has a fingerprint of its own."""
    places = random.integers(len(answered.photos), size=len(answered.photos))
    drawn = [answered.photos[place] for place in places]
    photos = [replace(photo, sha256=f"{photo.sha256} {number}") for number, photo in enumerate(drawn)]
    truth, likeliest, given = answered.truth[places], answered.likeliest[places], answered.given[places]
    return Answered(photos, truth, likeliest, given, answered.probabilities[places], answered.calibration)


def _sampled(answered: Answered, key: str, size: int = SIZE) -> dict[str, Any]:
    """Return what a sample of held-out photos says once reviewers have looked at it."""
    place = {photo.sha256: number for number, photo in enumerate(answered.photos)}
    sample = draw_sample(answered.photos, size, key)
    chosen = [place[photo.sha256] for photo in sample]
    seen = {photo.sha256: _look(photo, str(answered.truth[place[photo.sha256]])) for photo in sample}
    unseen = len(answered.photos) - len(sample)
    return blind_figures(sample, unseen, seen, answered.likeliest[chosen], answered.given[chosen])


def _look(photo: Photo, true: str) -> BlindAnswer:
    """Return what a reviewer sees: the truth, but nothing in every tenth photo."""
    if zlib.crc32(photo.sha256[:64].encode()) % 10 == 0:  # the same whenever it is drawn anew
        return BlindAnswer(photo.sha256, "unclear")
    return BlindAnswer(photo.sha256, "none") if true == NONE else BlindAnswer(photo.sha256, "class", true)


def _holds(found: dict[str, Any] | None, whole: dict[str, Any] | None, kind: str) -> float:
    """Tell whether an interval holds the share in the whole collection; nan where there is none."""
    if whole is None or found is None:
        return np.nan
    return float(found[kind][0] - 1e-4 <= whole["share"] <= found[kind][1] + 1e-4)


def _mean(right: npt.NDArray[np.bool_]) -> float:
    return float(right.mean()) if len(right) else np.nan


def _tell(answered: Answered) -> list[float]:
    """Return coverage, selective accuracy, ECE and the expected ECE, by the truth."""
    right, shown = answered.likeliest == answered.truth, answered.truth != NONE
    numbers = np.where(right, answered.probabilities.argmax(axis=1), -1)[shown]
    probabilities = answered.probabilities[shown]
    return [
        answered.given.mean(),
        _mean(right[answered.given]),
        ece(probabilities, numbers),
        expected_ece(probabilities),
    ]


def _words(told: Sequence[float]) -> str:
    coverage, selective, error, expected = told
    return f"coverage {coverage:.1%}, selective accuracy {selective:.1%}, ECE {error:.3f}, expected {expected:.3f}"


def _print(name: str, answered: Answered, told: Sequence[float], held: Floats) -> None:
    right, shown, given = answered.likeliest == answered.truth, answered.truth != NONE, answered.given
    labels = np.array([photo.found_as for photo in answered.photos])
    checked = answered.calibration.checked
    print(
        f"{name}: {len(right)} held-out photos; accuracy {right[shown].mean():.1%}, "
        f"agreement with labels {(answered.likeliest == labels).mean():.1%}, wrong labels "
        f"{(labels != answered.truth).mean():.1%}; {_words(told)}; selective accuracy of photos of the classes "
        f"{_mean(right[given & shown]):.1%}, checked in training "
        f"{np.nan if checked is None else checked:.1%}; photos of no class refused {_mean(~given[~shown]):.1%}; "
        f"intervals that hold the truth: {', '.join(f'{one:.1%}' for one in held[0])}, for further photos "
        f"{', '.join(f'{one:.1%}' for one in held[1])}",
        flush=True,
    )


if __name__ == "__main__":
    main()
