"""What is true of the photos of a collection, and how well cleaning and other tools do by it.

    known = read_known(recipe, store, folder)                   # folder/truth.csv, which nothing else reads
    judge(recipe, store, known, test)                           # after clean(recipe, store)

“Bad” photos show another class than the one they were listed under, or none.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from recognizer.clean import duplicates, label_quality
from recognizer.clean.features import further_features, further_networks, photo_features
from recognizer.recipe import Recipe
from recognizer.splits.groups import group_photos, is_held_out
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.likeliest import as_likeliest

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Pairs = set[tuple[str, str]]
Figures = dict[str, float]
Test = tuple[Floats, npt.NDArray[np.str_]]
NONE = "none"  # the truth of a photo that shows none of the classes
LOOKED_AT = 0.15


@dataclass(frozen=True)
class Known:
    """The photos with what is true of them.

    Args:
        photos: n of them.
        truth: the true class of each, (n,).
        numbers: the number of the class that each was listed under, (n,).
        groups: of copies, n of them.
        features: of the network that training takes, (n, channels).
        all_features: of all networks that judge labels, side by side, (n, more channels).
        copies: pairs of photos of which one was made from the other.
        pictures: fingerprint of each to the address of the picture that it is, or was made from.
    """

    photos: list[Photo]
    truth: npt.NDArray[np.str_]
    numbers: npt.NDArray[np.intp]
    groups: list[str]
    features: Floats
    all_features: Floats
    copies: Pairs
    pictures: dict[str, str]

    @property
    def bad(self) -> Mask:
        """Which photos are listed under a wrong class."""
        bad: Mask = np.array([photo.found_as for photo in self.photos]) != self.truth
        return bad

    @property
    def used(self) -> Mask:
        """Which photos other classifiers are judged on: those that show a class, copies left out."""
        own = [self.pictures[photo.sha256] == photo.image for photo in self.photos]
        used: Mask = (self.truth != NONE) & own
        return used

    @property
    def test(self) -> Test:
        """Features and true classes of these."""
        return self.features[self.used], self.truth[self.used]


def read_known(recipe: Recipe, store: PhotoStore, folder: Path) -> Known:
    """Return what is true of the photos of a store, by `truth.csv` in a folder.

    Args:
        recipe: the recipe.
        store: the photo store, cleaned.
        folder: where the truth lies: `url,label,truth,kind,original`.
    """
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    photos = store.photos.all()
    by_address = {photo.image: photo for photo in photos}
    truth = {row["url"]: row["truth"] for row in rows}
    originals = {row["url"]: row["original"] for row in rows}
    own = photo_features(photos, recipe.train, store.work).whole
    others = [features.whole for _, features in further_features(photos, further_networks(recipe), store.work)]
    made = [(by_address.get(row["url"]), by_address.get(row["original"])) for row in rows if row["original"]]
    return Known(
        photos,
        np.array([truth[photo.image] for photo in photos]),
        np.array([recipe.labels.index(photo.found_as) for photo in photos]),
        group_photos(photos, store.issues.all()),
        own,
        np.hstack([own, *others]),
        as_pairs((one.sha256, other.sha256) for one, other in made if one and other),
        {photo.sha256: _picture(photo.image, originals) for photo in photos},
    )


def _picture(address: str, originals: dict[str, str]) -> str:
    """Follow copies of copies to the picture that they were made from; it need not be among the photos itself."""
    while originals[address]:
        address = originals[address]
    return address


def judge(recipe: Recipe, store: PhotoStore, known: Known, test: Test) -> Figures:
    """Return how well cleaning did, by the truth.

    Args:
        recipe: the recipe.
        store: the photo store, cleaned.
        known: what is true of its photos.
        test: other photos, on which the gain is judged.
    """
    bad = known.bad
    return {
        "photos": len(bad),
        "bad": bad.mean(),
        **rank(our_scores(store, known), bad),
        **_decisions(store, known),
        **count_pairs("copies", our_pairs(store), known),
        **_gain(recipe, store, known, test),
    }


def rank(scores: Floats, bad: Mask, name: str = "") -> Figures:
    """Return how well scores rank bad photos first."""
    first, _ = parted(scores)
    return {
        f"{name}AUROC": float(roc_auc_score(bad, scores)),
        f"{name}AP": float(average_precision_score(bad, scores)),
        f"{name}first 15 %": bad[first].sum() / bad.sum(),
    }


def parted(scores: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the places of the photos that look worst, and of the others, worst first."""
    order, looked_at = np.argsort(-scores, kind="stable"), int(LOOKED_AT * len(scores))
    return order[:looked_at], order[looked_at:]


def our_scores(store: PhotoStore, known: Known) -> Floats:
    """Rank by the worse of the checks of emptiness and label; a dropped copy is judged by the copy that is kept."""
    issues = [issue for issue in store.issues.all() if issue.check in (label_quality.CHECK, "empty")]
    scores = {issue.photo: issue.score for issue in sorted(issues, key=lambda issue: issue.score)}
    twins = {issue.photo: issue.twin for issue in store.issues.all() if issue.check == duplicates.CHECK}
    ranked = [scores.get(photo.sha256, scores.get(twins.get(photo.sha256) or "", 0.0)) for photo in known.photos]
    return np.array(ranked)


def _decisions(store: PhotoStore, known: Known) -> Figures:
    """Say how often the rules were right; a relabelling is right where it gives the true class."""
    truth = dict(zip((photo.sha256 for photo in known.photos), known.truth, strict=True))
    found_as = {photo.sha256: photo.found_as for photo in known.photos}
    rights: dict[str, Callable[[str, str | None], bool]] = {
        "drop": lambda photo, _: truth[photo] != found_as[photo],
        "relabel": lambda photo, label: truth[photo] == label,
    }
    decisions = [one for one in store.decisions.current() if one.action in rights and not one.reason.startswith("copy")]
    outcomes = [rights[one.action](one.photo, one.label) for one in decisions]
    return {"decided": len(outcomes), "rightly": float(np.mean(outcomes)) if outcomes else np.nan}


def as_pairs(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Return pairs of different photos, each once."""
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}


def our_pairs(store: PhotoStore) -> Pairs:
    """Return the pairs of photos that cleaning takes for one picture: copies of one are copies of each other."""
    pairs = as_pairs((issue.photo, issue.twin) for issue in store.issues.all() if issue.twin)
    group = {one: {one} for pair in pairs for one in pair}
    for one, other in pairs:
        if group[one] is not group[other]:
            group[one] |= group[other]
            group.update(dict.fromkeys(group[other], group[one]))
    return as_pairs((one, other) for members in group.values() for one in members for other in members)


def count_pairs(name: str, reported: Pairs, known: Known) -> Figures:
    """Return the share of planted pairs found, and of the reported pairs those that do not go back to one picture."""
    false = [pair for pair in reported if known.pictures[pair[0]] != known.pictures[pair[1]]]
    found = len(known.copies & reported) / len(known.copies) if known.copies else np.nan
    return {f"{name} found": found, f"{name} false": len(false) / max(len(reported), 1)}


def _gain(recipe: Recipe, store: PhotoStore, known: Known, test: Test) -> Figures:
    """Train a linear classifier three ways, and judge it on other photos by the truth."""
    kept = {photo.sha256: photo for photo in as_likeliest(store.photos.kept(), recipe.labels)}
    cleaned = [kept.get(photo.sha256) for photo in known.photos]
    every = np.ones(len(known.photos))
    ways = {
        "as found": (np.array([photo.found_as for photo in known.photos]), every),
        "cleaned": (
            np.array([photo.label if photo else NONE for photo in cleaned]),
            np.array([photo.label_quality if photo else 0 for photo in cleaned]),
        ),
        "by truth": (known.truth, every),
    }
    return {name: linear_accuracy(recipe, known, *way, test) for name, way in ways.items()}


def linear_accuracy(recipe: Recipe, known: Known, names: npt.NDArray[np.str_], weights: Floats, test: Test) -> float:
    """Train a linear classifier on what is not held out, and return how often it is right on other photos.

    Args:
        recipe: the recipe.
        known: the photos, n of them.
        names: the class that each is taught as, or `NONE`, (n,).
        weights: how much each teaches, (n,).
        test: the other photos.
    """
    taught = ~np.array([is_held_out(group, recipe.train.held_out) for group in known.groups])
    used = taught & (names != NONE)
    model = linear_classifier(known.features)
    model.fit(known.features[used], names[used], logisticregression__sample_weight=weights[used])
    return float((model.predict(test[0]) == test[1]).mean())


def linear_classifier(features: Floats) -> Pipeline:
    """Return an unfitted classifier of features that tools beside ours would take."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=12.8 / features.shape[1], max_iter=500))


def print_table(rows: dict[str, Figures]) -> None:
    """Print figures: a line each, a column for each collection, and the mean, the least and the most."""
    for name, figures in rows.items():
        print(name, "  ".join(f"{figure} {value:.4g}" for figure, value in figures.items()), flush=True)
    if len(rows) > 1:
        for figure in next(iter(rows.values())):
            values = np.array([figures[figure] for figures in rows.values()])
            mean, least, most = np.nanmean(values), np.nanmin(values), np.nanmax(values)
            print(f"{figure:24} mean {mean:.4f}  least {least:.4f}  most {most:.4f}")
