"""A model elsewhere: plain fastai opens learner.pkl for every backbone, and no file names this machine."""

import recognizer.networks.torchvision_cure  # noqa: F401

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest

from recognizer.export.export import write_learner
from recognizer.networks.backbone import load_backbone
from recognizer.networks.forward import embed, predict
from recognizer.networks.grid import spread
from recognizer.networks.head import with_head
from recognizer.networks.lda import fit_linear
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.examples import label_numbers
from recognizer.train.learner import make_learner
from recognizer.train.train import load_trained
from tests.conftest import Built
from tests.export.named_paths import naming_this_machine
from tests.paths import ROOT
from tests.pickled import named, operations

RESNETS = ("resnet18", "resnet34")
KNOWN = {"fastai", "fastcore", "fasttransform", "plum", "torch", "torchvision", "timm", "numpy", "PIL"}
PLATFORM = {"PosixPath", "WindowsPath"}


class Learner(NamedTuple):
    """A written learner, and what it said of photos before it was written."""

    file: Path
    photos: list[Photo]
    expected: np.ndarray


@pytest.fixture(scope="module")
def learners(built: Built, tmp_path_factory: pytest.TempPathFactory) -> list[Learner]:
    """Of the three backbones that recipes use; that of the tiny recipe is trained, of the others the head."""
    recipe = load_recipe(built.recipe)
    folder = tmp_path_factory.mktemp("learners")
    with PhotoStore(built.work, recipe.labels) as store:
        trained = load_trained(recipe, store)
    split, photos, size = trained.split, trained.split.held_out[:4], recipe.train.size
    found = [Learner(built.model / "learner.pkl", photos, trained.predict(photos).probabilities)]
    for name in RESNETS:
        backbone = load_backbone(name, pretrained=False)
        labels = label_numbers(recipe.labels, split.training)
        layer = fit_linear(embed(backbone, split.training, size)[:, None], labels)
        network = with_head(backbone, spread(layer, backbone, size), size)
        expected = predict(network, backbone, photos, size).probabilities
        found.append(Learner(folder / f"{name}.pkl", photos, expected))
        write_learner(make_learner(recipe, split, backbone, network), found[-1].file)
    return found


@pytest.mark.slow
def test_every_backbone_opens_in_a_program_that_has_fastai_only(learners: list[Learner], tmp_path: Path) -> None:
    files = [str(learner.file) for learner in learners]
    photos = [str(photo.path) for photo in learners[0].photos]
    command = [sys.executable, "-I", str(ROOT / "tests" / "export" / "plain.py"), *files, "--photos", *photos]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    for learner in learners:
        given = json.loads(printed)["learners"][str(learner.file)]["probabilities"]
        assert given == pytest.approx(learner.expected, abs=1e-4), learner.file
        assert np.ptp(learner.expected, axis=0).max() > 1e-3  # it does not say the same of all photos
    assert not list(tmp_path.iterdir())


def test_no_learner_names_this_machine_its_system_or_its_python(learners: list[Learner], built: Built) -> None:
    """Not one function is in it by value, since that would be bytecode of one version of Python."""
    for learner in learners:
        steps, texts = zip(*operations(learner.file), strict=True)
        assert {"STACK_GLOBAL", "INST", "EXT1"}.isdisjoint(steps)  # `named` would not see what they take
        modules = {module.split(".")[0] for module, _ in named(learner.file)}
        assert modules <= KNOWN | sys.stdlib_module_names | {"__builtin__"}, modules
        assert {name for _, name in named(learner.file)}.isdisjoint(
            {*PLATFORM, "CodeType", "FunctionType", "eval", "exec"}
        )
        here = [str(built.work), str(ROOT), sys.prefix, sys.base_prefix]
        assert not [text for text in texts for word in (*here, "recognizer") if word in text]
        assert not [text for text in texts if text.startswith("/") or text[1:3] == ":\\"]


def test_no_file_of_a_model_names_this_machine(built: Built, shapes_model: Path) -> None:
    assert naming_this_machine(built.model) == naming_this_machine(shapes_model) == []


def test_what_the_maker_notes_in_a_network_stays_out_of_it(built: Built, shapes_model: Path) -> None:
    for model in (built.model, shapes_model):
        for form in ("model.onnx", "model.fp16.onnx"):
            network = onnx.load(model / form)
            onnx.checker.check_model(network)
            graph = network.graph
            parts = [network, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
            parts += [*network.functions, *(node for function in network.functions for node in function.node)]
            assert not [part for part in parts if part.metadata_props or part.doc_string]
