"""Kill -9 at random moments of a collection, each followed by a restart: the store ends like an undisturbed one.

    python -m benchmarks.kills --kills 200

Collects from a drawn web with faults, the same photo under two classes and more hits than wanted. A collection is
killed until one try comes to its end; then its store, row by row and file by file, is compared with that of a run
that nothing disturbed, and the next collection begins. Ends with exit code 1 at the first difference.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.collect.collecting import CLASSES, PLAIN, State, read_state, share_a_photo, take_no_time, write_recipe
from tests.drawn_web import draw_web
from tests.web import SmallWeb

# Tells when it begins, so that kills fall into the collecting and not into the imports.
PROGRAM = """
import sys
from pathlib import Path
from recognizer.collect.collect import collect
from recognizer.store.photo_store import PhotoStore
from recognizer.recipe import load_recipe
recipe = load_recipe(sys.argv[1])
print("begins", flush=True)
with PhotoStore(Path(sys.argv[2]), recipe.labels) as store:
    collect(recipe, store)
"""
WANTED = 10
LATEST = 0.8  # of the time that a run takes: later, most are done before they are killed


def main() -> None:
    arguments = _arguments()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        web, recipe = _prepare(Path(scratch))
        with SmallWeb(web) as small_web:
            os.environ.update(small_web.environment)
            begun = time.monotonic()
            undisturbed, seconds = _run_whole(recipe, Path(scratch, "undisturbed"))
            print(f"undisturbed: {seconds:.2f} s, {len(undisturbed.files)} photos, {len(undisturbed.hits)} hits")
            kills = collections = 0
            while kills < arguments.kills:
                work = Path(scratch, "work")
                kills += _kill_often(recipe, work, seconds, arguments.kills - kills, rng)
                collections += 1
                _compare(_run_whole(recipe, work)[0], undisturbed, kills)
                shutil.rmtree(work)
            took = time.monotonic() - begun
            print(f"{kills} kills in {collections} collections, all stores like the undisturbed one; {took:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    return parser.parse_args()


def _prepare(scratch: Path) -> tuple[Path, Path]:
    web = draw_web(scratch / "web", [*CLASSES, *(f"{label} cloth" for label in CLASSES)], PLAIN, faults=True)
    share_a_photo(web)
    take_no_time(web)
    queries = {label: [label, f"{label} cloth"] for label in CLASSES}
    return web, write_recipe(scratch, WANTED, queries, timeout=60)


def _start(recipe: Path, work: Path) -> subprocess.Popen[str]:
    """Start a collection and return when it begins."""
    command = [sys.executable, "-c", PROGRAM, str(recipe), str(work)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _run_whole(recipe: Path, work: Path) -> tuple[State, float]:
    with _start(recipe, work) as process:
        begun = time.monotonic()
        if process.wait():
            sys.exit("A restart failed.")
        return read_state(work), time.monotonic() - begun


def _kill_often(recipe: Path, work: Path, seconds: float, most: int, rng: random.Random) -> int:
    """Start and kill one collection until a try comes to its end or `most` were killed; return how many were."""
    for kills in range(most):
        with _start(recipe, work) as process:
            try:
                process.wait(rng.uniform(0, LATEST * seconds))
            except subprocess.TimeoutExpired:
                process.kill()
            else:
                return kills
    return most


def _compare(state: State, undisturbed: State, kills: int) -> None:
    if state != undisturbed:
        print(*sorted(set(state.hits) ^ set(undisturbed.hits)), sep="\n")
        sys.exit(f"After {kills} kills a store differs from the undisturbed one.")


if __name__ == "__main__":
    main()
