"""A store of drawn photos, of which some are forgotten, and a search for what is left of them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from recognizer.images.prepare import PreparedPhoto, prepare_photo
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit, Photo

LABELS = ("Paisley", "Tartan")
PHOTOS = 6  # of each label
ONE_PAGE = "https://page.example/many"  # where the last two photos of each label stand


def drawn(seed: int) -> Image.Image:
    """A picture of soft blots, which has much for a perceptual hash to see."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(noise).resize((400, 300), Image.Resampling.BICUBIC)


def prepared(image: Image.Image, quality: int = 95) -> PreparedPhoto:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return prepare_photo(buffer.getvalue())


def hit(label: str, number: int) -> Hit:
    address = f"https://a.example/{label}/{number}.jpg"
    page = ONE_PAGE if number >= PHOTOS - 2 else f"{address}/page"
    return Hit(address, page, f"Titled {label} {number}", "CC0", f"Author of {label} {number}")


def seed(label: str, number: int) -> int:
    return LABELS.index(label) * PHOTOS + number


def search(store: PhotoStore, page: int) -> None:
    for label in LABELS:
        store.hits.add_page("e", "q", label, page, [hit(label, number) for number in range(PHOTOS)])


def fetch(store: PhotoStore) -> None:
    for label in LABELS:
        for waiting in store.hits.to_fetch(label, 100, ["e"]):
            number = int(Path(waiting.image).stem)
            store.photos.add(waiting.id, prepared(drawn(seed(label, number))))


def offer(store: PhotoStore, photo: PreparedPhoto, address: str = "https://elsewhere.example/1.jpg") -> None:
    """Find a photo at some address, and fetch it."""
    store.hits.add_page("e", Path(address).stem, LABELS[0], 1, [Hit(address, f"{address}/page", "Another title")])
    for waiting in store.hits.to_fetch(LABELS[0], 9, ["e"]):
        store.photos.add(waiting.id, photo)


def traces(work: Path, *words: str) -> list[tuple[str, str]]:
    """Which of these words stand in which files."""
    files = [file for file in work.rglob("*") if file.is_file()]
    return [(file.name, word) for file in files for word in words if word.encode() in file.read_bytes()]


def words_of(store: PhotoStore, photo: Photo) -> list[str]:
    number = Path(photo.image).stem
    return [photo.image, photo.title, photo.author, f"{photo.image}/page", f"{photo.found_as}/{number}.jpg"]


def holding(folder: Path, jpeg: bytes) -> list[Path]:
    """Which files hold a piece of a photo's picture."""
    return [file for file in folder.rglob("*") if file.is_file() and jpeg[-400:-200] in file.read_bytes()]
