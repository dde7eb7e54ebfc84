"""Collections of photos to train on, with the truth of other photos to judge by.

    collection = COLLECTIONS[0]
    collection.fill(store, shared)      # some photos of each class, one in ten under a wrong label
    collection.tests(shared)            # other photos, and what they show

Three have 40 photos of a class: `clothing` and `clothing2`, six kinds of clothing that look alike, of the two small
webs of `../shared`, and `race`, faces, which networks of ImageNet hardly tell apart; no photo is in two of them. Five
have more: `kinds` and `kinds2`, all kinds of clothing of which a web has enough, `many`, those of both webs together,
`races` and `ages`. The truth is for benchmarks alone.
"""

import csv
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognizer.images.prepare import prepare_photo
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit

CLOTHING = ("T-Shirt", "Longsleeve", "Shirt", "Outwear", "Dress", "Pants")
RACE = ("White", "Middle Eastern", "Latino_Hispanic", "Indian", "East Asian", "Southeast Asian", "Black")
KINDS2 = ("Dress", "Outwear", "Shoes", "T-Shirt", "Pants", "Shirt", "Longsleeve", "Shorts")
KINDS = (*KINDS2, "Hat", "Polo", "Skirt", "Undershirt")
AGES = ("3-9", "10-19", "20-29", "30-39", "40-49", "50-59")
WRONG = 0.1  # share of labels


@dataclass(frozen=True)
class Collection:
    """Photos of some classes.

    Args:
        name: of the collection.
        folder: below `../shared`; two webs with a + between.
        classes: what there is.
        column: of the faces, that tells which class each is of.
        each: photos of a class to learn from.
        tested: photos of a class to judge by, at most.
    """

    name: str
    folder: str
    classes: tuple[str, ...]
    column: str = "race"
    each: int = 40
    tested: int = 50

    def recipe(self, folder: Path) -> Recipe:
        """Write a recipe of the classes into a folder, and return it."""
        named = "".join(f'[[classes]]\nname = "{name}"\nqueries = ["{name}"]\n' for name in self.classes)
        file = folder / f"{self.name}.toml"
        file.write_text(f'title = "{self.name}"\n[train]\nheld_out = 0.01\n{named}', encoding="utf-8")
        return load_recipe(file)

    def fill(self, store: PhotoStore, shared: Path) -> None:
        """Store the photos to learn from, one in ten under a label of another class."""
        random = np.random.default_rng(zlib.crc32(self.name.encode()))
        listed: dict[str, list[Path]] = {name: [] for name in self.classes}
        for name, files in self._files(shared).items():
            others = [other for other in self.classes if other != name]
            for file in files[: self.each]:
                listed[str(random.choice(others)) if random.random() < WRONG else name].append(file)
        for label, files in listed.items():
            hits = {f"https://photos.example/{file.name}": file for file in files}
            store.hits.add_page("bench", label, label, 1, [Hit(url, url) for url in hits])
            for hit in store.hits.to_fetch(label, len(hits), ["bench"]):
                store.photos.add(hit.id, prepare_photo(hits[hit.image].read_bytes()))

    def tests(self, shared: Path) -> list[tuple[Path, int]]:
        """Return photos to judge by, each with the number of the class that it truly shows."""
        files = self._files(shared)
        end = self.each + self.tested
        return [(file, n) for n, name in enumerate(self.classes) for file in files[name][self.each : end]]

    def _files(self, shared: Path) -> dict[str, list[Path]]:
        webs = [] if self.folder == "faces" else [shared / folder for folder in self.folder.split("+")]
        found = dict(photo for web in webs for photo in _web(web)) or dict(_faces(shared, self.column))
        earlier = {file.name for file, _ in _web(shared / "photos")} if "photos2" in self.folder else set()
        files = sorted(
            (file for file in found if file.parent.parent.name != "photos2" or file.name not in earlier),
            key=lambda file: zlib.crc32(file.name.encode()),
        )
        return {name: [file for file in files if found[file] == name] for name in self.classes}


COLLECTIONS = (
    Collection("clothing", "photos", CLOTHING),
    Collection("clothing2", "photos2", CLOTHING),
    Collection("race", "faces", RACE),
    Collection("kinds", "photos", KINDS, each=70),
    Collection("kinds2", "photos2", KINDS2, each=50),
    Collection("many", "photos+photos2", KINDS, each=100, tested=75),
    Collection("races", "faces", RACE, each=200, tested=100),
    Collection("ages", "faces", AGES, "age", each=140, tested=70),
)


def _web(folder: Path) -> Iterator[tuple[Path, str]]:
    resources = json.loads((folder / "web.json").read_text(encoding="utf-8"))["resources"]
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] in ("clean", "mislabelled"):
                yield folder / resources[row["url"]]["file"], row["truth"]


def _faces(shared: Path, column: str) -> Iterator[tuple[Path, str]]:
    with (shared / "faces" / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield shared / "faces" / row["file"], row[column]
