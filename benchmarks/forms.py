"""How often the smaller form of a network gives the answer of model.onnx, on photos that nobody chose it by.

    python -m benchmarks.forms SHARED --work DIR

Builds three models with the real command, out of folders of photos: clothing of SHARED/photos, clothing of
SHARED/photos2 and faces of SHARED/faces by race, of each half the photos. What the forms say is compared on the
other half and on the photos of the other two collections; that model.onnx says what learner.pkl says is proven by every
export.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recognizer.export.agreement import FLOATS, compare
from recognizer.export.onnx_forms import run_onnx
from recognizer.images.decode import read_picture
from recognizer.images.pixels import squish

CLEAN = "clean"
MOST_PHOTOS = 1000  # of a collection, to compare on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    collections = {
        "clothing": _clothing(arguments.shared / "photos"),
        "clothing2": _clothing(arguments.shared / "photos2"),
        "faces": _faces(arguments.shared / "faces"),
    }
    for name, photos in collections.items():
        model = _build(name, photos[::2], arguments.work)
        for other, judged in collections.items():
            rest = judged[1::2] if other == name else judged
            _measure(f"{name} on {other}", model, [file for file, _ in rest][:MOST_PHOTOS])


def _clothing(folder: Path) -> list[tuple[Path, str]]:
    """Return photos with their true classes."""
    resources = json.loads((folder / "web.json").read_text(encoding="utf-8"))["resources"]
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == CLEAN]
    served = [(folder / resources[row["url"]]["file"], row["truth"]) for row in rows]
    return [(path, label) for path, label in served if path.is_file()]


def _faces(folder: Path) -> list[tuple[Path, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [(folder / row["file"], row["race"]) for row in csv.DictReader(file)]


def _build(name: str, photos: Sequence[tuple[Path, str]], work: Path) -> Path:
    """Run the real command on a folder of photos; what is built already is not built again."""
    folder = work / f"{name}-photos"
    for path, label in photos:
        place = folder / label / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    classes = "".join(f'[[classes]]\nname = "{label}"\nqueries = ["{label}"]\n' for label in _labels(photos))
    recipe = work / f"{name}.toml"
    recipe.write_text(f'title = "{name}"\ndescription = "{name}"\n[collect]\nengines = ["folder"]\n{classes}')
    command = [sys.executable, "-m", "recognizer", "build", str(recipe), "--folder", str(folder)]
    subprocess.run([*command, "--work", str(work / name)], check=True, stdout=subprocess.DEVNULL)
    return work / name / "model"


def _labels(photos: Sequence[tuple[Path, str]]) -> list[str]:
    return sorted({label for _, label in photos})


def _measure(what: str, model: Path, photos: Sequence[Path]) -> None:
    """Print how often the forms give the same likeliest class as model.onnx, and their largest differences."""
    facts = json.loads((model / "model.json").read_text(encoding="utf-8"))
    size = facts["preprocessing"]["size"]
    squares = [squish(read_picture(photo.read_bytes()), size)[None].astype(np.float32) / 255 for photo in photos]
    files = [model / FLOATS, *sorted(model.glob("model.*.onnx"))]
    expected, *others = run_onnx(files, squares)
    for file, given in zip(files[1:], others, strict=True):
        found = compare(given, expected)
        print(
            f"{what}: {file.name} ({file.stat().st_size / 1e6:.1f} MB): {found['same_answer']:.1%} of {len(photos)} "
            f"photos the same, largest difference {found['largest_difference']:.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
