"""How well cleaning finds what is planted in a small web of photos, beside other tools on the same photos and features.

    python -m benchmarks.clean ../shared/photos --work data/clothing      # photos as `recognizer collect` stored them

Works on a copy of the work folder. FOLDER/truth.csv is read by nothing but this script. “Bad” photos show another
class than the one they were listed under, or none; `--missed FILE` shows those that are not among the first 15 %, each
with what it was listed under > what it shows, and how surely its label was taken for wrong. `--many 50000` measures
made-up features of so many photos instead.
"""

import argparse
import csv
import io
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from recognizer.clean import duplicates, label_quality
from recognizer.clean.clean import clean
from recognizer.clean.contact_sheet import write_sheet
from recognizer.clean.features import PhotoFeatures, photo_features
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.groups import group_photos, is_held_out
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Issue, Photo

Floats = npt.NDArray[np.floating]
Pairs = set[tuple[str, str]]
LOOKED_AT = 0.15


@dataclass(frozen=True)
class Known:
    """The photos with what is true of them.

    Args:
        photos: n of them.
        truth: the true class of each, (n,).
        numbers: the number of the class that each was listed under, (n,).
        groups: of copies, n of them.
        features: (n, channels).
        copies: pairs of photos of which one was made from the other.
        pictures: fingerprint of each to the address of the picture that it is, or was made from.
    """

    photos: list[Photo]
    truth: npt.NDArray[np.str_]
    numbers: npt.NDArray[np.intp]
    groups: list[str]
    features: Floats
    copies: Pairs
    pictures: dict[str, str]

    @property
    def bad(self) -> npt.NDArray[np.bool_]:
        """Which photos are listed under a wrong class."""
        bad: npt.NDArray[np.bool_] = np.array([photo.found_as for photo in self.photos]) != self.truth
        return bad


def main() -> None:
    arguments = _arguments()
    if arguments.many:
        _print_scale(arguments.many)
    else:
        _print_figures(arguments)


def _print_figures(arguments: argparse.Namespace) -> None:
    recipe = load_recipe(arguments.recipe)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(shutil.copytree(arguments.work, Path(folder) / "work"))
        with PhotoStore(work, recipe.labels) as store:
            report = clean(recipe, store)
            print(f"clean: {report['counts']} in {report['seconds']} s; {report['checks']}")
            known = _known(recipe, store, arguments.folder)
            _print_copies(store, known)
            _print_rankings(recipe, store, known)
            if arguments.missed:
                _draw_missed(store, known, arguments.missed)
            _print_decisions(store, known)
            _print_accuracy(recipe, store, known)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=Path("data/clothing"))
    parser.add_argument("--recipe", default="clothing")
    parser.add_argument("--missed", type=Path, metavar="FILE", help="the HTML page to show missed photos in")
    parser.add_argument("--many", type=int, default=0, help="photos to make features up for")
    return parser.parse_args()


def _known(recipe: Recipe, store: PhotoStore, folder: Path) -> Known:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    photos = store.photos.all()
    by_address = {photo.image: photo for photo in photos}
    truth = {row["url"]: row["truth"] for row in rows}
    originals = {row["url"]: row["original"] for row in rows}
    made = [(by_address.get(row["url"]), by_address.get(row["original"])) for row in rows if row["original"]]
    return Known(
        photos,
        np.array([truth[photo.image] for photo in photos]),
        np.array([recipe.labels.index(photo.found_as) for photo in photos]),
        group_photos(photos, store.issues.all()),
        photo_features(photos, recipe.train, store.work).whole,
        _pairs((one.sha256, other.sha256) for one, other in made if one and other),
        {photo.sha256: _picture(photo.image, originals) for photo in photos},
    )


def _picture(address: str, originals: dict[str, str]) -> str:
    """Follow copies of copies to the picture that they were made from; it need not be among the photos itself."""
    while originals[address]:
        address = originals[address]
    return address


def _pairs(pairs: Iterable[tuple[str, str]]) -> Pairs:
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}


def _print_copies(store: PhotoStore, known: Known) -> None:
    reported = _pairs((issue.photo, issue.twin) for issue in store.issues.all() if issue.twin)
    _print_pairs("ours", _closed(reported), known)
    hashes = {photo.sha256: int(photo.phash, 16) for photo in known.photos}
    names = sorted(hashes)
    near = [
        (one, other)
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        if (hashes[one] ^ hashes[other]).bit_count() <= 10
    ]
    _print_pairs("imagehash, distance 10", _pairs(near), known)
    _print_pairs("imagededup, PHash, distance 10", _imagededup(known.photos), known)
    _print_pairs("cleanvision", _cleanvision(known.photos), known)


def _print_pairs(name: str, reported: Pairs, known: Known) -> None:
    """Count the planted pairs found, and the reported pairs that do not go back to one picture."""
    false = [pair for pair in reported if known.pictures[pair[0]] != known.pictures[pair[1]]]
    print(f"copies, {name}: {len(known.copies & reported)} of {len(known.copies)} planted pairs found; "
          f"{len(reported)} reported, {len(false) / max(len(reported), 1):.1%} of them not planted")  # fmt: skip


def _closed(pairs: Pairs) -> Pairs:
    """Add the pairs that follow: copies of one picture are copies of each other."""
    group = {one: {one} for pair in pairs for one in pair}
    for one, other in pairs:
        if group[one] is not group[other]:
            group[one] |= group[other]
            group.update(dict.fromkeys(group[other], group[one]))
    return _pairs((one, other) for members in group.values() for one in members for other in members)


def _imagededup(photos: Sequence[Photo]) -> Pairs:
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    codes = {photo.sha256: hasher.encode_image(str(photo.path)) for photo in photos}
    found = hasher.find_duplicates(encoding_map=codes, max_distance_threshold=10)
    return _pairs((one, other) for one, others in found.items() for other in others)


def _cleanvision(photos: Sequence[Photo]) -> Pairs:
    from cleanvision import Imagelab

    names = {str(photo.path): photo.sha256 for photo in photos}
    lab = Imagelab(filepaths=list(names))
    with redirect_stderr(io.StringIO()):  # its progress bars
        lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=1, verbose=False)
    sets = [found for kind in ("exact_duplicates", "near_duplicates") for found in lab.info[kind]["sets"]]
    return _pairs((names[one], names[other]) for found in sets for one in found for other in found)


def _print_rankings(recipe: Recipe, store: PhotoStore, known: Known) -> None:
    bad = known.bad
    print(f"bad photos: {bad.sum()} of {len(bad)} ({bad.mean():.1%})")
    print("ranking                         AUROC   AP     found in the first 15 %")
    _print_ranking("ours", _our_scores(store, known), bad)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=recipe.train.seed)
    unseen = cross_val_predict(
        _linear_classifier(known.features),
        known.features,
        known.numbers,
        groups=known.groups,
        cv=folds,
        method="predict_proba",
    )
    _print_ranking("cleanlab, self-confidence", 1 - get_label_quality_scores(known.numbers, unseen), bad)
    seen = _linear_classifier(known.features).fit(known.features, known.numbers).predict_proba(known.features)
    losses = -np.log(seen[np.arange(len(bad)), known.numbers] + 1e-12)
    _print_ranking("top losses of a seen head", losses, bad)
    chosen = find_label_issues(known.numbers, unseen, n_jobs=1)
    _print_chosen("cleanlab, filter", chosen, bad)


def _our_scores(store: PhotoStore, known: Known) -> Floats:
    """Rank by the worse of the checks of emptiness and label; a dropped copy is judged by the copy that is kept."""
    issues = [issue for issue in store.issues.all() if issue.check in (label_quality.CHECK, "empty")]
    scores = {issue.photo: issue.score for issue in sorted(issues, key=lambda issue: issue.score)}
    twins = {issue.photo: issue.twin for issue in store.issues.all() if issue.check == duplicates.CHECK}
    ranked = [scores.get(photo.sha256, scores.get(twins.get(photo.sha256) or "", 0.0)) for photo in known.photos]
    return np.array(ranked)


def _linear_classifier(features: Floats) -> Pipeline:
    """Return an unfitted classifier of features that tools beside ours would take."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=12.8 / features.shape[1], max_iter=500))


def _parted(scores: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the places of the photos that look worst, and of the others, worst first."""
    order, looked_at = np.argsort(-scores, kind="stable"), int(LOOKED_AT * len(scores))
    return order[:looked_at], order[looked_at:]


def _draw_missed(store: PhotoStore, known: Known, file: Path) -> None:
    scores = _our_scores(store, known)
    _, later = _parted(scores)
    missed = [
        Issue(known.photos[place].sha256, label_quality.CHECK, float(scores[place]), label=str(known.truth[place]))
        for place in later
        if known.bad[place]
    ]
    write_sheet(file, label_quality.CHECK, {photo.sha256: photo for photo in known.photos}, missed)


def _print_ranking(name: str, scores: Floats, bad: npt.NDArray[np.bool_]) -> None:
    first, _ = _parted(scores)
    share = bad[first].sum() / bad.sum()
    auroc, precision = roc_auc_score(bad, scores), average_precision_score(bad, scores)
    print(f"{name:30}  {auroc:.4f}  {precision:.3f}  {share:.3f}")


def _print_chosen(name: str, chosen: npt.NDArray[np.bool_], bad: npt.NDArray[np.bool_]) -> None:
    right = (chosen & bad).sum()
    print(f"{name}: {chosen.sum()} chosen, {right / max(chosen.sum(), 1):.1%} rightly, {right / bad.sum():.1%} of all")


def _print_decisions(store: PhotoStore, known: Known) -> None:
    """Say how often the rules were right; a relabelling is right where it gives the true class."""
    truth = dict(zip((photo.sha256 for photo in known.photos), known.truth, strict=True))
    found_as = {photo.sha256: photo.found_as for photo in known.photos}
    decisions = [decision for decision in store.decisions.current() if not decision.reason.startswith("copy")]
    for action, is_right in _rights(truth, found_as).items():
        outcomes = [is_right(d.photo, d.label) for d in decisions if d.action == action]
        print(f"decided alone, {action}: {len(outcomes)}, {np.mean(outcomes) if outcomes else 0:.1%} rightly")


def _rights(truth: dict[str, str], found_as: dict[str, str]) -> dict[str, Callable[[str, str | None], bool]]:
    return {
        "drop": lambda photo, _: truth[photo] != found_as[photo],
        "relabel": lambda photo, label: truth[photo] == label,
    }


def _print_accuracy(recipe: Recipe, store: PhotoStore, known: Known) -> None:
    """Train a linear classifier three ways, and judge it on the held-out photos that show one of the classes."""
    held_out = np.array([is_held_out(group, recipe.train.held_out) for group in known.groups])
    judged = held_out & (known.truth != "none")
    kept = {photo.sha256: photo.label for photo in store.photos.kept()}
    cleaned = np.array([kept.get(photo.sha256, "") for photo in known.photos])
    ways = {
        "as collected": np.array([photo.found_as for photo in known.photos]),
        "cleaned": cleaned,
        "the truth": np.where(known.truth == "none", "", known.truth),
    }
    for name, names in ways.items():
        used = ~held_out & (names != "")
        model = _linear_classifier(known.features).fit(known.features[used], names[used])
        right = model.predict(known.features[judged]) == known.truth[judged]
        print(f"linear classifier trained on {name}: {right.mean():.1%} of {judged.sum()} held-out photos")


def _around_centres(truth: npt.NDArray[np.intp], channels: int, random: np.random.Generator) -> npt.NDArray[np.float16]:
    rows = (random.standard_normal((12, channels), dtype=np.float32) * 0.2).astype(np.float16)[truth]
    for start in range(0, len(rows), 1024):
        rows[start : start + 1024] += random.standard_normal(rows[start : start + 1024].shape, dtype=np.float32)
    return rows


def _print_scale(count: int) -> None:
    """Time the parts that grow with the photos, on features like those of EfficientNet-Lite0 around twelve centres."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 12, count)
    features = PhotoFeatures(*(_around_centres(truth, channels, random) for channels in (784, 4992)))
    numbers = np.where(random.random(count) < 0.15, random.integers(0, 12, count), truth)
    groups = [f"{place:08x}" for place in range(count)]
    begun = time.monotonic()
    pairs = duplicates.near_pairs(features.overall)
    print(f"neighbours of {count} photos: {len(pairs)} pairs in {time.monotonic() - begun:.0f} s")
    begun = time.monotonic()
    reduced, held_out = label_quality.reduce_features(features), np.zeros(count, dtype=bool)
    listed = [str(n) for n in numbers]
    settings = label_quality.choose_settings(listed, reduced, groups, held_out, 0)
    for _ in ("shown to a person", "for the rules to go by"):
        label_quality.estimate_labels(listed, settings, groups, held_out, 0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"labels of {count} photos: {time.monotonic() - begun:.0f} s; at most {memory:.1f} GiB in all")


if __name__ == "__main__":
    main()
