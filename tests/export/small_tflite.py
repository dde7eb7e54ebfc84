"""A small TFLite file, built of nothing but its schema: uint8 pixels to the likelihood of two colours."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools.flatbuffer_utils import convert_object_to_bytearray

SIDE = 4
WEIGHTS = np.array([[0.1, 0.0, -0.1], [-0.1, 0.0, 0.1]], np.float32)  # red, and blue


def small_model(kind: int = schema.TensorType.UINT8) -> bytes:
    """(1, 4, 4, 3) of uint8, or another kind, to (1, 2): cast to floats, averaged over places, one layer, softmax."""
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor("pixels", [1, SIDE, SIDE, 3], kind, 0),
        _tensor("floats", [1, SIDE, SIDE, 3], schema.TensorType.FLOAT32, 0),
        _tensor("places", [2], schema.TensorType.INT32, 1),
        _tensor("colours", [1, 3], schema.TensorType.FLOAT32, 0),
        _tensor("weights", [2, 3], schema.TensorType.FLOAT32, 2),
        _tensor("logits", [1, 2], schema.TensorType.FLOAT32, 0),
        _tensor("probabilities", [1, 2], schema.TensorType.FLOAT32, 0),
    ]
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    graph.inputs, graph.outputs = [0], [6]
    graph.operators = [
        _operator(0, [0], [1], schema.BuiltinOptions.CastOptions, schema.CastOptionsT()),
        _operator(1, [1, 2], [3], schema.BuiltinOptions.ReducerOptions, schema.ReducerOptionsT()),
        _operator(2, [3, 4, -1], [5], schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT()),
        _operator(3, [5], [6], schema.BuiltinOptions.SoftmaxOptions, softmax),
    ]
    kinds = schema.BuiltinOperator
    model = schema.ModelT()
    model.version, model.subgraphs = 3, [graph]
    model.operatorCodes = [_code(one) for one in (kinds.CAST, kinds.MEAN, kinds.FULLY_CONNECTED, kinds.SOFTMAX)]
    model.buffers = [_buffer(b""), _buffer(np.array([1, 2], np.int32).tobytes()), _buffer(WEIGHTS.tobytes())]
    return bytes(convert_object_to_bytearray(model))


def _tensor(name: str, shape: list[int], kind: int, buffer: int) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, kind, buffer
    return tensor


def _operator(code: int, inputs: list[int], outputs: list[int], kind: int, options: object) -> schema.OperatorT:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, outputs
    operator.builtinOptionsType, operator.builtinOptions = kind, options
    return operator


def _code(kind: int) -> schema.OperatorCodeT:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    code.version = 1
    return code


def _buffer(data: bytes) -> schema.BufferT:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(data, np.uint8) if data else None
    return buffer
