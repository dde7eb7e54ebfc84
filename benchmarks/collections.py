"""Whether cleaning holds on photos that chose nothing: collections made of clean photos, with planted troubles.

    python -m benchmarks.collections ../shared                  # those that are reported
    python -m benchmarks.collections ../shared --choosing       # those that settings are chosen on

SHARED has `photos` and `photos2`, small webs of clothing, and `faces`. Their photos are parted in two halves: settings
are chosen on collections of one half, and figures are quoted from those of the other. Photos, their features and what
is true of them stay in `--cache`, so that only the first run takes minutes; every run cleans anew, as the command does.
The classifiers that tell the gain from cleaning are judged on photos of the other half, by the truth; `--trained` tells
the gain of the network that `train` makes as well, after training three times, and `--limit` what a judge would find
whom right labels teach.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import argparse
from itertools import compress
from pathlib import Path

from benchmarks.cleaning import Figures, Known, judge, print_table, read_known
from benchmarks.limit import judge_limit
from benchmarks.peers import judge_peers
from benchmarks.planted import Plan, made
from benchmarks.twins import decide_by_truth, twin
from recognizer.clean.clean import clean
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.train.train import load_trained, train

PLANS = (
    Plan("clothing", 80, 0.10, strays=0.05),
    Plan("clothing", 40, 0.10, strays=0.05),
    Plan("clothing", 40, 0.15, alike=True, first=40),
    Plan("clothing", 40, 0.30, first=40),
    Plan("clothing", 40, 0.05),
    Plan("race", 80, 0.15),
    Plan("gender", 160, 0.15),
    Plan("age", 40, 0.15, alike=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--cache", type=Path, default=Path("data/collections"))
    parser.add_argument("--choosing", action="store_true", help="the collections that settings are chosen on")
    parser.add_argument("--only", default="", help="collections whose name has this in it")
    parser.add_argument("--peers", action="store_true", help="judge other tools as well")
    parser.add_argument("--trained", action="store_true", help="train on the photos as found, cleaned and by the truth")
    parser.add_argument("--limit", action="store_true", help="judge what can be told by these features at most")
    arguments = parser.parse_args()
    halves = ["choosing", "reporting"] if arguments.choosing else ["reporting", "choosing"]
    rows: dict[str, Figures] = {}
    for plan in PLANS:
        if arguments.only in plan.name(halves[0]):
            tests = next(one for one in PLANS if one.subject == plan.subject)
            folder, others = (
                made(one, half, arguments.shared, arguments.cache)
                for one, half in zip((plan, tests), halves, strict=True)
            )
            rows[folder.name] = _figures(folder, others, arguments)
            print_table({folder.name: rows[folder.name]})
    print_table(rows)


def _figures(folder: Path, others: Path, asked: argparse.Namespace) -> Figures:
    """Clean a collection, and judge what comes of it."""
    recipe, other_recipe = (load_recipe(str(one / "recipe.toml")) for one in (folder, others))
    with PhotoStore(others / "work", other_recipe.labels) as store:
        tests = read_known(other_recipe, store, others)
    with PhotoStore(folder / "work", recipe.labels) as store:
        clean(recipe, store)
        known = read_known(recipe, store, folder)
        figures = judge(recipe, store, known, tests.test)
        if asked.limit:
            figures |= judge_limit(recipe, store, known, tests.test)
        if asked.peers:
            figures |= judge_peers(recipe, known)
        return figures | _gain_trained(recipe, store, known, tests) if asked.trained else figures


def _gain_trained(recipe: Recipe, store: PhotoStore, known: Known, tests: Known) -> Figures:
    """Train three times, and judge each network on other photos by the truth."""
    figures = {"trained, cleaned": _accuracy(recipe, store, tests)}
    with twin(store.work, "uncleaned", recipe) as found:
        figures["trained, as found"] = _accuracy(recipe, found, tests)
    with twin(store.work, "truth", recipe) as right:
        truth = {photo.image: str(shown) for photo, shown in zip(known.photos, known.truth, strict=True)}
        right.decisions.add(*decide_by_truth(recipe, right, truth))
        figures["trained, by truth"] = _accuracy(recipe, right, tests)
    return figures


def _accuracy(recipe: Recipe, store: PhotoStore, tests: Known) -> float:
    train(recipe, store)
    shown = [recipe.labels.index(name) for name in tests.truth[tests.used]]
    photos = list(compress(tests.photos, tests.used))
    return float((load_trained(recipe, store).predict(photos).logits.argmax(axis=1) == shown).mean())


if __name__ == "__main__":
    main()
