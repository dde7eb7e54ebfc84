"""Every kind of network becomes forms that agree; of tokens, too, the weights are rounded for the smallest."""

import recognizer.networks.torchvision_cure  # noqa: F401

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm

from recognizer.calibration.abstain import energy
from recognizer.calibration.calibrate import Calibration
from recognizer.export.agreement import measure_agreement
from recognizer.export.export import write_forms
from recognizer.export.onnx_forms import onnx_pixels
from recognizer.networks.backbone import Backbone
from recognizer.networks.forward import embed
from recognizer.networks.grid import spread
from recognizer.networks.head import with_head
from recognizer.networks.layers import maps_of_timm
from recognizer.networks.lda import fit_linear
from recognizer.networks.onnx_session import open_session
from recognizer.recipe import Recipe
from recognizer.splits.split import Split
from recognizer.train.runs import Run
from recognizer.train.train import TrainedNetwork
from tests.networks.networks import draw_photo

NETWORKS: dict[str, tuple[int, dict[str, Any]]] = {
    "vit_tiny_patch16_224": (64, {"depth": 2}),
    "swin_tiny_patch4_window7_224": (64, {"depths": (1, 1, 1, 1), "embed_dim": 48, "num_heads": (1, 2, 2, 4)}),
    "levit_128s": (64, {"img_size": 64, "depth": (1, 1, 1)}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_forms_of_networks_of_tokens_agree(recipe: Recipe, name: str, tmp_path: Path) -> None:
    size, how = NETWORKS[name]
    small = recipe.model_copy(update={"train": recipe.train.model_copy(update={"size": size, "epochs": 0})})
    photos = [replace(draw_photo(tmp_path, number), label=recipe.labels[number % 4]) for number in range(12)]
    backbone = Backbone.of(maps_of_timm(timm.create_model(name, **how), size).network, 2, size)
    layer = fit_linear(embed(backbone, photos, size)[:, None], np.arange(12) % 4)
    network = with_head(backbone, spread(layer, backbone, size), size)
    split = Split(photos[:8], photos[8:], [], [], {})
    folder = tmp_path / "model"
    folder.mkdir()
    trained = TrainedNetwork(Run(folder), split, backbone, network, Calibration(1.0, 0.5, 9.0, 3), size)
    write_forms(small, trained, folder)
    forms = measure_agreement(folder, photos, size)["forms"]
    pixels = onnx_pixels(photos[0].path, size)
    energies, evidence = open_session(folder / "model.onnx").run(["energy", "evidence"], {"pixels": pixels})
    assert energy(evidence.sum(axis=(2, 3))) == pytest.approx(energies, abs=1e-4)  # it adds up to the logits
    assert forms["model.fp16.onnx"]["largest_difference"] < 0.02
    assert (folder / "model.fp16.onnx").stat().st_size < 0.6 * (folder / "model.onnx").stat().st_size
