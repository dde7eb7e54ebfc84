"""The index of a recipe's photos lists those of its classes."""

import csv
import io
from pathlib import Path

from recognizer.publish.index import TABLE, index_files
from recognizer.recipe import Recipe
from recognizer.store.rows import Decision
from tests.small_store import HITS, LABELS, fill, opened


def test_photos_of_classes_that_the_recipe_no_longer_has_are_not_listed(recipe: Recipe, tmp_path: Path) -> None:
    fewer = [one.model_copy(update={"name": name}) for one, name in zip(recipe.classes, LABELS[:2], strict=False)]
    with opened(tmp_path / "work") as store:
        fill(store)
        came, *_ = [photo.sha256 for photo in store.photos.all() if photo.found_as == LABELS[2]]
        store.decisions.add(Decision(came, "relabel", "looked at", LABELS[0], by="ann"))
        files = index_files(recipe.model_copy(update={"classes": fewer}), store)
    table, card = (bytes(files[name]).decode() for name in (TABLE, "README.md"))
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["label"] for row in rows} == set(LABELS[:2]) and came in {row["sha256"] for row in rows}
    assert len(rows) == 2 * HITS + 1 and f"lists {len(rows)} of the" in card
