"""A cleaned store of few drawn photos, made once; each test gets a copy of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.clean.clean import clean
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from tests.clean.planting import plant_conflict, plant_copies, plant_wrong_labels
from tests.small_sample import fill_store


@pytest.fixture(scope="session")
def features(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The features of all photos, those that tests plant among them; to start a network takes longer than a test."""
    work = tmp_path_factory.mktemp("features")
    with PhotoStore(work, recipe.labels) as store:
        fill_store(recipe, store)
        plant_copies(store)
        plant_conflict(store, recipe.labels[0])
        plant_wrong_labels(recipe, store)
        clean(recipe, store, auto=False)
    return work / "features"


@pytest.fixture(scope="session")
def cleaned(recipe: Recipe, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder, for copying."""
    work = tmp_path_factory.mktemp("cleaned")
    shutil.copytree(features, work / "features")
    with PhotoStore(work, recipe.labels) as store:
        fill_store(recipe, store)
        clean(recipe, store)
    return work


@pytest.fixture
def copied(cleaned: Path, recipe: Recipe, tmp_path: Path) -> Iterator[PhotoStore]:
    """A copy of the cleaned store, to change as a test likes."""
    with PhotoStore(Path(shutil.copytree(cleaned, tmp_path / "work")), recipe.labels) as store:
        yield store
