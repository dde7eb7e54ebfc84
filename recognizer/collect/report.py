"""What collecting counts, in its report: besides what all reports have,

failures        reason to hits
labels          label to stored photos
engines         name to hits and what became of them, and its `state`: `ok`, `dry` where a class lacks photos and it has
                no more hits, or `refused`
refused         what engines said that refused
short           label to `photos` (usable ones) and `why` (`dry` or `refused`) where these are fewer than wanted
again           how many of the failed hits the next run tries again: of these engines, for classes that lack photos
left_waiting    engine to hits that wait until it is asked
examples        see `Found`
data_sets       of each what was stored (readings.py)
moved           how many photos followed their files to another subfolder (moved.py)
unread          files of one's own that could not be read: `file`, seen from the folder, and `reason` (own.py)
"""

from collections.abc import Sequence
from typing import Any

from recognizer.collect.engines.folder import Folder
from recognizer.collect.examples import Found
from recognizer.collect.own import unread_files
from recognizer.collect.progress import ENDINGS
from recognizer.collect.searches import Searches
from recognizer.recipe import PhotoClass, Recipe
from recognizer.report import write_report
from recognizer.store.photo_store import PhotoStore


def make_report(
    recipe: Recipe,
    store: PhotoStore,
    searches: Searches,
    examples: Found,
    seconds: float,
    data_sets: Sequence[dict[str, Any]] = (),
    moved: int = 0,
) -> dict[str, Any]:
    """Write `reports/collect.json`.

    Args:
        recipe: the recipe.
        store: its photo store, after the run.
        searches: the engines of the run.
        examples: what became of the search for examples.
        seconds: that the run took.
        data_sets: what was stored of each (readings.py).
        moved: how many photos followed their files to another subfolder (moved.py).

    Returns:
        The report.
    """
    counts = {status: store.hits.count(status) for status in (*ENDINGS, "waiting")}
    own = [engine for engine in searches.engines.values() if isinstance(engine, Folder)]
    unread = [file for folder in own for file in unread_files(folder, recipe.labels, store)]
    more = {"examples": examples._asdict(), "data_sets": list(data_sets), "moved": moved, "unread": unread}
    counted = {"hits": sum(counts.values()), **counts}
    return write_report(
        store.work, "collect", recipe.name, seconds, counted, **_searched(recipe, store, searches), **more
    )


def _searched(recipe: Recipe, store: PhotoStore, searches: Searches) -> dict[str, Any]:
    """Return what became of the hits, and which engines and classes have no more."""
    wanted = recipe.collect.photos
    short = [lacking for lacking in recipe.classes if store.photos.usable(lacking.name) < wanted]
    return {
        "failures": store.hits.failures(),
        "labels": {label: store.hits.count("stored", label) for label in recipe.labels},
        "engines": _engines(store, searches, short),
        "refused": list(dict.fromkeys(searches.refused.values())),
        "short": {lacking.name: _shortage(store, searches, lacking) for lacking in short},
        "again": store.hits.count_again([lacking.name for lacking in short], searches.engines),
        "left_waiting": store.hits.left_waiting(searches.engines),
    }


def _engines(store: PhotoStore, searches: Searches, short: list[PhotoClass]) -> dict[str, dict[str, Any]]:
    tally = store.hits.tally("engine")
    names = list(dict.fromkeys([*searches.engines, *tally]))  # earlier runs may have had others
    return {
        name: {
            "hits": tally[name].total(),
            **{ending: tally[name][ending] for ending in ENDINGS},
            "state": _state(name, searches, short),
        }
        for name in names
    }


def _state(name: str, searches: Searches, short: list[PhotoClass]) -> str:
    if name in searches.refused:
        return "refused"
    asked = name in searches.engines and short
    return "dry" if asked and not any(searches.has_more(name, lacking) for lacking in short) else "ok"


def _shortage(store: PhotoStore, searches: Searches, lacking: PhotoClass) -> dict[str, Any]:
    refused = any(searches.has_more(name, lacking) for name in searches.refused)
    return {"photos": store.photos.usable(lacking.name), "why": "refused" if refused else "dry"}
