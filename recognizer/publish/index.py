"""The index of a recipe's photos, for a dataset repository: where each is, whose it is, and what was decided.

It holds no photo, and nothing that was forgotten: files = index_files(recipe, store)
"""

import csv
import io
from collections.abc import Sequence

from huggingface_hub import DatasetCardData

from recognizer.errors import RecognizerError
from recognizer.publish.repository import Files
from recognizer.recipe import Recipe
from recognizer.store.credits import escape
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.store.spaces import MARKER
from recognizer.words.sources import describe_source

TABLE = "photos.csv"
COLUMNS = (
    *("sha256", "label", "found_as", "decision", "label_quality"),
    *("image", "page", "title", "author", "licence", "width", "height"),
)

_CARD = """\
---
{head}
---

# Where the photos of {title} come from

`{table}` lists {number} of the {source} each name. No photo is in it: only the address of each, the page that it was
found on, title, author and licence as far as they are known, the name it was found as, and the label that counts now.

The rights in the photos are their authors'. Where no licence is given, none is known, and the photo may not be used
as if there were one.

| column | what it says |
|---|---|
| `sha256` | of the photo as it was kept: upright, 640 pixels at most, without what the camera noted |
| `label`, `found_as` | the label that counts, and the name that it was found as |
| `decision` | keep, drop or relabel, by rules or a person; or nothing |
| `label_quality` | the estimated probability that the label is right |
| `image`, `page` | addresses on the web; empty for photos that come from no address |
| `title`, `author`, `licence` | as whoever published it says |
| `width`, `height` | pixels |

It must not be used to guess the ethnicity, nationality, origin or identity of any person. Whoever wants a photo of
theirs taken out of it may ask whoever published this; the photo is then forgotten, and this table pushed again.
"""


def check_listed(recipe: Recipe) -> None:
    """Refuse a recipe of whose photos there is nothing to list.

    Args:
        recipe: the recipe.

    Raises:
        RecognizerError: its photos are those of a data set, which come from no address and are of no one class.
    """
    if recipe.has_outputs:
        raise RecognizerError(
            f"The photos of {recipe.name} come from a data set on a disk, and from no address on the web that could be "
            "listed; leave --with-index out."
        )


def index_files(recipe: Recipe, store: PhotoStore) -> Files:
    """Return the files of a dataset repository; photos of classes that the recipe no longer has are not in it.

    Args:
        recipe: the recipe.
        store: its photo store.

    Raises:
        RecognizerError: there is nothing to list.
    """
    check_listed(recipe)
    photos = [photo for photo in store.photos.all() if photo.label in recipe.labels]
    stay = [photo for photo, gone in zip(photos, store.forgotten.are_known(photos), strict=True) if not gone]
    return {MARKER: b"", TABLE: _table(stay).encode(), "README.md": _card(recipe, len(stay)).encode()}


def _table(photos: Sequence[Photo]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_row(photo) for photo in photos)
    return text.getvalue()


def _row(photo: Photo) -> list[object]:
    image, page = _on_the_web(photo.image), _on_the_web(photo.page)
    said = (photo.title, photo.author, photo.licence) if image or page else ("", "", "")
    return [
        *(photo.sha256, photo.label, photo.found_as, photo.action, round(photo.label_quality, 3)),
        *(image, page, *said, photo.width, photo.height),
    ]


def _on_the_web(address: str) -> str:
    """Return an address, or nothing where it is a file on somebody's disk."""
    return address if address.startswith(("http://", "https://")) else ""


def _card(recipe: Recipe, number: int) -> str:
    head = DatasetCardData(
        pretty_name=f"Photos of {' '.join(recipe.title.split())}: where they come from",
        license="other",
        task_categories=["image-classification"],
        configs=[{"config_name": "default", "data_files": TABLE}],
    )
    return _CARD.format(
        head=head.to_yaml().strip(),
        title=escape(recipe.title),
        table=TABLE,
        number=number,
        source=describe_source(recipe.collect.engines).photos,
    )
