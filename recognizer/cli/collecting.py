"""What collecting shows at its end: what became of the hits, and of the rows of a data set.

for part in collected(recipe, report): console.print(part)
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognizer.cli.summaries import Summary, grid, table
from recognizer.names import few
from recognizer.recipe import Recipe

if TYPE_CHECKING:  # no --help needs rich
    from rich.table import Table

WHY_SHORT = {"dry": "searches ran dry", "refused": "an engine refused; run the same command again later"}


def collected(recipe: Recipe, report: dict[str, Any]) -> Summary:
    """Show what became of the hits, which engine gave what, and which classes did not reach their number."""
    failures = {f"  {_reason(recipe, reason)}": number for reason, number in report["failures"].items()}
    counts = table(f"Photos for {recipe.name}", _with_parts(report["counts"], "failed", failures))
    engines = grid(["engine", "hits", "stored", "duplicate", "failed", "state"], report["engines"])
    if report["data_sets"]:  # whose rows are all that there is
        return [counts, *(_data_set(one) for one in report["data_sets"]), *_left(report)]
    return [
        counts,
        engines,
        *_unread(recipe, report),
        *report["refused"],
        *_short(recipe, report["short"]),
        *_moved(report),
        *_left(report),
        *_examples(report["examples"]),
    ]


def _reason(recipe: Recipe, reason: str) -> str:
    """Return why hits failed, with what that means where they are files of one's own."""
    from recognizer.collect.own import REASONS

    said = REASONS.get(reason) if "folder" in recipe.collect.engines else None
    return f"{reason}: {said}" if said else reason


def _unread(recipe: Recipe, report: dict[str, Any]) -> list[str]:
    """Name the first files of one's own that could not be read, and say why."""
    from recognizer.collect.own import REASONS

    unread = report.get("unread", [])
    if not unread:
        return []
    folder = Path(recipe.collect.folder)
    named = [f"{folder / one['file']} ({REASONS.get(one['reason'], one['reason'])})" for one in unread]
    all_of_them = "" if few(named) == ", ".join(named) else "; reports/collect.json in the work folder names all"
    return [f"Files that could not be read: {few(named)}{all_of_them}."]


def _short(recipe: Recipe, short: dict[str, Any]) -> list[str]:
    """Say of which classes there are fewer photos than wanted; of one's own, there are as many as there are."""
    if recipe.collect.engines == ["folder"]:
        return [
            f"{label}: {one['photos']}, as many different photos as its folder has." for label, one in short.items()
        ]
    wanted = f"of {recipe.collect.photos} different photos"
    return [f"{label} has {one['photos']} {wanted}: {WHY_SHORT[one['why']]}." for label, one in short.items()]


def _moved(report: dict[str, Any]) -> list[str]:
    moved = report.get("moved", 0)
    return [f"Followed to another subfolder: {moved} of your files, with what was decided about them."] if moved else []


def _data_set(counted: dict[str, Any]) -> "Table":
    """Show what became of the rows of a data set, and how many photos lack which value."""
    from recognizer.collect.labels import REASONS

    bad = {f"  {reason}: {REASONS[reason]}": number for reason, number in counted["failed"].items()}
    missing = {f"  without {name}": number for name, number in counted["missing"].items()}
    rows = {"rows": counted["rows"], **bad, "photos with values": counted["photos"], **missing}
    return table("Data set", {**rows, "pictures under contradicting values": counted["contradicting"]})


def _examples(found: dict[str, Any]) -> list[str]:
    """Say how many classes have a photo for visitors to try, where it could not be searched for all of them."""
    if not found["refused"]:
        return []
    return [f"{found['photos']} of {found['wanted']} classes have a photo for visitors to try. {found['refused']}"]


def _with_parts(rows: dict[str, Any], whole: str, parts: dict[str, Any]) -> dict[str, Any]:
    """Put what a row is made of right under it."""
    shown: dict[str, Any] = {}
    for name, value in rows.items():
        shown |= {name: value, **(parts if name == whole else {})}
    return shown


def _left(report: dict[str, Any]) -> list[str]:
    """Say what a later run may still make photos of."""
    again = report["again"]
    tried = [f"The next run tries {again} of the failed hits again: they may be there another day."] if again else []
    return tried + [
        f"{waiting} hits of {name} wait until it is asked again: --engine {name}."
        for name, waiting in report["left_waiting"].items()
    ]
