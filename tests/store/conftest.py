"""A store with photos to forget; tests of other things have stores of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.paths import ROOT
from tests.store.forgetting import fetch, search


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe(str(ROOT / "data" / "recipes" / "textiles.toml"))


@pytest.fixture
def store(tmp_path: Path, recipe: Recipe) -> Iterator[PhotoStore]:
    with PhotoStore(tmp_path / "work", recipe.labels) as found:
        search(found, 1)
        fetch(found)
        yield found
