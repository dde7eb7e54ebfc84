"""The evaluate stage: what the trained network does on the held-out part, which no network has learned from.

The labels of held-out photos are those of the search that found them, unless a person corrected them; no rule changes
one. So most figures say how often answers agree with labels, and that is no bound of how often they are right: a wrong
label makes a right answer a mistake, an error that training and held-out photos share makes a wrong answer right, and a
person who corrects what the network doubts takes its mistakes away and leaves its lucky hits. Only the blind sample
says how often it is right (blind.py).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.calibration.abstain import energy, is_answered
from recognizer.calibration.calibrate import Probabilities
from recognizer.evaluate.blind import blind_figures, count_answers
from recognizer.evaluate.cautions import cautions
from recognizer.evaluate.charts import make_charts
from recognizer.evaluate.dependence import measure_dependence
from recognizer.evaluate.measured import measured, split_of
from recognizer.evaluate.metrics import measure
from recognizer.evaluate.page import write_html
from recognizer.faces.detector import INSTALL, is_installed
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import Outputs, extract
from recognizer.networks.grid import gather
from recognizer.networks.head import split_last
from recognizer.networks.lda import Layer
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.splits.blind import awaited_photos, blind_population, blind_sample
from recognizer.splits.split import few_held_out, taught_groups
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.examples import label_numbers, label_qualities
from recognizer.train.train import TrainedNetwork, load_trained


def evaluate(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Measure the last trained network on the held-out photos.

    Args:
        recipe: the recipe.
        store: the photo store.
        watch: told about photos.

    Returns:
        The report, as written to `reports/evaluate.json` and, with pictures, to `reports/evaluate.html`: `accuracy` and
        `accuracy_interval` (Wilson, 95 %), `balanced_accuracy` (the mean over classes), `photos`, `top3`, `ece` (15
        bins), `ece_by_chance` (the expected `ece` under perfect calibration), `coverage` (share of the photos that get
        an answer), `selective_accuracy` (of those answers) and `selective_interval`, `per_class`, each class with its
        own accuracy, interval and number of photos, and whether the interval is `too_wide` to mean anything, `few`,
        classes of which hardly any photo is held out, `likely_wrong_labels` (how many of the photos' labels are likely
        wrong, as far as `clean` and `review` know: the sum of each one's probability), `unrated_labels` (how many of
        them nobody has checked), `threshold_checked` (selective accuracy of training photos that had no say in the
        threshold by which they were answered), `out_of_fold` (the same figures for out-of-fold predictions in
        training), `run`, the fingerprint of the training that was measured, `measured`, a digest of what it was
        measured on (measured.py), `notes`, what is to be said of held-out photos that were left out, `missing`, how
        many kept photos have no file any more, `blind`, what the blind sample says (blind.py; `offered` is whether
        review asks for it), and `faces`, how far answers rest on faces (dependence.py), None where no detector is
        installed.

    Raises:
        RecognizerError: nothing is trained, or no photo is held out.
        WorkInUse: another run is at work in the work folder.
    """
    with store.locked():
        return _evaluate(recipe, store, watch)


def _evaluate(recipe: Recipe, store: PhotoStore, watch: Watch) -> dict[str, Any]:
    begun = time.monotonic()
    trained = load_trained(recipe, store)
    split, notes = split_of(recipe, trained.split, trained.run)
    trained, photos = replace(trained, split=split), split.held_out
    of_what = {"measured": measured(recipe, store, split), "notes": notes}
    probabilities, figures = _measure(recipe, trained, store.work, watch)
    figures |= of_what
    figures["blind"] = _blind(recipe, store, trained, watch)
    figures["faces"] = _dependence(recipe, trained, store.work, watch)
    labels = label_numbers(recipe.labels, photos)
    hidden = awaited_photos(recipe, store)
    charts = make_charts(photos, labels, probabilities, recipe.labels, figures["coverage"], hidden)
    counts = {"photos": len(photos)}
    for caution in cautions(recipe, figures):
        logging.getLogger(__name__).warning(caution)
    report = write_report(store.work, "evaluate", recipe.name, time.monotonic() - begun, counts, **figures)
    write_html(recipe, report, trained.calibration, charts, store.work / "reports")
    return report


def _predict(recipe: Recipe, trained: TrainedNetwork, photos: Sequence[Photo], work: Path, watch: Watch) -> Outputs:
    """Return what the network makes of photos as they are stored.

    Where all layers but the last are frozen, these run over no photo of which cleaning kept what they give, in half
    precision: probabilities are the same within 1e-4.
    """
    if not recipe.train.in_two or trained.run.metrics.get("branch"):
        return trained.predict(photos, watch)
    layers, _ = trained.network.children()
    trained.backbone.layers.load_state_dict(layers.state_dict())  # the run's, by which the kept features are found
    kept = extract(photos, head_extractor(trained.backbone, recipe.train), work, watch=watch)["embedding"][:, 0]
    weight, bias = (values.detach().cpu().numpy() for values in split_last(trained.network)[1].parameters())
    layer = gather(Layer(weight, bias), trained.backbone, trained.size)
    return Outputs((kept @ layer.weight.T + layer.bias).astype(np.float64))


def _measure(recipe: Recipe, trained: TrainedNetwork, work: Path, watch: Watch) -> tuple[Probabilities, dict[str, Any]]:
    """Return the probabilities of held-out photos, (photos, classes), and the figures of the report."""
    photos, calibration = trained.split.held_out, trained.calibration
    found = _predict(recipe, trained, photos, work, watch)
    out_of_distribution = energy(found.logits) > calibration.limit
    labels = label_numbers(recipe.labels, photos)
    metrics = trained.run.metrics
    return found.probabilities, {
        **measure(labels, found.probabilities, recipe.labels, calibration.threshold, out_of_distribution),
        "run": metrics["fingerprint"],
        "likely_wrong_labels": round(float((1 - label_qualities(photos)).sum()), 1),
        "out_of_fold": metrics["judged"],
        "missing": trained.split.missing,
        "few": few_held_out(recipe, trained.split),
        "threshold_checked": calibration.checked,
        "unrated_labels": sum(not photo.label_rated for photo in photos),
    }


def _blind(recipe: Recipe, store: PhotoStore, trained: TrainedNetwork, watch: Watch) -> dict[str, Any]:
    """Return what the blind sample of the held-out photos says; only counts while one of them waits for a person."""
    taught, answers = taught_groups(trained.split, trained.run.photos), store.blind_answers.all()
    population, sample = (
        [photo for photo in photos if trained.split.groups[photo.sha256] not in taught]
        for photos in (blind_population(recipe, store), blind_sample(recipe, store))
    )
    offered = bool(sample) and store.issues.exist()  # before cleaning, review asks for none
    counts = count_answers(sample, len(population), answers) | {"offered": offered}
    if not sample or counts["answered"] < len(sample):
        return counts
    found, calibration = _predict(recipe, trained, sample, store.work, watch), trained.calibration
    given = is_answered(found.probabilities, energy(found.logits), calibration.threshold, calibration.limit)
    likeliest = np.array(recipe.labels)[found.probabilities.argmax(axis=1)]
    return counts | blind_figures(sample, len(population) - len(sample), answers, likeliest, given)


def _dependence(recipe: Recipe, trained: TrainedNetwork, work: Path, watch: Watch) -> dict[str, Any] | None:
    """Return how far answers rest on faces; None where they cannot be found, which is said where it matters most."""
    if is_installed():
        return measure_dependence(recipe, trained, work, watch)
    if recipe.people:
        logging.getLogger(__name__).warning("How far answers rest on faces is not measured; for that, %s.", INSTALL)
    return None
