"""Plants wrong labels and copies among the photos of a store, as a search engine would return them."""

from itertools import pairwise

from PIL import Image

from recognizer.images.prepare import prepare_photo
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit, Photo
from tests.small_sample import drawn, store_hit

COPIES = 30


def plant_wrong_labels(recipe: Recipe, store: PhotoStore) -> list[str]:
    """Store three photos of each class under the class before it; return their sha256."""
    planted = []
    for label, shown in pairwise(recipe.classes):
        for number in (30, 31, 32):
            address = f"sample:{shown.queries[0]}/{number:04d}.jpg"
            hit = Hit(address, f"sample:page/{shown.name}/{number}")
            planted.append(store_hit(store, label.name, hit, drawn(address)))
    return planted


def plant_copies(store: PhotoStore) -> list[tuple[str, str]]:
    """Store a slightly smaller copy of some photos under the same label.

    Returns:
        The sha256 of each photo and of its copy.
    """
    return [(photo.sha256, plant_copy(store, photo, photo.label, 8)) for photo in store.photos.all()[:COPIES]]


def plant_conflict(store: PhotoStore, label: str) -> str:
    """Store a smaller copy of the store's largest photo of another class under a label; return its sha256."""
    others = [photo for photo in store.photos.all() if photo.label != label and photo.found_as != label]
    return plant_copy(store, max(others, key=lambda photo: (photo.width, photo.sha256)), label, 20)


def plant_copy(store: PhotoStore, photo: Photo, label: str, less: int) -> str:
    """Store a copy that is smaller by some pixels, found at another address; return its sha256."""
    file = store.work / "copy.png"
    with Image.open(photo.path) as image:
        image.resize((image.width - less, image.height - less)).save(file)
    copy = prepare_photo(file.read_bytes())
    file.unlink()
    address = f"https://other.example/{copy.sha256[:16]}"
    return store_hit(store, label, Hit(f"{address}.jpg", address), copy)
