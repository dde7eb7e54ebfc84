"""Plants copies of photos under other names, classes and pages, as a search engine would return them."""

from PIL import Image

from recognizer.clean.clean import clean
from recognizer.images.prepare import prepare_photo
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit

COPIES = 30


def plant_copies(recipe: Recipe, store: PhotoStore) -> list[tuple[str, str]]:
    """Store a slightly smaller copy of some photos, all undecided, and let the checks find them.

    Returns:
        The sha256 of each photo and of its copy, as far as the copy is new.
    """
    planted = []
    for number, photo in enumerate(store.photos.all()[:COPIES]):
        file = photo.path.with_suffix(".copy.png")
        with Image.open(photo.path) as image:
            image.resize((image.width - 8, image.height - 8)).save(file)
        copy = prepare_photo(file.read_bytes())
        address = f"https://other.example/{number}.jpg"
        store.hits.add_page(
            "test", "copies", photo.label, 1000 + number, [Hit(address, f"https://other.example/{number}")]
        )
        (hit,) = [waiting for waiting in store.hits.waiting(photo.label, 1000) if waiting.image == address]
        store.photos.add(hit.id, copy)
        planted.append((photo.sha256, copy.sha256))
    clean(recipe, store, auto=False)
    return planted
