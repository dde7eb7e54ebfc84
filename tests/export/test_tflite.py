"""TFLite: the networks that are converted, labels and metadata, the environment, and the whole where that is made."""

import recognizer.networks.torchvision_cure  # noqa: F401

import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools.flatbuffer_utils import convert_object_to_bytearray, read_model_from_bytearray
from timm.layers import Conv2dSame
from torch import nn

from recognizer.cli.summaries import exported, few_bits
from recognizer.export.export import export
from recognizer.export.outputs import export_outputs
from recognizer.export.tflite import Form, compare, evenly
from recognizer.export.tflite_bytes import take_and_give_bytes
from recognizer.export.tflite_card import tflite_use
from recognizer.export.tflite_environment import NAME, is_made
from recognizer.export.tflite_metadata import Part, embed
from recognizer.export.tflite_networks import Raw, Told
from recognizer.export.tflite_outputs import worst
from recognizer.export.tflite_program import answers
from recognizer.export.tflite_rounding import LEAST, round_by_input, rounded
from recognizer.images.decode import sha256
from recognizer.images.pixels import square_pixels
from recognizer.recipe import Recipe
from recognizer.serve.classifier import read_facts
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.outputs import load_outputs
from tests.drawn_dataset import Shapes
from tests.export.named_paths import naming_this_machine
from tests.export.small_tflite import SIDE, small_model

BLANK = Photo("", "0" * 16, 400, 300, "", "", "", "", "", "", "", Path("none.jpg"))
COLOURS = [Part("colour", ["red", "blue"], "Which colour it is.")]
MAKE = "from recognizer.export.tflite_environment import converter; print(converter())"


@pytest.fixture(scope="module")
def labelled() -> bytes:
    return embed(small_model(), "Colours", "Of squares.", SIDE, COLOURS)


@pytest.fixture
def small_network() -> nn.Sequential:
    """Convolutions with a dead channel, then a head of two classes and of a number in three parts."""
    torch.manual_seed(1)
    norms = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
    for norm in norms:
        nn.init.normal_(norm.bias, 0.5)
        assert norm.running_mean is not None
        norm.running_mean.normal_()
    norms[0].weight.data[2] = 1e-9
    first, second = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.Conv2d(8, 8, 3, groups=8, bias=False)
    layers = nn.Sequential(first, norms[0], nn.ReLU6(), second, norms[1], nn.ReLU6())
    return nn.Sequential(layers, nn.Sequential(nn.AvgPool2d(6), nn.Flatten(), nn.Linear(8, 5))).eval()


TOLD = [Told(0, 2), Told(2, 5, (10.0, 20.0, 60.0))]
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.2, 0.1)


def pixels(photos: int, side: int = 8) -> torch.Tensor:
    return torch.randint(0, 256, (photos, side, side, 3), generator=torch.Generator().manual_seed(0)).float()


def test_labels_are_in_the_file_as_a_zip_archive(labelled: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(labelled)) as archive:
        assert archive.read("labels.txt") == b"red\nblue\n"
    assert labelled == embed(small_model(), "Colours", "Of squares.", SIDE, COLOURS)


def test_each_of_several_outputs_has_its_labels(labelled: bytes) -> None:
    parts = [Part("race", ["A", "B"], ""), Part("gender", ["Female", "Male"], ""), Part("age", [], "In years.")]
    with zipfile.ZipFile(io.BytesIO(embed(small_model(), "Faces", "", SIDE, parts))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "race.txt": b"A\nB\n",
            "gender.txt": b"Female\nMale\n",
        }


def test_a_file_with_labels_answers_as_before(labelled: bytes) -> None:
    photos = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    photos[0, ..., 0], photos[1, ..., 2] = 200, 200
    (before,), (after,) = answers(small_model(), photos), answers(labelled, photos)
    assert after.argmax(axis=1).tolist() == [0, 1]
    assert (before == after).all()
    (entry,) = Interpreter(model_content=labelled).get_input_details()
    assert entry["dtype"] is np.uint8 and entry["shape"].tolist() == [1, SIDE, SIDE, 3]


def table(data: bytes, at: int) -> flatbuffers.table.Table:
    return flatbuffers.table.Table(data, at)


def field(one: flatbuffers.table.Table, place: int) -> Any:
    """Return the table in a field, or in the first place of a list of tables."""
    offset = one.Offset(4 + 2 * place)
    assert offset, place
    return one.Indirect(offset + one.Pos)


def text(one: flatbuffers.table.Table, place: int) -> str:
    return str(one.String(one.Offset(4 + 2 * place) + one.Pos).decode())


def first(one: flatbuffers.table.Table, place: int) -> flatbuffers.table.Table:
    return table(one.Bytes, one.Indirect(one.Vector(one.Offset(4 + 2 * place))))


def test_metadata_say_what_goes_in_and_comes_out(labelled: bytes) -> None:
    tree = read_model_from_bytearray(bytearray(labelled))
    (entry,) = [one for one in tree.metadata if one.name == b"TFLITE_METADATA"]
    data = bytes(tree.buffers[entry.buffer].data)
    assert data[4:8] == b"M001"
    root = table(data, int.from_bytes(data[:4], "little"))
    assert (text(root, 0), text(root, 1), text(root, 7)) == ("Colours", "Of squares.", "1.0.0")
    graph = first(root, 3)
    photo, output = first(graph, 2), first(graph, 3)
    assert text(photo, 0) == "image"
    image = table(data, field(table(data, field(photo, 3)), 1))
    assert image.Get(flatbuffers.number_types.Uint8Flags, image.Offset(4) + image.Pos) == 1  # RGB
    assert (text(output, 0), text(first(output, 6), 0)) == ("colour", "labels.txt")


@torch.no_grad()
def test_what_is_converted_says_what_the_network_says(small_network: nn.Sequential) -> None:
    raw = Raw(small_network, MEAN, STD, TOLD).eval()
    photo = pixels(1)
    colours, number = raw(photo)
    scaled = (photo / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    logits = small_network(scaled.permute(0, 3, 1, 2))
    assert colours == pytest.approx(logits[:, :2].softmax(dim=1), abs=1e-5)
    assert number.item() == pytest.approx(
        (logits[:, 2:].softmax(dim=1) @ torch.tensor(TOLD[1].centres)).item(), rel=1e-4
    )
    assert torch.equal(raw(photo.to(torch.uint8))[0], colours)


@torch.no_grad()
def test_the_likeliest_class_stays_ahead_in_bytes(small_network: nn.Sequential) -> None:
    """Of two classes that are both 128 of 256, nobody could tell which was likelier."""
    for parameter in small_network[1].parameters():
        parameter.mul_(0.001)
    plain, ahead = (Raw(small_network, MEAN, STD, TOLD, by).eval()(pixels(40)) for by in (0.0, 1 / 256))
    tied, told = ((one[0] * 256).round() for one in (plain, ahead))
    assert (tied[:, 0] == tied[:, 1]).any()
    assert torch.equal(told.argmax(dim=1), plain[0].argmax(dim=1)) and (told[:, 0] != told[:, 1]).all()
    assert torch.equal(ahead[1], plain[1]), "a number is what it is"


def test_a_file_in_floats_takes_and_gives_bytes() -> None:
    floats = small_model(schema.TensorType.FLOAT32)
    tree = read_model_from_bytearray(bytearray(floats))
    take_and_give_bytes(tree, [(0.0, 255.0), (0.0, 255 / 256)])
    model = bytes(convert_object_to_bytearray(tree))
    interpreter = Interpreter(model_content=model)
    (entry,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (entry["dtype"], entry["quantization"]) == (np.uint8, (1.0, 0))
    assert (output["dtype"], output["quantization"]) == (np.uint8, (1 / 256, 0))
    photos = pixels(4, SIDE).numpy()
    (expected,), (given,) = answers(floats, photos), answers(model, photos.astype(np.uint8))
    assert given == pytest.approx(expected.clip(max=255 / 256), abs=0.51 / 256)


@torch.no_grad()
def test_weights_make_good_what_rounding_others_changes() -> None:
    """On input that had no say, what is left is half of what rounding each weight by itself changes, or less."""
    torch.manual_seed(2)
    alike = torch.randn(40, 8)  # what few causes make of many channels
    seen, unseen = (alike @ torch.randn(8, 500) + 0.05 * torch.randn(40, 500) for _ in range(2))
    layer = nn.Conv2d(40, 16, 1, bias=False)
    weights = layer.weight.flatten(1).clone()
    steps = weights.abs().amax(dim=1, keepdim=True) / 127
    nearest = (weights / steps).round() * steps
    round_by_input(layer, (seen.T[..., None, None],))
    rounded_ = layer.weight.flatten(1)
    errors = [((one - weights) @ unseen).square().mean() for one in (rounded_, nearest)]
    assert errors[0] < errors[1] / 4
    assert (rounded_ / steps) == pytest.approx((rounded_ / steps).round(), abs=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("make", [nn.Conv2d, Conv2dSame])
def test_maps_smaller_than_what_goes_over_them_are_rounded_by(make: type[nn.Conv2d]) -> None:
    """As the last ones of small pictures are, which is only possible since something is put around them."""
    torch.manual_seed(3)
    layer = make(4, 4, 5, padding=0 if make is Conv2dSame else 2, groups=4, bias=False)
    weights = layer.weight.clone()
    round_by_input(layer, (torch.randn(6, 4, 3, 3),))
    steps = weights.flatten(1).abs().amax(dim=1)[:, None] / 127
    assert (layer.weight.flatten(1) / steps) == pytest.approx((layer.weight.flatten(1) / steps).round(), abs=1e-3)
    assert not torch.equal(layer.weight, weights)


@torch.no_grad()
def test_rounding_leaves_means_where_they_were(small_network: nn.Sequential) -> None:
    photos = pixels(16)
    raw = Raw(small_network, MEAN, STD, TOLD).eval()
    small = rounded(raw, photos)
    assert isinstance(small, Raw)
    for layer in [one for one in small.modules() if isinstance(one, nn.Conv2d | nn.Linear)]:
        for channel in layer.weight.flatten(1):
            steps = channel / channel.abs().max() * 127
            assert steps == pytest.approx(steps.round(), abs=1e-3)
    assert [steps.tolist() for steps in small.ends.buffers()] == [list(TOLD[1].centres)], (
        "a number's parts are what they are"
    )
    before, after = (one.embed(photos.permute(0, 3, 1, 2) / 255).mean(dim=0) for one in (raw, small))
    plain = [one(photos)[0].logit().mean(dim=0) for one in (raw, small)]
    assert after == pytest.approx(before, abs=0.02)
    assert plain[1] == pytest.approx(plain[0], abs=1e-2)


def test_constant_channels_keep_weights_that_bear_their_bias(small_network: nn.Sequential) -> None:
    raw = Raw(small_network, MEAN, STD, TOLD).eval()
    conv, norm = rounded(raw, pixels(4)).embed[0][:2]  # type: ignore[index]
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    assert (conv.weight.flatten(1).abs().amax(dim=1) * scale.abs()).min() >= LEAST * 0.99


def test_a_number_is_the_same_within_a_hundredth_of_its_range() -> None:
    logits = np.log(np.array([[0.5, 0.5, 0.0001], [0.1, 0.8, 0.1]]))
    told = Told(0, 3, (0.0, 10.0, 100.0))
    found = compare(np.array([[5.0], [20.0]]), logits, told)
    assert found["same_answer"] == 0.5
    assert found["largest_difference"] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("names", "difference", "same"), [("ab", 0.2, 0.9), ("b", 0.05, 0.8)])
def test_the_worst_of_several_outputs_counts_and_numbers_alone_have_one(
    names: str, difference: float, same: float
) -> None:
    told = {"a": Told(0, 2), "b": Told(2, 4, (10.0, 50.0))}
    figures = {"a": (0.2, 0.9), "b": (2.0, 0.8)}
    keys = ("largest_difference", "same_answer", "photos")
    found = {name: dict(zip(keys, (*one, 9), strict=True)) for name, one in figures.items()}
    forms = [Form(name, "", [], told[name]) for name in names]
    assert worst(found, forms) == {"largest_difference": difference, "same_answer": same, "photos": 9}


def test_too_few_bits_are_told() -> None:
    (sentence,) = few_bits({"model.tflite": {"same_answer": 0.95}})
    assert "95.0 %" in sentence and "model.float32.tflite" in sentence
    assert few_bits({"model.tflite": {"same_answer": 0.98}}) == few_bits({}) == []


def test_each_form_is_told_with_what_it_was_compared_with(recipe: Recipe) -> None:
    form = {"reference": "learner.pkl", "photos": 812, "largest_difference": 1e-7, "same_answer": 1.0}
    forms = {
        "model.onnx": form,
        "model.fp16.onnx": form,
        "model.tflite": form | {"reference": "PyTorch", "photos": 406},
    }
    _, first, second = exported(recipe, {"agreement": {"photos": 812, "forms": forms}})
    assert first == "model.onnx, model.fp16.onnx: compared with learner.pkl on 812 held-out photos of small."
    assert second == "model.tflite: compared with PyTorch on 406 held-out photos of small."


def make_environment(cache: Path, index: str) -> "subprocess.Popen[str]":
    environment = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(cache), "PIP_INDEX_URL": index, "HOME": str(cache)}
    command = [sys.executable, "-c", MAKE]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_stop_or_no_network_leave_no_half_environment(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # an index that never answers
        silent.settimeout(120)
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        stopped = make_environment(tmp_path, index)
        silent.accept()[0].close()
        assert len(list((tmp_path / "recognizer").glob("*.part"))) == 1
        stopped.send_signal(signal.SIGKILL)
        stopped.wait()
    began = time.monotonic()
    ended = make_environment(tmp_path, index)  # where nobody is any more
    _, said = ended.communicate()
    assert time.monotonic() - began < 90
    assert "The packages that write TFLite files could not be installed (No matching" in said.strip().splitlines()[-1]
    assert {one.name for one in (tmp_path / "recognizer").iterdir()} == {f"{NAME}.lock"}


def test_of_many_photos_each_class_has_its_share() -> None:
    """They are listed by class."""
    photos = [replace(BLANK, label=str(number // 400)) for number in range(1213)]
    drawn = Counter(photo.label for photo in evenly(photos, 500))
    assert drawn == {"0": 165, "1": 165, "2": 165, "3": 5}
    assert evenly(photos[:500], 500) == photos[:500] and evenly(photos[:1], 500) == photos[:1]


@pytest.mark.slow
@pytest.mark.skipif(not is_made(), reason="recognizer export --tflite has not made its environment here yet (1 GB)")
def test_a_model_as_tflite(built_copy: PhotoStore, built_recipe: Recipe) -> None:
    """Both files answer as the network does; the one of eight bits is asked as old callers ask theirs."""
    pixels_at = set[Path]()
    half = built_copy.work / "model.part"  # which is cleared where a kill left it
    report = export(built_recipe, built_copy, True, lambda *_: pixels_at.update(half.glob("*/held_out.npy")))
    assert len(pixels_at) == 1 and not any(file.exists() for file in pixels_at)
    forms, model = report["agreement"]["forms"], built_copy.work / "model"
    assert forms["model.float32.tflite"]["same_answer"] >= 0.995
    assert forms["model.tflite"]["same_answer"] >= 0.97  # 43 photos
    assert naming_this_machine(model) == []
    data = (model / "model.tflite").read_bytes()
    assert read_facts(model)["sha256"]["model.tflite"] == sha256(data)
    assert json.loads((model / "model.json").read_text())["agreement"]["forms"] == forms
    assert tflite_use(64, forms) in (model / "README.md").read_text(encoding="utf-8")
    with zipfile.ZipFile(model / "model.tflite") as archive:
        assert archive.read("labels.txt").decode().split("\n")[:-1] == built_recipe.labels
    interpreter = Interpreter(model_content=data)
    (entry,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (entry["shape"].tolist(), entry["dtype"], entry["quantization"]) == ([1, 64, 64, 3], np.uint8, (1.0, 0))
    assert (output["shape"].tolist(), output["dtype"]) == ([1, 12], np.uint8)
    assert output["quantization"] == (1 / 256, 0)
    photo = split_kept(built_recipe, built_copy).held_out[0]
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], square_pixels(photo.path, 64).transpose(1, 2, 0)[None])
    interpreter.invoke()
    assert int(interpreter.get_tensor(output["index"]).sum()) == pytest.approx(256, abs=6)
    assert (model / "model.tflite").stat().st_size < 0.4 * (model / "model.float32.tflite").stat().st_size


@pytest.mark.slow
@pytest.mark.skipif(not is_made(), reason="recognizer export --tflite has not made its environment here yet (1 GB)")
def test_several_outputs_as_tflite(shapes: Shapes, shapes_model: Path, tmp_path: Path) -> None:
    """Each output, classes or a number, is one of the file's under its scale, in the recipe's order."""
    work = Path(shutil.copytree(shapes_model.parent, tmp_path / "work"))
    with PhotoStore(work, shapes.recipe.labels) as store:
        forms = export_outputs(shapes.recipe, store, tflite=True)["agreement"]["forms"]
        trained = load_outputs(shapes.recipe, store)
        photos = trained.split.held_out
        logits = trained.predict(photos)
    assert (
        forms["model.float32.tflite"]["same_answer"] == 1 and forms["model.tflite"]["same_answer"] >= 0.9
    )  # 18 photos
    data = (work / "model" / "model.tflite").read_bytes()
    assert read_facts(work / "model")["agreement"]["forms"] == forms
    assert naming_this_machine(work / "model") == []
    with zipfile.ZipFile(work / "model" / "model.tflite") as archive:
        assert archive.namelist() == ["shape.txt", "colour.txt"]
    given = answers(data, np.stack([square_pixels(one.path, trained.size).transpose(1, 2, 0) for one in photos]))
    for found, one, step in zip(given, trained.calibrations.values(), (0.05, 0.05, 5.0), strict=True):
        assert found == pytest.approx(np.reshape(one.of(logits), found.shape), abs=step)
