"""A data set's labels: a table of files, or their names, become rows of values; what is wrong has its reason.

    rows = read_rows(Path("faces"), "labels.csv", recipe.outputs)
    rows = read_rows(Path("UTKFace"), "[age]_[gender]_[race]_[date].jpg", recipe.outputs)

A row that is no use has one of `REASONS`; its photo is not stored. A value that is missing is just not there.
"""

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from recognizer.errors import RecipeError
from recognizer.names import stays_below
from recognizer.outputs import BadValue, Output, read_value
from recognizer.store.readings import Values

FILE = "file"  # the column that names files
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")  # what may have a label in its name
REASONS = {
    "missing_part": "a part of the name, or a column, is not there",
    "no_value": "no output has a value",
    "unknown_value": "a value is none that the recipe knows",
    "out_of_range": "a number is beyond its range",
    "spreadsheet_date": "a spreadsheet made a date of it",
    "no_such_file": "the file is not there, or cannot be read",
    "contradicting_labels": "the same file has other labels elsewhere",
}


@dataclass(frozen=True)
class Row:
    """What a data set says of a file.

    Args:
        file: its path below the folder, with slashes.
        values: of the outputs; those that are missing are not there.
        reason: why it is no use, one of `REASONS`; else empty.
    """

    file: str
    values: Values = field(default_factory=dict)
    reason: str = ""


def read_rows(folder: Path, labels: str, outputs: Sequence[Output]) -> list[Row]:
    """Return a row for each file that a data set names, in its order.

    Args:
        folder: of the data set.
        labels: a CSV file in the folder, or a pattern of file names: parts in brackets, the rest as it stands.
        outputs: of the recipe.

    Raises:
        RecipeError: there are no such labels, a column or part is lacking, or a part has no name of its own.
    """
    found = _from_names(folder, labels, outputs) if "[" in labels else _from_table(folder / labels, outputs)
    rows = [_see_file(folder, _row(file, cells, outputs)) for file, cells in found]
    return _without_contradictions(folder, rows)


def _from_names(
    folder: Path, pattern: str, outputs: Sequence[Output]
) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    """Give each picture's name and its parts; a name that has not all of them has none."""
    parts = re.split(r"\[(\w+)\]", pattern)
    _check_parts(parts[1::2], pattern)
    _check_columns(outputs, parts[1::2], f"collect.labels, “{pattern}”,")
    written = [f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    name = re.compile("".join(written), re.IGNORECASE)  # cameras write .JPG
    for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES):
        match = name.fullmatch(file.name)
        yield file.relative_to(folder).as_posix(), match.groupdict() if match else {}


def _check_parts(names: Sequence[str], pattern: str) -> None:
    """See that each part of a pattern has a name of its own, which begins with a letter."""
    if twice := [name for name in names if names.count(name) > 1]:
        raise RecipeError(
            f"collect.labels, “{pattern}”, has the part [{twice[0]}] more than once; give each part a name of its own, "
            f"such as [{twice[0]}2]."
        )
    if odd := [name for name in names if not name.isidentifier()]:
        raise RecipeError(
            f"collect.labels, “{pattern}”, has the part [{odd[0]}]; give it a name of letters, digits and _ that "
            "begins with a letter, such as [age]."
        )


def _from_table(file: Path, outputs: Sequence[Output]) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    """Give what stands in each line of a CSV file."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            _check_columns(outputs, table.fieldnames or [], f"{file}", also=FILE)
            for line in table:
                yield line[FILE] or "", line
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise RecipeError(
            f"The labels {file} cannot be read: {why}. Correct collect.labels in the recipe: a CSV file in the folder "
            'of the data set, or a pattern of file names such as "[age]_[gender].jpg".'
        ) from error


def _check_columns(outputs: Sequence[Output], columns: Iterable[str], where: str, also: str = "") -> None:
    there = list(columns)
    wanted = [*([also] if also else []), *(output.source for output in outputs)]
    lacking = next((name for name in wanted if name not in there), "")
    if lacking:
        raise RecipeError(
            f"{where} has no “{lacking}”, only {', '.join(there) or 'nothing'}; name what it has as column under "
            "[[outputs]] in the recipe."
        )


def _row(file: str, cells: Mapping[str, str | None], outputs: Sequence[Output]) -> Row:
    """Return the values in a line, or why it has none."""
    given = {name: cell for name, cell in cells.items() if cell is not None}
    if not file or any(output.source not in given for output in outputs):
        return Row(file, reason="missing_part")
    try:
        values = {output.name: read_value(output, given) for output in outputs}
    except BadValue as error:
        return Row(file, reason=error.reason)
    known = {name: value for name, value in values.items() if value}
    return Row(file, known, "" if known else "no_value")


def _see_file(folder: Path, row: Row) -> Row:
    """See whether the file of a row is there, below the folder."""
    return row if row.reason or _is_there(folder, Path(row.file)) else replace(row, reason="no_such_file")


def _is_there(folder: Path, file: Path) -> bool:
    try:
        return stays_below(file) and (folder / file).is_file()
    except OSError:  # a name that no file can have, or a folder that may not be looked into
        return False


def _without_contradictions(folder: Path, rows: Sequence[Row]) -> list[Row]:
    """Put aside the rows whose files are byte for byte the same and whose values are not.

    A file that cannot be read is compared with none; it fails when a photo is to be made of it.
    """
    same: defaultdict[str, list[int]] = defaultdict(list)
    for place in _alike_in_size(folder, rows):
        with suppress(OSError):
            same[hashlib.sha256((folder / rows[place].file).read_bytes()).hexdigest()].append(place)
    disputed = {place for places in same.values() if disagree(rows[one].values for one in places) for place in places}
    return [replace(row, reason="contradicting_labels") if n in disputed else row for n, row in enumerate(rows)]


def _alike_in_size(folder: Path, rows: Sequence[Row]) -> list[int]:
    """Return the places of the rows whose files are as large as another one's: only those can be the same."""
    sizes: defaultdict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if not row.reason:
            with suppress(OSError):
                sizes[(folder / row.file).stat().st_size].append(place)
    return [place for places in sizes.values() if len(places) > 1 for place in places]


def disagree(values: Iterable[Values]) -> bool:
    """Tell whether two of several values of one photo contradict each other; a missing one contradicts none."""
    known: Values = {}
    return any(known.setdefault(name, value) != value for one in values for name, value in one.items())
