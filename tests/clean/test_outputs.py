"""Among the photos of a data set, copies are looked for, and nothing else."""

from pathlib import Path

from recognizer.clean.outputs import clean_outputs
from recognizer.collect.collect import collect
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.drawn_dataset import write_listed, write_recipe, write_table


def test_photos_whose_files_are_damaged_are_counted_and_left_out(tmp_path: Path) -> None:
    write_table(tmp_path / "data", write_listed(tmp_path / "data", 6))
    recipe = load_recipe(write_recipe(tmp_path))
    own = recipe.collect.model_copy(update={"folder": str(tmp_path / "data")})
    recipe = recipe.model_copy(update={"collect": own})
    with PhotoStore(tmp_path / "work", recipe.labels) as store:
        collect(recipe, store)
        photos = store.photos.all()
        photos[0].path.write_bytes(b"")
        photos[1].path.write_bytes(photos[2].path.read_bytes())
        report = clean_outputs(recipe, store)
        assert report["missing"] == 2 and report["counts"]["photos"] == len(photos)
        assert store.issues.all() == []
