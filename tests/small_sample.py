"""A recipe of four classes and a store of drawn photos, for rooms that need photos but no build of everything."""

import functools
import re
from pathlib import Path

from recognizer.errors import PictureError
from recognizer.images.prepare import PreparedPhoto, prepare_photo
from recognizer.recipe import Recipe, load_recipe
from recognizer.sample import pictures
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Hit, Issue

RECIPE = """
title = "Small textiles"
description = "Four classes and few photos, so that tests are quick."
[collect]
engines = ["sample"]
photos = 20
[clean]
backbones = []
[train]
backbone = "tf_efficientnet_lite0"
size = 64
epochs = 1
tuned = 0.33
views = 2
folds = 3
"""
CLASSES = ("Argyle", "Chevron", "Gingham", "Paisley")


def write_small_recipe(folder: Path) -> Path:
    classes = "".join(f'[[classes]]\nname = "{name}"\nqueries = ["{name.lower()}"]\n' for name in CLASSES)
    path = folder / "small.toml"
    path.write_text(RECIPE + classes, encoding="utf-8")
    return path


def small_recipe(folder: Path) -> Recipe:
    return load_recipe(write_small_recipe(folder))


def fill_store(recipe: Recipe, store: PhotoStore) -> None:
    """Store the first photos of the sample, as collecting would: with the copies and broken files among them."""
    for label in recipe.classes:
        (query,) = label.queries
        for page in (1, 2):
            store.hits.add_page("sample", query, label.name, page, pictures.search(query, page))
        for hit in store.hits.to_fetch(label.name, recipe.collect.photos, ["sample"]):
            try:
                store.photos.add(hit.id, drawn(hit.image))
            except PictureError as error:
                store.hits.fail(hit.id, error.reason)


def decide_about_copies(store: PhotoStore) -> None:
    """Record the copies that the sample holds, as cleaning would, and drop each."""
    photos = {photo.image: photo for photo in store.photos.all()}
    pairs = {
        photo.sha256: photos[re.sub(r"/\d+", f"/{pictures.ORIGINAL[number]:04d}", image)].sha256
        for image, photo in photos.items()
        if (number := int(re.sub(r"\D", "", image))) in pictures.ORIGINAL
    }
    store.issues.replace("duplicate", [Issue(copy, "duplicate", 1.0, twin=one) for copy, one in pairs.items()])
    store.decisions.replace_automatic([Decision(copy, "drop", "a copy") for copy in pairs])


def store_hit(store: PhotoStore, label: str, hit: Hit, photo: PreparedPhoto) -> str:
    """Store one more photo, found as a label; return its sha256."""
    store.hits.add_page("test", hit.image, label, 1, [hit])
    (waiting,) = [one for one in store.hits.to_fetch(label, 1000, ["test"]) if one.image == hit.image]
    store.photos.add(waiting.id, photo)
    return photo.sha256


@functools.cache
def drawn(address: str) -> PreparedPhoto:
    """A photo of the sample, ready to be stored."""
    return prepare_photo(pictures.read(address))
