"""The recipe `utkface`, collect to export, on photos that are named as UTKFace names its own, with the traps of that.

    python -m benchmarks.utkface ../shared --work DIR [--photos 600]

Copies of SHARED/faces (FairFace) get names such as 23_1_2_20170109150557335.jpg.chip.jpg: the age is drawn within the
range that FairFace tells, for “more than 70” from 70 to 116 in turn, and its seven race labels become five. The traps
are those of UTKFace, and of copies that people make of it. It is told whether each trap ended under its own reason, and
how the network does on held-out photos, next to the constant guess. DIR can be removed afterwards.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import argparse
import csv
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from recognizer.cli.stages import run_build
from recognizer.recipe import load_recipe
from recognizer.report import read_json
from recognizer.store.photo_store import PhotoStore

RACES = {"White": 0, "Black": 1, "East Asian": 2, "Southeast Asian": 2, "Indian": 3}  # all others: 4
OLD = range(70, 117)
PLACE = "_20170109150557{:05}.jpg.chip.jpg"
# Names of one photo each, and why they are no use.
TRAPS = [
    ("61_1_20170109150557335.jpg.chip.jpg", "missing_part"),
    ("25__2" + PLACE.format(99_001), "missing_part"),
    ("cat.jpg", "missing_part"),
    ("232_1_0" + PLACE.format(99_002), "out_of_range"),
    ("25_1_7" + PLACE.format(99_003), "unknown_value"),
    ("25_3_0" + PLACE.format(99_004), "unknown_value"),
    ("03-Sep_1_2" + PLACE.format(99_005), "spreadsheet_date"),
]
CONTRARY = [("25_0_0", "31_0_0"), ("25_0_1", "25_1_1")]  # the same photo twice
NO_PICTURES = {"22_0_1" + PLACE.format(99_011): b"<html>not found</html>", "22_0_1" + PLACE.format(99_012): b""}

SPARE = len(TRAPS) + len(CONTRARY) + 1  # photos that become traps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="is made anew")
    parser.add_argument("--photos", type=int, default=600, help="at most; of each old age, all there are")
    asked = parser.parse_args()
    shutil.rmtree(asked.work, ignore_errors=True)
    planted = _write_copies(asked.shared / "faces", asked.work / "UTKFace", asked.photos)
    recipe = load_recipe("utkface")
    places = {"folder": str(asked.work / "UTKFace")}
    recipe = recipe.model_copy(update={"collect": recipe.collect.model_copy(update=places)})
    with PhotoStore(asked.work / "work", recipe.labels) as store:
        run_build(recipe.asked_for("utkface", asked.work / "work"), store)
    failures = read_json(asked.work / "work" / "reports" / "collect.json", {"failures": dict}, "")["failures"]
    for reason in sorted(planted | failures):
        print(f"{reason}: {planted[reason]} planted, {failures.get(reason, 0)} found")
    if dict(planted) != failures:
        sys.exit("A trap did not end under its own reason.")


def _write_copies(faces: Path, to: Path, count: int) -> "Counter[str]":
    """Write named copies and traps; return how many of these there are of each reason."""
    to.mkdir(parents=True)
    rows = list(csv.DictReader((faces / "labels.csv").open()))
    random.Random(0).shuffle(rows)
    rows.sort(key=lambda row: not row["age"].startswith("more"))  # the few first, so that each decade has some
    photos = iter(faces / row["file"] for row in rows[-SPARE:])
    rows = rows[:-SPARE][:count]
    for number, (name, row) in enumerate(zip(_names(rows), rows, strict=True)):
        shutil.copyfile(faces / row["file"], to / f"{name}{PLACE.format(number)}")
    for name, _ in TRAPS:
        shutil.copyfile(next(photos), to / name)
    for number, names in enumerate(CONTRARY):
        photo = next(photos)
        for one in names:
            shutil.copyfile(photo, to / f"{one}{PLACE.format(99_020 + number)}")
    for name, content in NO_PICTURES.items():
        (to / name).write_bytes(content)
    (to / ("22_0_1" + PLACE.format(99_013))).write_bytes(next(photos).read_bytes()[:3000])
    both = {"contradicting_labels": 2 * len(CONTRARY), "not_an_image": len(NO_PICTURES), "truncated": 1}
    return Counter(reason for _, reason in TRAPS) + Counter(both)


def _names(rows: list[dict[str, str]]) -> Iterator[str]:
    """Give the beginning of each photo's name: age, gender and race."""
    ages = random.Random(1)
    for number, row in enumerate(rows):
        if row["age"].startswith("more"):
            age = OLD[number * 7 % len(OLD)]  # all of them in turn
        else:
            low, high = map(int, row["age"].split("-"))
            age = ages.randint(low, high)
        yield f"{age}_{int(row['gender'] == 'Female')}_{RACES.get(row['race'], 4)}"


if __name__ == "__main__":
    main()
