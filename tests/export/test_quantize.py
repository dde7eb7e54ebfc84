"""Weights in eight bits: near to what they were, and on average every channel gives what it gave."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from recognizer.export.onnx_forms import Floats, onnx_pixels
from recognizer.export.quantize import LARGEST, write_int8

SIZE = 32


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for file in files:
        Image.fromarray(rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)).save(file)
    return files


def write_network(file: Path) -> None:
    """Write three convolutions: of pixels, of channels, and within channels; the middle one has no bias yet."""
    rng = np.random.default_rng(1)
    shapes = {"first": (8, 3, 3, 3), "mixing": (16, 8, 1, 1), "within": (16, 1, 3, 3)}
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["pixels", "first"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "mixing"], ["c"], name="mixing"),
        helper.make_node("Conv", ["c", "within"], ["d"], name="within", group=16),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["photos", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("c", "d")],
        [numpy_helper.from_array(rows, name) for name, rows in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), file)


def given(file: Path, photos: list[Path]) -> Floats:
    """Return what the rounded convolution gives."""
    pixels = np.concatenate([onnx_pixels(photo, SIZE) for photo in photos])
    maps: Floats = onnxruntime.InferenceSession(file).run(["c"], {"pixels": pixels})[0]
    return maps


def test_only_weights_that_mix_channels_are_rounded_and_none_by_more_than_half_a_step(
    tmp_path: Path, photos: list[Path]
) -> None:
    write_network(tmp_path / "floats.onnx")
    write_int8(tmp_path / "floats.onnx", photos, SIZE, tmp_path / "int8.onnx")
    before, after = (
        {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(tmp_path / file).graph.initializer}
        for file in ("floats.onnx", "int8.onnx")
    )
    (rounded,) = [name for name, rows in after.items() if rows.dtype == np.int8]
    scale = after[rounded.replace("rounded", "scale")]
    step = np.abs(before["mixing"]).max(axis=1, keepdims=True) / LARGEST
    assert (np.abs(after[rounded] * scale - before["mixing"]) <= step * 0.501).all()
    assert after["first"] == pytest.approx(before["first"]) and after["within"] == pytest.approx(before["within"])
    assert "mixing" not in after


def test_a_rounded_channel_gives_on_average_what_it_gave(tmp_path: Path, photos: list[Path]) -> None:
    write_network(tmp_path / "floats.onnx")
    write_int8(tmp_path / "floats.onnx", photos, SIZE, tmp_path / "int8.onnx")
    before, after = (given(tmp_path / file, photos) for file in ("floats.onnx", "int8.onnx"))
    assert after.mean(axis=(0, 2, 3)) == pytest.approx(before.mean(axis=(0, 2, 3)), abs=1e-4)
    assert np.abs(after - before).max() > 0.01  # rounded it is
