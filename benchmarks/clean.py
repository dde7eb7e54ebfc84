"""How well cleaning finds what is planted in a small web of photos, beside other tools on the same photos and features.

    python -m benchmarks.clean ../shared/photos --work data/clothing      # photos as `recognizer collect` stored them

Works on a copy of the work folder. FOLDER/truth.csv is read by nothing but this script. `--missed FILE` shows the bad
photos that are not among the first 15 %, each with what it was listed under > what it shows, and how surely its label
was taken for wrong. `--many 50000` measures made-up features of so many photos instead. Collections of many makes:
`benchmarks.collections`.
"""

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.cleaning import NONE, Known, judge, our_scores, parted, print_table, read_known
from benchmarks.peers import judge_peers
from recognizer.clean import duplicates, label_quality
from recognizer.clean.clean import clean
from recognizer.clean.contact_sheet import Shown, write_sheet
from recognizer.clean.features import PhotoFeatures
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.groups import is_held_out
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Issue


def main() -> None:
    arguments = _arguments()
    if arguments.many:
        _print_scale(arguments.many)
    else:
        _print_figures(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=Path("data/clothing"))
    parser.add_argument("--recipe", default="clothing")
    parser.add_argument("--missed", type=Path, metavar="FILE", help="the HTML page to show missed photos in")
    parser.add_argument("--many", type=int, default=0, help="photos to make features up for")
    return parser.parse_args()


def _print_figures(arguments: argparse.Namespace) -> None:
    recipe = load_recipe(arguments.recipe)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(shutil.copytree(arguments.work, Path(folder) / "work"))
        with PhotoStore(work, recipe.labels) as store:
            report = clean(recipe, store)
            print(f"clean: {report['counts']} in {report['seconds']} s; {report['checks']}")
            known = read_known(recipe, store, arguments.folder)
            held_out = np.array([is_held_out(group, recipe.train.held_out) for group in known.groups])
            judged = held_out & (known.truth != NONE)
            test = known.features[judged], known.truth[judged]
            figures = {**judge(recipe, store, known, test), **judge_peers(recipe, known)}
            print_table({arguments.folder.name: figures})
            if arguments.missed:
                _draw_missed(recipe, store, known, arguments.missed)


def _draw_missed(recipe: Recipe, store: PhotoStore, known: Known, file: Path) -> None:
    scores = our_scores(store, known)
    _, later = parted(scores)
    missed = [
        Issue(known.photos[place].sha256, label_quality.CHECK, float(scores[place]), label=str(known.truth[place]))
        for place in later
        if known.bad[place]
    ]
    decisions = {decision.photo: decision for decision in store.decisions.current()}
    shown = Shown(recipe, {photo.sha256: photo for photo in known.photos}, decisions)
    write_sheet(file, label_quality.CHECK, missed, shown)


def _around_centres(truth: npt.NDArray[np.intp], channels: int, random: np.random.Generator) -> npt.NDArray[np.float16]:
    rows = (random.standard_normal((12, channels), dtype=np.float32) * 0.2).astype(np.float16)[truth]
    for start in range(0, len(rows), 1024):
        rows[start : start + 1024] += random.standard_normal(rows[start : start + 1024].shape, dtype=np.float32)
    return rows


def _print_scale(count: int) -> None:
    """Time the parts that grow with the photos, on features like those of EfficientNet-Lite0 and -Lite2."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 12, count)
    first, second = (
        PhotoFeatures(*(_around_centres(truth, channels, random) for channels in sizes))
        for sizes in ((784, 4992), (856, 5440))
    )
    numbers = np.where(random.random(count) < 0.15, random.integers(0, 12, count), truth)
    groups = [f"{place:08x}" for place in range(count)]
    begun = time.monotonic()
    pairs = duplicates.near_pairs(first.overall)
    print(f"neighbours of {count} photos: {len(pairs)} pairs in {time.monotonic() - begun:.0f} s")
    begun = time.monotonic()
    listed, held_out = [str(n) for n in numbers], np.zeros(count, dtype=bool)
    settings = [
        label_quality.choose_settings(listed, label_quality.reduce_features(features), groups, held_out, 0)
        for features in (first, second)
    ]
    for _ in ("shown to a person", "for the rules to go by"):
        label_quality.estimate_labels(listed, settings, groups, held_out, 0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"labels of {count} photos: {time.monotonic() - begun:.0f} s; at most {memory:.1f} GiB in all")


if __name__ == "__main__":
    main()
