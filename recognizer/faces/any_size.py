"""The detector's network for pictures of any size, whole in itself, out of the file that its package brings."""

from pathlib import Path

import onnx


def any_size(weights: Path) -> bytes:
    """Return the network for pictures of any size; the file says 32 pixels, though its layers take all.

    What else ONNX Runtime would warn of goes as well: weights among the inputs, and weights that no layer uses.

    Args:
        weights: as `weights_file` returns it.
    """
    network = onnx.load(weights)
    graph = network.graph
    del graph.input[1:]
    used = {name for node in graph.node for name in node.input}
    for unused in [weight for weight in graph.initializer if weight.name not in used]:
        graph.initializer.remove(unused)
    for value in [*graph.input, *graph.output]:
        for number in (0, 2, 3):
            value.type.tensor_type.shape.dim[number].dim_param = f"{value.name} {number}"
    return bytes(network.SerializeToString())
