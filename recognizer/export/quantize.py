"""A network's weights in whole numbers of eight bits, a third of the size; it calculates in floats.

So it gives the same on every processor and in every browser. Activations in whole numbers as well would change more
answers than one in a hundred (docs/experiments.md).
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization.shape_inference import quant_pre_process

from recognizer.export.onnx_forms import Floats, onnx_pixels
from recognizer.networks.onnx_session import open_session

MOST_PHOTOS = 96  # to measure means with; more change them little
LARGEST = 127


def write_int8(source: Path, photos: Sequence[Path], size: int, file: Path) -> None:
    """Write a network with the weights of its convolutions, or of its tokens, in whole numbers of eight bits.

    Each channel has a scale of its own. Rounding moves what a channel gives on average: by how much follows from the
    means of what goes in, and its bias takes that back (Nagel et al., 2019, https://arxiv.org/abs/1906.04721). The
    first convolution, those within a channel and the last layer hold few weights that range widely, so they stay in
    floats.

    Args:
        source: what `write_onnx` wrote.
        photos: files of photos that the network has learned from, evenly of all classes.
        size: side of the square that the network sees, in pixels.
        file: the file to write.
    """
    network = _load_fused(source)
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in network.graph.initializer}
    mixing = [*_of_kind(network, "Conv")[1:], *_of_kind(network, "MatMul")]
    rounded = [node for node in mixing if node.input[1] in tensors and _groups(node) == 1]
    pixels = (onnx_pixels(photo, size) for photo in photos[:: -(-len(photos) // MOST_PHOTOS)])
    means = _mean_inputs(network, {node.input[0]: node.op_type for node in rounded}, pixels)
    for node in rounded:
        _round_weights(network.graph, node, tensors, means[node.input[0]])
    _drop_unused(network.graph)
    onnx.save(network, file)


def _load_fused(source: Path) -> onnx.ModelProto:
    """Load a network with batch normalisation as part of its convolutions."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        fused = Path(folder) / "fused.onnx"
        quant_pre_process(source, fused, skip_symbolic_shape=True)
        return onnx.load(fused)


def _of_kind(network: onnx.ModelProto, kind: str) -> list[onnx.NodeProto]:
    return [node for node in network.graph.node if node.op_type == kind]


def _groups(node: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)


def _mean_inputs(network: onnx.ModelProto, kinds: Mapping[str, str], photos: Iterable[Floats]) -> dict[str, Floats]:
    """Return the mean of each channel of maps or tokens within a network, (channels,), over photos and places.

    Args:
        network: the network.
        kinds: name of what a node takes to the kind of the node, which says where the channels are.
        photos: as `onnx_pixels` gives them.
    """
    names = sorted(kinds)
    watched = onnx.ModelProto()
    watched.CopyFrom(network)
    maps = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    watched.graph.output.extend(maps)
    session = open_session(watched.SerializeToString())
    runs = (zip(names, session.run(names, {"pixels": photo}), strict=True) for photo in photos)
    given = [[_channel_means(one, kinds[name]) for name, one in run] for run in runs]
    return {name: np.mean(rows, axis=0) for name, rows in zip(names, zip(*given, strict=True), strict=True)}


def _channel_means(given: Floats, kind: str) -> Floats:
    means: Floats = given.mean(axis=(0, 2, 3) if kind == "Conv" else tuple(range(given.ndim - 1)))
    return means


def _round_weights(graph: onnx.GraphProto, node: onnx.NodeProto, tensors: Mapping[str, Floats], mean: Floats) -> None:
    """Round the weights of a convolution, or of a product of matrices, and correct its bias.

    Args:
        graph: that it is in.
        node: the convolution or product.
        tensors: the graph's, by name.
        mean: of each channel that goes in, (channels,).
    """
    weight = tensors[node.input[1]]  # (channels out, channels in, height, width), or (channels in, channels out)
    is_product = weight.ndim == 2
    scale = np.abs(weight).max(axis=0 if is_product else (1, 2, 3), keepdims=True).clip(1e-12) / LARGEST
    rounded = np.round(weight / scale).astype(np.int8)
    change = rounded * scale - weight
    moved = mean @ change if is_product else change.sum(axis=(2, 3)) @ mean
    bias = (tensors[node.input[2]] if len(node.input) > 2 else 0) - moved
    new = {"rounded": rounded, "scale": scale.astype(np.float32), "bias": bias.astype(np.float32)}
    graph.initializer.extend(numpy_helper.from_array(rows, f"{node.name}.{name}") for name, rows in new.items())
    # ONNX Runtime does these two once, when it loads the network; a DequantizeLinear it would do for every photo.
    floats = onnx.helper.make_node("Cast", [f"{node.name}.rounded"], [f"{node.name}.floats"], to=onnx.TensorProto.FLOAT)
    scaled = onnx.helper.make_node("Mul", [f"{node.name}.floats", f"{node.name}.scale"], [f"{node.name}.weight"])
    graph.node.insert(0, scaled)
    graph.node.insert(0, floats)
    node.input[1:] = [f"{node.name}.weight"] if is_product else [f"{node.name}.weight", f"{node.name}.bias"]
    if is_product:
        _add_after(graph, node)


def _add_after(graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """Add the bias to what a product of matrices gives, for it takes none itself."""
    (given,) = node.output
    node.output[:] = [f"{node.name}.product"]
    added = onnx.helper.make_node("Add", [f"{node.name}.product", f"{node.name}.bias"], [given])
    graph.node.insert(list(graph.node).index(node) + 1, added)


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime's advice to prepare the network, which is done here, off the terminal."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
