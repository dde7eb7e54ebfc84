"""A network with several outputs as TFLite: each of them is an output of the file, under its name."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recognizer.export.tflite import Form, Network, write_tflite
from recognizer.export.tflite_networks import Told
from recognizer.recipe import Recipe
from recognizer.report import Watch
from recognizer.train.outputs import TrainedOutputs


def write_outputs_tflite(
    recipe: Recipe, trained: TrainedOutputs, folder: Path, watch: Watch
) -> dict[str, dict[str, Any]]:
    """Write the network as TFLite; returns for each file how far its outputs are from the network's, as `worst` says.

    Args:
        recipe: the recipe.
        trained: the network.
        folder: where to.
        watch: told what is being done.
    """
    given = as_tflite(recipe, trained)
    figures = write_tflite(given, trained.split.learning, trained.split.held_out, folder, watch)
    return {file: worst(found, given.outputs) for file, found in figures.items()}


def as_tflite(recipe: Recipe, trained: TrainedOutputs) -> Network:
    """Return a trained network as it is written for TFLite."""
    places = [trained.calibrations[one.name] for one in recipe.outputs]
    told = [Told(place.start, place.stop, place.centres) for place in places]
    forms = [Form(one.name, one.description, one.labels, part) for one, part in zip(recipe.outputs, told, strict=True)]
    return Network(recipe.title, recipe.description, trained.network, trained.backbone, trained.size, forms)


def worst(found: Mapping[str, Mapping[str, Any]], outputs: Sequence[Form]) -> dict[str, Any]:
    """Return the largest difference of all outputs, a number's as a share of its range, and the least `same_answer`.

    That is of the outputs with classes, where there are any: how near a number is, the difference tells. What else
    `found` says of outputs is the same for all.

    Args:
        found: of one file, name of an output to what `compare` says.
        outputs: of the network.
    """
    differences = [found[one.name]["largest_difference"] / one.told.span for one in outputs]
    likely = [one for one in outputs if not one.told.centres] or outputs
    return dict(found[outputs[0].name]) | {
        "largest_difference": max(differences),
        "same_answer": min(found[one.name]["same_answer"] for one in likely),
    }
