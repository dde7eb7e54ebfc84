"""How large the TFLite files of a trained recipe are, how long writing and running them takes, and how far they agree.

    python -m benchmarks.tflite RECIPE --work DIR

DIR holds a trained run. What converts is made first where it is missing (1 GB in the user's cache); how long that
took is told apart. Photos are the held-out ones.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recognizer.export.tflite import COMPARED, EIGHT, FLOATS, Form, Network, write_tflite
from recognizer.export.tflite_environment import converter, environment_folder
from recognizer.export.tflite_networks import Told
from recognizer.export.tflite_program import answers
from recognizer.images.pixels import square_pixels
from recognizer.outputs import LABEL
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
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
        trained = load_trained(recipe, store)
        told = [Form(LABEL, "", recipe.labels, Told(0, len(recipe.labels)))]
        given = Network(recipe.title, "", trained.network, trained.backbone, trained.size, told)
        held_out = trained.split.held_out
        begun = time.monotonic()
        figures = write_tflite(given, trained.split.learning, held_out, Path(folder))
        print(f"both files: {time.monotonic() - begun:.0f} s, compared on {min(COMPARED, len(held_out))} photos")
        pixels = np.stack([square_pixels(one.path, trained.size).transpose(1, 2, 0) for one in held_out[:TIMED]])
        for file in (FLOATS, EIGHT):
            _measure(Path(folder) / file, figures[file][LABEL], pixels)


def _measure(file: Path, figures: dict[str, float], pixels: npt.NDArray[np.uint8]) -> None:
    model = file.read_bytes()
    begun = time.monotonic()
    answers(model, pixels)
    each = (time.monotonic() - begun) / len(pixels)
    same, difference = figures["same_answer"], figures["largest_difference"]
    print(
        f"{file.name}: {len(model) / 1e6:.1f} MB, {each * 1000:.0f} ms a photo on one of {os.cpu_count()} processors, "
    )
    print(f"  same likeliest class {same:.1%}, largest difference {difference:.3f}")


if __name__ == "__main__":
    main()
