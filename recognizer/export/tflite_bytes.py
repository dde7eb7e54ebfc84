"""A TFLite file that computes in floats takes and gives bytes: `take_and_give_bytes(model, [(0, 255), (0, 1)])`.

DEQUANTIZE stands before the rest and QUANTIZE behind it; each byte is a step of its tensor's scale.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

HIGHEST = 255


def take_and_give_bytes(model: Any, ranges: Sequence[Sequence[float]]) -> None:
    """Put bytes in the place of a model's floating-point input and outputs.

    Args:
        model: as `flatbuffer_utils.read_model` gives it, with one graph.
        ranges: of the input, then of each output: the values of the bytes 0 and 255. Zero is made one of the values.
    """
    (graph,) = model.subgraphs
    outer = [
        _bytes_for(graph, place, limits) for place, limits in zip([*graph.inputs, *graph.outputs], ranges, strict=True)
    ]
    taken, given = outer[: len(graph.inputs)], outer[len(graph.inputs) :]
    reading = [
        _operator(model, schema.BuiltinOperator.DEQUANTIZE, *pair) for pair in zip(taken, graph.inputs, strict=True)
    ]
    writing = [
        _operator(model, schema.BuiltinOperator.QUANTIZE, *pair) for pair in zip(graph.outputs, given, strict=True)
    ]
    instead = dict(zip([*graph.inputs, *graph.outputs], outer, strict=True))
    graph.operators = [*reading, *graph.operators, *writing]
    graph.inputs, graph.outputs = taken, given
    for signature in model.signatureDefs or []:
        for entry in [*signature.inputs, *signature.outputs]:
            entry.tensorIndex = instead[entry.tensorIndex]


def _bytes_for(graph: Any, place: int, limits: Sequence[float]) -> int:
    """Add a tensor of bytes for one of floats; return its place."""
    inner, tensor = graph.tensors[place], schema.TensorT()
    low, high = min(0.0, *limits), max(0.0, *limits)
    scale = (high - low) / HIGHEST
    tensor.name, tensor.shape, tensor.type, tensor.buffer = (
        inner.name + b"_bytes",
        inner.shape,
        schema.TensorType.UINT8,
        0,
    )
    tensor.shapeSignature = inner.shapeSignature
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = (
        np.array([scale], np.float32),
        np.array([round(-low / scale)]),
    )
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _operator(model: Any, kind: int, source: int, to: int) -> Any:
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    code.version = 1
    model.operatorCodes.append(code)
    operator.opcodeIndex, operator.inputs, operator.outputs = len(model.operatorCodes) - 1, [source], [to]
    return operator
