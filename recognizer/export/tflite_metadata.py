"""Metadata in a TFLite file: what its input and outputs are, and the labels, as TFLite's own libraries read them.

    embed(model, pixels, parts)     # a flatbuffer in the model, and labels.txt as a zip archive behind it

Android Studio, MediaPipe and the TFLite Task Library read it (https://ai.google.dev/edge/litert/models/metadata). The
numbers of fields are those of metadata_schema.fbs, whose generated code no package has beside today's numpy.
"""

import io
import zipfile
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools.flatbuffer_utils import convert_object_to_bytearray, read_model_from_bytearray
from flatbuffers import Builder

IDENTIFIER, KEY, NEEDED = (
    b"M001",
    "TFLITE_METADATA",
    "1.0.0",
)  # of the metadata; the last is the oldest reader's version
AXIS_LABELS, IMAGE, FEATURES, RGB, NORMALISED = 2, 2, 1, 1, 1  # of the schema's enumerations and unions
UOFFSET, BYTE = 4, 1  # bytes that an entry takes


class Part(NamedTuple):
    """An output of a network.

    Args:
        name: as the recipe calls it.
        labels: of its classes, in order; none of a number.
        description: what it is.
    """

    name: str
    labels: list[str]
    description: str


def embed(model: bytes, title: str, description: str, size: int, parts: Sequence[Part]) -> bytes:
    """Return a TFLite file with metadata.

    Args:
        model: the file; its outputs are the parts, in order.
        title: of the model.
        description: of the model.
        size: pixels, the side of the square that it takes.
        parts: its outputs.
    """
    tree = read_model_from_bytearray(bytearray(model))
    tree.buffers.append(schema.BufferT())
    tree.buffers[-1].data = np.frombuffer(_metadata(title, description, size, parts), np.uint8)
    entry = schema.MetadataT()
    entry.name, entry.buffer = KEY, len(tree.buffers) - 1
    tree.metadata = [*(tree.metadata or []), entry]
    return bytes(convert_object_to_bytearray(tree)) + _archive(parts)


def labels_file(part: Part, parts: Sequence[Part]) -> str:
    """Return what the file of a part's labels is called: labels.txt where it is the only one."""
    return "labels.txt" if len(parts) == 1 else f"{part.name}.txt"


def _archive(parts: Sequence[Part]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for part in parts:
            if part.labels:
                entry = zipfile.ZipInfo(labels_file(part, parts))  # of 1980, so that the same model has the same bytes
                archive.writestr(entry, "".join(f"{label}\n" for label in part.labels))
    return data.getvalue()


def _metadata(title: str, description: str, size: int, parts: Sequence[Part]) -> bytes:
    builder = Builder(1024)
    inputs = _vector(builder, [_image(builder, size)])
    outputs = _vector(builder, [_output(builder, part, parts) for part in parts])
    graph = _vector(builder, [_table(builder, 10, {2: inputs, 3: outputs})])
    root = _table(builder, 8, {0: title, 1: description, 3: graph, 7: NEEDED})
    builder.Finish(root, IDENTIFIER)
    return bytes(builder.Output())


def _image(builder: Builder, size: int) -> int:
    """Write the input: RGB pixels of a square; what is subtracted and divided before is nothing, and one."""
    side = _table(builder, 2, {}, numbers={0: size, 1: size})
    properties = _table(builder, 2, {1: side}, bytes_={0: RGB})
    content = _table(builder, 3, {1: properties}, bytes_={0: IMAGE})
    options = _table(builder, 2, {0: _floats(builder, [0.0]), 1: _floats(builder, [1.0])})
    units = _vector(builder, [_table(builder, 2, {1: options}, bytes_={0: NORMALISED})])
    stats = _table(builder, 2, {0: _floats(builder, [255.0]), 1: _floats(builder, [0.0])})
    what = "The photo, squashed to a square with bilinear resampling; RGB, 0 to 255."
    return _table(builder, 7, {0: "image", 1: what, 3: content, 4: units, 5: stats})


def _output(builder: Builder, part: Part, parts: Sequence[Part]) -> int:
    content = _table(builder, 3, {1: _table(builder, 0, {})}, bytes_={0: FEATURES})
    fields: dict[int, Any] = {0: part.name, 1: part.description, 3: content}
    if part.labels:
        stats = _table(builder, 2, {0: _floats(builder, [1.0]), 1: _floats(builder, [0.0])})
        file = {0: labels_file(part, parts), 1: "Labels of the classes, in order."}
        files = _vector(builder, [_table(builder, 5, file, bytes_={2: AXIS_LABELS})])
        fields |= {5: stats, 6: files}
    return _table(builder, 7, fields)


def _table(
    builder: Builder,
    width: int,
    fields: dict[int, Any],
    numbers: dict[int, int] | None = None,
    bytes_: dict[int, int] | None = None,
) -> int:
    """Write a table of so many fields: texts, or what was written before, by their places; then numbers and bytes."""
    placed = {place: builder.CreateString(one) if isinstance(one, str) else one for place, one in fields.items()}
    builder.StartObject(width)
    for place, offset in placed.items():
        builder.PrependUOffsetTRelativeSlot(place, offset, 0)
    for place, number in (numbers or {}).items():
        builder.PrependUint32Slot(place, number, 0)
    for place, byte in (bytes_ or {}).items():
        builder.PrependUint8Slot(place, byte, 0)
    return int(builder.EndObject())


def _vector(builder: Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(UOFFSET, len(offsets), UOFFSET)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _floats(builder: Builder, values: Sequence[float]) -> int:
    builder.StartVector(UOFFSET, len(values), UOFFSET)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
