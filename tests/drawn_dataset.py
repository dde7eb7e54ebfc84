"""A data set that a test draws: pictures with a shape, a colour and a size, named or listed with what they show."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore

SHAPES, COLOURS = ("square", "disc"), ("red", "green", "blue")
_RGB = {"red": (200, 60, 50), "green": (50, 170, 70), "blue": (60, 70, 200)}
SIDE = 96  # pixels
RECIPE = """
title = "Shapes"
[collect]
engines = ["dataset"]
photos = 100000
labels = "{labels}"
examples = false
[train]
size = 64
epochs = 0
views = 2
folds = 3
[[outputs]]
name = "shape"
classes = [{{ name = "square", description = "four corners" }}, "disc"]
values = {{ "0" = "square", "1" = "disc" }}
[[outputs]]
name = "colour"
classes = ["red", "green", "blue"]
[[outputs]]
name = "size"
kind = "number"
range = [0, 100]
unit = "pixels"
"""


def draw(file: Path, shape: str, colour: str, size: int, seed: int) -> None:
    """Draw one picture: a shape of a colour, so many pixels wide, somewhere on a noisy ground."""
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(rng.integers(90, 170, (SIDE, SIDE, 3), np.uint8))
    left, top = rng.integers(2, SIDE - size - 1, 2).tolist()
    box = (left, top, left + size, top + size)
    pen = ImageDraw.Draw(picture)
    (pen.rectangle if shape == "square" else pen.ellipse)(box, fill=_RGB[colour])
    picture.save(file)


def things(count: int, seed: int = 0) -> Iterator[tuple[str, str, int]]:
    """Give shapes, colours and sizes: each pair of a shape and a colour as often."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        yield SHAPES[number % 2], COLOURS[number % 3], int(rng.integers(16, 81))


def write_named(folder: Path, count: int) -> list[Path]:
    """Draw pictures named `[size]_[shape]_[colour]_[date].png`, the shape by its number; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, (shape, colour, size) in enumerate(things(count)):
        files.append(folder / f"{size}_{SHAPES.index(shape)}_{colour}_2017{number:04d}.chip.png")
        draw(files[-1], shape, colour, size, number)
    return files


def write_listed(folder: Path, count: int) -> list[list[str]]:
    """Draw pictures and return the lines of their table: file, shape, colour, size."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (shape, colour, size) in enumerate(things(count)):
        draw(folder / "images" / f"{number}.png", shape, colour, size, number)
        lines.append([f"images/{number}.png", shape, colour, str(size)])
    return lines


def write_table(folder: Path, lines: list[list[str]]) -> None:
    """Write `labels.csv`."""
    text = "\n".join(",".join(line) for line in [["file", "shape", "colour", "size"], *lines])
    (folder / "labels.csv").write_text(text + "\n")


def write_recipe(folder: Path, labels: str = "labels.csv", more: str = "") -> Path:
    """Write the recipe, whose data set is named with --folder."""
    path = folder / "shapes.toml"
    path.write_text(RECIPE.format(labels=labels) + more)
    return path


@dataclass(frozen=True)
class Shapes:
    """A recipe with outputs whose data set is collected and whose network is trained."""

    recipe: Recipe
    work: Path
    learned: int  # photos
    coloured: int  # of them with a colour

    def store(self) -> PhotoStore:
        return PhotoStore(self.work, self.recipe.labels)


def make_shapes(folder: Path, count: int = 90) -> Shapes:
    """Draw a data set in which every ninth colour is missing; collect it, and train."""
    from recognizer.collect.collect import collect
    from recognizer.train.outputs import load_outputs, train_outputs

    lines = write_listed(folder / "data", count)
    for line in lines[::9]:
        line[2] = ""
    write_table(folder / "data", lines)
    recipe = load_recipe(write_recipe(folder))
    recipe = recipe.model_copy(
        update={"collect": recipe.collect.model_copy(update={"folder": str(folder / "data")})}
    ).asked_for("shapes", folder / "work")
    with PhotoStore(folder / "work", recipe.labels) as store:
        collect(recipe, store)
        train_outputs(recipe, store)
        trained = load_outputs(recipe, store)
    known = [photo for photo in trained.split.learning if "colour" in trained.values[photo.sha256]]
    return Shapes(recipe, folder / "work", len(trained.split.learning), len(known))
