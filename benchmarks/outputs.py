"""Several outputs of one photo: ours, plain linear heads on the pooled features, and the constant guess.

    python -m benchmarks.outputs ../shared --work DIR

Takes SHARED/faces, photos of FairFace, and the recipe `fairface`, or the one that --recipe names. All figures are of
the same held-out photos, from which nothing has learned, with 95 % intervals; accuracy of classes, mean absolute error
of a number. The plain way is what one would write first: EfficientNet-Lite0 as published, frozen, its pooled features
at 224 pixels, then scikit-learn's LDA with shrinkage for classes and ridge regression for numbers.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import timm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recognizer.clean.outputs import clean_outputs
from recognizer.collect.collect import collect
from recognizer.evaluate.metrics import accuracy_of
from recognizer.evaluate.outputs import evaluate_outputs
from recognizer.export.outputs import export_outputs
from recognizer.networks.backbone import LITE0, load_backbone, packaged_weights
from recognizer.networks.extractors import make_extractor
from recognizer.networks.forward import extract
from recognizer.networks.weights import fit_weights, read_weights
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.values import MISSING, Target
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.outputs import TrainedOutputs, load_outputs, train_outputs

PLAIN_SIZE = 224  # pixels
RIDGES = np.geomspace(10, 1e5, 9)
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="work folder; what is there is used")
    parser.add_argument("--recipe", default="fairface", help="with the outputs of fairface; its own settings")
    asked = parser.parse_args()
    recipe = _with_folder(load_recipe(asked.recipe), asked.shared / "faces").asked_for(asked.recipe, asked.work)
    with PhotoStore(asked.work, recipe.labels) as store:
        _timed("collect", lambda: collect(recipe, store))
        _timed("clean", lambda: clean_outputs(recipe, store))
        report = _timed("train", lambda: train_outputs(recipe, store))
        measured = _timed("evaluate", lambda: evaluate_outputs(recipe, store))
        _timed("export", lambda: export_outputs(recipe, store))
        trained = load_outputs(recipe, store)
        plain = _timed("plain", lambda: _plain(recipe, trained, asked.work))
    print(f"{len(trained.split.learning)} photos learned from, {len(trained.split.held_out)} held out")
    for name, ours in measured["outputs"].items():
        figures = [("ours", ours), ("plain", plain[name]), ("constant guess", ours["constant"])]
        said = "; ".join(f"{way} {_said(one)}" for way, one in figures)
        print(f"{name}: {said}; ours, of photos that chose settings: {report['judged'][name]}", flush=True)
    if tuning := report.get("tuning"):
        print(f"fine-tuning: {tuning}")


def _with_folder(recipe: Recipe, folder: Path) -> Recipe:
    return recipe.model_copy(update={"collect": recipe.collect.model_copy(update={"folder": str(folder)})})


def _timed(stage: str, work: Callable[[], T]) -> T:
    begun, used = time.monotonic(), time.process_time()
    found = work()
    print(f"{stage}: {time.monotonic() - begun:.0f} s, {time.process_time() - used:.0f} s of a processor", flush=True)
    return found


def _plain(recipe: Recipe, trained: TrainedOutputs, work: Path) -> dict[str, dict[str, Any]]:
    """Return the figures of the plain way, of each output."""
    photos = [*trained.split.learning, *trained.split.held_out]
    features = _pooled(recipe, photos, work)
    found = {}
    for name, one in trained.calibrations.items():
        output = next(output for output in recipe.outputs if output.name == name)
        target = Target(output, tuple(one.centres))
        values = target.amounts(photos, trained.values) if one.centres else target.numbers(photos, trained.values)
        known = target.numbers(photos, trained.values) != MISSING
        teaching = known & (np.arange(len(photos)) < len(trained.split.learning))
        asked = known & ~teaching
        how = RidgeCV(RIDGES) if one.centres else LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        said = make_pipeline(StandardScaler(), how).fit(features[teaching], values[teaching]).predict(features[asked])
        found[name] = _errors(said - values[asked]) if one.centres else accuracy_of(said == values[asked])
    return found


def _pooled(recipe: Recipe, photos: list[Photo], work: Path) -> npt.NDArray[np.float32]:
    """Return the pooled features of the published network, (n, 1280)."""
    network: Any = timm.create_model(LITE0)
    source = packaged_weights(LITE0)
    fit_weights(network, read_weights(source), source)
    network.reset_classifier(0)
    settings = recipe.train.model_copy(update={"backbone": LITE0, "size": PLAIN_SIZE})
    backbone = load_backbone(LITE0, size=PLAIN_SIZE)
    extractor = make_extractor("plain", network.eval(), ("pooled",), backbone, settings, PLAIN_SIZE)
    return extract(photos, extractor, work)["pooled"][:, 0].astype(np.float32)


def _errors(errors: npt.NDArray[np.float64]) -> dict[str, Any]:
    sizes = np.abs(errors)
    mean, half = sizes.mean(), 1.96 * sizes.std(ddof=1) / np.sqrt(len(sizes))
    return {"mean_absolute_error": mean, "mean_absolute_error_interval": [mean - half, mean + half]}


def _said(figures: dict[str, Any]) -> str:
    if "accuracy" in figures:
        low, high = figures["accuracy_interval"]
        return f"{figures['accuracy']:.1%} ({low * 100:.1f} to {high * 100:.1f})"
    interval = figures.get("mean_absolute_error_interval")
    off = f"{figures['mean_absolute_error']:.2f}"
    return f"{off} ({interval[0]:.2f} to {interval[1]:.2f})" if interval else off


if __name__ == "__main__":
    main()
