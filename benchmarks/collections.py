"""Whether cleaning holds on photos that chose nothing: collections made of clean photos, with planted troubles.

    python -m benchmarks.collections ../shared                  # those that are reported
    python -m benchmarks.collections ../shared --choosing       # those that settings are chosen on

SHARED has `photos` and `photos2`, small webs of clothing, and `faces`. Their photos are parted in two halves: settings
are chosen on collections of one half, and figures are quoted from those of the other. Photos, their features and what
is true of them stay in `--cache`, so that only the first run takes minutes; every run cleans anew, as the command does.
The classifiers that tell the gain from cleaning are judged on photos of the other half, by the truth.
"""

import argparse
from pathlib import Path

from benchmarks.cleaning import Figures, judge, print_table, read_known
from benchmarks.peers import judge_peers
from benchmarks.planted import Plan, made
from recognizer.clean.clean import clean
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore

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
            rows[folder.name] = _figures(folder, others, arguments.peers)
            print_table({folder.name: rows[folder.name]})
    print_table(rows)


def _figures(folder: Path, others: Path, peers: bool) -> Figures:
    """Clean a collection, and judge what comes of it."""
    recipe, other_recipe = (load_recipe(str(one / "recipe.toml")) for one in (folder, others))
    with PhotoStore(others / "work", other_recipe.labels) as store:
        test = read_known(other_recipe, store, others).test
    with PhotoStore(folder / "work", recipe.labels) as store:
        clean(recipe, store)
        known = read_known(recipe, store, folder)
        figures = judge(recipe, store, known, test)
        return {**figures, **judge_peers(recipe, known)} if peers else figures


if __name__ == "__main__":
    main()
