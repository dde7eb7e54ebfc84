"""Collections of photos with planted troubles, made of clean photos of a public set and of faces.

folder = made(Plan("clothing", 80, 0.1), "reporting", shared, cache)        # recipe.toml, truth.csv, work/
"""

import csv
import io
import json
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from benchmarks.cleaning import NONE
from recognizer.images.prepare import prepare_photo
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit

COPIED = 0.1  # share of the photos that get a copy
ELSEWHERE = 0.1  # share of the copies that stand under another class
CLOTHING = ("T-Shirt", "Longsleeve", "Pants", "Shoes", "Shirt", "Dress", "Outwear", "Shorts", "Hat", "Skirt", "Polo")
CLASSES = {
    "clothing": (*CLOTHING, "Undershirt"),
    "race": ("White", "Middle Eastern", "Latino_Hispanic", "Indian", "East Asian", "Southeast Asian", "Black"),
    "gender": ("Female", "Male"),
    "age": ("3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69"),
}
ALIKE = [
    *[("T-Shirt", "Polo"), ("T-Shirt", "Undershirt"), ("Longsleeve", "Shirt"), ("Longsleeve", "Outwear")],
    *[("Pants", "Shorts"), ("Dress", "Skirt"), ("Shirt", "Polo"), ("Shoes", "Hat")],
]
Pool = dict[str, list[Path]]


@dataclass(frozen=True)
class Plan:
    """What a collection is made of.

    Args:
        subject: one of `CLASSES`.
        size: photos of a class, at most.
        noise: share of the photos that are listed under a wrong class.
        alike: whether that class is one that looks alike; else it is any other.
        strays: share of the photos that show none of the classes.
        first: how many photos of each class are left to other collections.
    """

    subject: str
    size: int
    noise: float
    alike: bool = False
    strays: float = 0.0
    first: int = 0

    def name(self, half: str) -> str:
        """Return the name of the collection that is made of the photos of a half."""
        kind = "alike" if self.alike else "any"
        return f"{half}-{self.subject}-{self.size}-{self.noise:.0%}-{kind}".replace("%", "")


def made(plan: Plan, half: str, shared: Path, cache: Path) -> Path:
    """Return the folder of a collection, with its `recipe.toml`, `truth.csv` and work folder; it is made only once."""
    folder = cache / plan.name(half)
    if not (folder / "truth.csv").is_file():
        classes = CLASSES[plan.subject]
        shutil.rmtree(folder, ignore_errors=True)  # half made
        folder.mkdir(parents=True)
        _write_recipe(folder, classes)
        pool = _clothing(shared, half) if plan.subject == "clothing" else _faces(shared, half, plan.subject)
        recipe = load_recipe(str(folder / "recipe.toml"))
        (cache / "features").mkdir(exist_ok=True)
        (folder / "work").mkdir()
        (folder / "work" / "features").symlink_to((cache / "features").resolve())
        with PhotoStore(folder / "work", recipe.labels) as store:
            rows = list(_stored(store, plan, pool, np.random.default_rng(zlib.crc32(folder.name.encode()))))
        with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("url", "label", "truth", "kind", "original"), *rows])
    return folder


def _write_recipe(folder: Path, classes: Sequence[str]) -> None:
    train = '[train]\nbackbone = "tf_efficientnet_lite0"\nsize = 288\nstages = 3\nepochs = 0\nviews = 2\n'
    named = "".join(f'[[classes]]\nname = "{name}"\nqueries = ["{name}"]\n' for name in classes)
    words = f'title = "{folder.name}"\ndescription = "A collection to measure cleaning on."\n'
    (folder / "recipe.toml").write_text(words + train + named, encoding="utf-8")


def _clothing(shared: Path, half: str) -> Pool:
    """Return the photos of each class, and those of none: of `photos2` to report on, of the rest to choose on."""
    reported = dict(_web(shared / "photos2"))
    rows = (
        reported
        if half == "reporting"
        else {k: v for k, v in _web(shared / "photos") if k.name not in _names(reported)}
    )
    return _pooled(rows)


def _names(files: dict[Path, str]) -> set[str]:
    return {file.name for file in files}


def _web(folder: Path) -> Iterator[tuple[Path, str]]:
    resources = json.loads((folder / "web.json").read_text(encoding="utf-8"))["resources"]
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] in ("clean", "mislabelled", "other"):
                yield folder / resources[row["url"]]["file"], row["truth"]


def _faces(shared: Path, half: str, attribute: str) -> Pool:
    with (shared / "faces" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = {shared / "faces" / row["file"]: row[attribute] for row in csv.DictReader(file)}
    return _pooled(
        {file: name for file, name in rows.items() if (zlib.crc32(file.name.encode()) % 2 == 0) == (half == "choosing")}
    )


def _pooled(rows: dict[Path, str]) -> Pool:
    """Sort files by what they show, in an order that has nothing to do with where they stood."""
    pool: Pool = {}
    for file in sorted(rows, key=lambda file: zlib.crc32(file.name.encode())):
        pool.setdefault(rows[file], []).append(file)
    return pool


Row = tuple[str, str, str, str, str]  # of truth.csv


def _stored(store: PhotoStore, plan: Plan, pool: Pool, random: np.random.Generator) -> Iterator[Row]:
    """Store the photos of a collection, and give its rows."""
    waiting: dict[str, list[tuple[str, bytes]]] = {name: [] for name in CLASSES[plan.subject]}
    for file, truth, label in _listed(plan, pool, random):
        url = f"https://pool.example/{file.name}"
        waiting[label].append((url, file.read_bytes()))
        yield url, label, truth, "clean" if truth == label else "mislabelled", ""
        own = np.random.default_rng(zlib.crc32(url.encode()))  # so that its copy is the same in every collection
        if own.random() < COPIED:
            kind = list(CHANGES)[own.integers(len(CHANGES))]
            place = str(own.choice(list(waiting))) if own.random() < ELSEWHERE else label
            waiting[place].append((f"https://copies.example/{kind}/{file.name}", _changed(file, kind, own)))
            yield waiting[place][-1][0], place, truth, kind, url
    for label, pictures in waiting.items():
        _store(store, label, dict(pictures))


def _store(store: PhotoStore, label: str, pictures: dict[str, bytes]) -> None:
    store.hits.add_page("bench", label, label, 1, [Hit(url, url) for url in pictures])
    for hit in store.hits.to_fetch(label, len(pictures), ["bench"]):
        store.photos.add(hit.id, prepare_photo(pictures[hit.image]))


def _listed(plan: Plan, pool: Pool, random: np.random.Generator) -> Iterator[tuple[Path, str, str]]:
    """Give photos, what each shows, and the class that it is listed under."""
    classes = CLASSES[plan.subject]
    photos = [(file, name) for name in classes for file in pool[name][plan.first : plan.first + plan.size]]
    wrong = set(random.permutation(len(photos))[: round(plan.noise * len(photos))].tolist())
    for place, (file, name) in enumerate(photos):
        others = _alike(plan.subject, name) if plan.alike else [one for one in classes if one != name]
        yield file, name, str(random.choice(others)) if place in wrong else name
    for file in pool.get(NONE, [])[: round(plan.strays * len(photos))]:
        yield file, NONE, str(random.choice(classes))


def _alike(subject: str, name: str) -> list[str]:
    """Return the classes that a class is easily taken for; those of age and race stand beside it."""
    if subject == "clothing":
        return [other for pair in ALIKE if name in pair for other in pair if other != name]
    classes = CLASSES[subject]
    place = classes.index(name)
    return [classes[near] for near in (place - 1, place + 1) if 0 <= near < len(classes)]


def _watermarked(image: Image.Image, random: np.random.Generator) -> Image.Image:
    ImageDraw.Draw(image).text(tuple(np.array(image.size) // 4), "EXAMPLE", fill="white", font_size=image.width // 10)
    return image


def _cropped(image: Image.Image, random: np.random.Generator) -> Image.Image:
    left, top, right, bottom = random.uniform(0, 0.1, 4) * (*image.size, *image.size)
    return image.crop((int(left), int(top), int(image.width - right), int(image.height - bottom)))


CHANGES: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "resized": lambda image, random: image.resize((image.width // 2, image.height // 2)),
    "recompressed": lambda image, random: image,
    "cropped": _cropped,
    "mirrored": lambda image, random: ImageOps.mirror(image),
    "watermarked": _watermarked,
    "brighter": lambda image, random: ImageEnhance.Brightness(image).enhance(float(random.uniform(0.7, 1.4))),
    "bordered": lambda image, random: ImageOps.expand(image, image.width // 12, "white"),
}


def _changed(file: Path, kind: str, random: np.random.Generator) -> bytes:
    with Image.open(file) as image:
        changed = CHANGES[kind](ImageOps.exif_transpose(image).convert("RGB"), random)
    buffer = io.BytesIO()
    changed.save(buffer, "JPEG", quality=int(random.integers(40, 90)))
    return buffer.getvalue()
