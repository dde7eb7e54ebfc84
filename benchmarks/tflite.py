"""How large the TFLite files of a trained recipe are, how long writing and running them takes, and how far they agree.

    python -m benchmarks.tflite RECIPE --work DIR

DIR holds a trained run, of one output or of several. What converts is made first where it is missing (1 GB in the
user's cache); how long that took is told apart. Photos are held-out ones.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recognizer.export.export import as_tflite
from recognizer.export.tflite import COMPARED, EIGHT, FLOATS, Network, write_tflite
from recognizer.export.tflite_environment import converter, environment_folder
from recognizer.export.tflite_outputs import as_tflite as outputs_as_tflite
from recognizer.export.tflite_program import answers
from recognizer.images.pixels import square_pixels
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.split import Split
from recognizer.store.photo_store import PhotoStore
from recognizer.train.outputs import load_outputs
from recognizer.train.train import load_trained

TIMED = 50  # photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    begun = time.monotonic()
    converter()
    size = sum(file.lstat().st_size for file in environment_folder().rglob("*"))
    print(f"environment: {time.monotonic() - begun:.0f} s, {size / 1e6:.0f} MB")
    with PhotoStore(arguments.work, recipe.labels) as store, tempfile.TemporaryDirectory() as folder:
        given, split = _trained(recipe, store)
        begun = time.monotonic()
        figures = write_tflite(given, split.learning, split.held_out, Path(folder))
        print(f"both files: {time.monotonic() - begun:.0f} s, compared on {min(COMPARED, len(split.held_out))} photos")
        pixels = np.stack([square_pixels(one.path, given.size).transpose(1, 2, 0) for one in split.held_out[:TIMED]])
        for file in (FLOATS, EIGHT):
            _measure(Path(folder) / file, pixels)
            for name, found in figures[file].items():
                print(
                    f"  {name}: same {found['same_answer']:.1%}, largest difference {found['largest_difference']:.3f}"
                )


def _trained(recipe: Recipe, store: PhotoStore) -> tuple[Network, Split]:
    if recipe.has_outputs:
        several = load_outputs(recipe, store)
        return outputs_as_tflite(recipe, several), several.split
    trained = load_trained(recipe, store)
    return as_tflite(recipe, trained), trained.split


def _measure(file: Path, pixels: npt.NDArray[np.uint8]) -> None:
    model = file.read_bytes()
    begun = time.process_time()
    answers(model, pixels)
    each = (time.process_time() - begun) / len(pixels)
    print(f"{file.name}: {len(model) / 1e6:.1f} MB, {each * 1000:.0f} ms a photo on one of {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
