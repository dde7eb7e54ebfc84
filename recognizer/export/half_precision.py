"""A network's larger weights in floats of sixteen bits, half the size; it calculates in floats of thirty-two.

So it gives the same on every processor and in every browser, and on photos of any kind: rounding moves a weight by one
part in two thousand at most. Weights in whole numbers of eight bits changed one answer in forty on photos of a
collection that the network had never seen (docs/experiments.md).
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

# Tensors of at most so many numbers stay as they are: shifts and the first layers, which take little place, and whose
# rounding changes probabilities ten times as much as that of all others (docs/experiments.md).
FEW = 16_384


def write_half(source: Path, file: Path) -> None:
    """Write a network with its weights in floats of sixteen bits.

    ONNX Runtime makes the casts once, when it loads the network.

    Args:
        source: what `write_onnx` wrote.
        file: the file to write.
    """
    network = onnx.load(source)
    for tensor in list(network.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > FEW:
            _halve(network.graph, tensor, values.astype(np.float16))
    onnx.save(network, file)


def _halve(
    graph: onnx.GraphProto, tensor: onnx.TensorProto, values: "np.ndarray[tuple[int, ...], np.dtype[np.float16]]"
) -> None:
    """Put rounded weights, and a cast that gives them back their name, in the place of weights."""
    if not np.isfinite(values).all():  # too large for sixteen bits: left as it is
        return
    name = f"{tensor.name}.half"
    graph.initializer.remove(tensor)
    graph.initializer.append(numpy_helper.from_array(values, name))
    graph.node.insert(0, onnx.helper.make_node("Cast", [name], [tensor.name], to=onnx.TensorProto.FLOAT))
