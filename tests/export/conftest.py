"""What tests of exporting share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.conftest import Built


@pytest.fixture
def built_recipe(built: Built) -> Recipe:
    """The recipe that was built."""
    return load_recipe(built.recipe)


@pytest.fixture
def built_copy(built: Built, built_recipe: Recipe, tmp_path: Path) -> Iterator[PhotoStore]:
    """A copy of the built store, to change as a test likes."""
    with PhotoStore(Path(shutil.copytree(built.work, tmp_path / "work")), built_recipe.labels) as store:
        yield store
