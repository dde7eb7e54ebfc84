"""The face detector: how many of real faces it finds, and in how many photos without people it finds one.

    python -m benchmarks.faces ../shared

Takes SHARED/faces (cropped photos of faces) and the clean photos of SHARED/photos (clothes that nobody wears). The
threshold is the lowest at which 2 in 100 of these photos have a face on one half of them; figures are of other halves.
Then two made-up recipes, whose classes differ only in real faces, or only in the cloth around them: how far their
answers rest on faces.
"""

import argparse
import csv
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.stats import binomtest

from recognizer.evaluate.evaluate import evaluate
from recognizer.faces.any_size import any_size
from recognizer.faces.detector import THRESHOLD, FaceDetector, weights_file
from recognizer.recipe import load_recipe
from recognizer.report import unwatched
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit
from recognizer.train.train import train
from tests.faces.painted import SIDE, cloth, prepared
from tests.small_sample import store_hit

LONGEST = 640  # pixels, as photos are stored
LEAST = 0.05  # score from which anything is looked at
FALSE_FACES = 0.02  # share of the photos without people in which a face may be found
TRIED = np.arange(20, 90, 5) / 100
PEOPLE, PHOTOS = 2, 60  # faces that a made-up class is of, and photos of each class
RECIPE = (
    '[train]\nsize = 224\nheld_out = 0.4\nfaces = "{faces}"\n[[classes]]\nname = "One"\n[[classes]]\nname = "Other"\n'
)
Scores = npt.NDArray[np.float64]
Draw = Callable[[int, int], Image.Image]


@dataclass(frozen=True)
class Scored:
    """The surest face in each of n photos.

    Args:
        scores: of it, 0 where there is none, (n,).
        chooses: which photos are of the half that the threshold is chosen on, (n,).
    """

    scores: Scores
    chooses: npt.NDArray[np.bool_]

    def found(self, threshold: float) -> int:
        """Return in how many photos of the other half a face is found."""
        return int((self.scores[~self.chooses] >= threshold).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    shared = parser.parse_args().shared
    detector, faces = FaceDetector(any_size(weights_file())), sorted((shared / "faces" / "images").iterdir())
    people = _score("photos of faces", detector, faces)
    things = _score("photos without people", detector, _clean_photos(shared / "photos"))
    print(f"threshold chosen on one half: {_best(things):.2f}; used: {THRESHOLD}")
    _print("faces found, on the other half", people.found(THRESHOLD), int((~people.chooses).sum()))
    _print(
        "photos without people that have one, on the other half", things.found(THRESHOLD), int((~things.chooses).sum())
    )
    # Each class has faces of its own and shares the cloth, or the other way round.
    by_faces = _pasted(lambda kind, number: faces[kind * PEOPLE + number % PEOPLE], lambda kind: "gingham")
    by_cloth = _pasted(lambda kind, number: faces[number % PEOPLE], lambda kind: ("argyle", "gingham")[kind])
    for settings in ("keep", "blur"):
        _measure(f"classes that differ only in faces, {settings}", by_faces, settings)
        _measure(f"classes that differ only in cloth, {settings}", by_cloth, settings)


def _clean_photos(folder: Path) -> list[Path]:
    files = {url: one.get("file") for url, one in json.loads((folder / "web.json").read_text())["resources"].items()}
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return sorted({folder / files[row["url"]] for row in csv.DictReader(file) if row["kind"] == "clean"})


def _score(what: str, detector: FaceDetector, files: Sequence[Path]) -> Scored:
    begun, scores = time.monotonic(), []
    for file in files:
        with Image.open(file) as picture:
            image = picture.convert("RGB")
        image.thumbnail((LONGEST, LONGEST))
        scores.append(max(detector.find(image, LEAST)[:, 4], default=0.0))
    print(f"{what}: {len(files)}, {(time.monotonic() - begun) / len(files) * 1000:.0f} ms each")
    return Scored(np.array(scores), np.array([_chooses(file) for file in files]))


def _chooses(file: Path) -> bool:
    return hashlib.sha256(file.stem.encode()).digest()[0] % 2 == 0


def _best(things: Scored) -> float:
    """Return the lowest threshold that a share of the photos without people reaches, on the half that chooses.

    A face that is missed is worse than a collar that is blurred.
    """
    scores = things.scores[things.chooses]
    return float(next(one for one in TRIED if (scores >= one).mean() <= FALSE_FACES))


def _print(what: str, number: int, total: int) -> None:
    interval = binomtest(number, total).proportion_ci(method="wilson")
    print(
        f"{what}: {number} of {total}, {number / total:.1%} (95 % interval {interval.low:.1%} to {interval.high:.1%})"
    )


def _pasted(face: Callable[[int, int], Path], pattern: Callable[[int], str]) -> Draw:
    def draw(kind: int, number: int) -> Image.Image:
        rng = np.random.default_rng(number * 2 + kind)
        width, picture = int(rng.integers(90, 120)), cloth(pattern(kind), number)
        with Image.open(face(kind, number)) as opened:
            shown = opened.convert("RGB").resize((width, width))
        mask = Image.new("L", shown.size)
        ImageDraw.Draw(mask).ellipse((width // 6, 0, width - width // 6, width - 1), fill=255)
        picture.paste(shown, tuple(rng.integers(0, SIDE - width, 2).tolist()), mask)
        return picture

    return draw


def _measure(what: str, draw: Draw, faces: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made-up.toml"
        path.write_text(f'title = "Made up"\n{RECIPE.format(faces=faces)}')
        recipe = load_recipe(path)
        with PhotoStore(Path(folder) / "work", recipe.labels) as store:
            for number in range(PHOTOS):
                for kind, label in enumerate(recipe.labels):
                    hit = Hit(f"https://a.example/{label}/{number}.jpg")
                    store_hit(store, label, hit, prepared(draw(kind, number)))
            train(recipe, store, unwatched)
            print(what, json.dumps(evaluate(recipe, store)["faces"]))


if __name__ == "__main__":
    main()
