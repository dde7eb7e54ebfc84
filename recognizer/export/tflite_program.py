"""What runs in the environment that has litert-torch: networks become TFLite files, which then answer about photos.

    python -m recognizer.export.tflite_program FOLDER

FOLDER holds task.json (`size`, `title`, `description`, `parts`, `ranges`), networks as torch.export saves them
(float.pt2 takes uint8 pixels, eight.pt2 float32 ones) and held_out.npy, uint8 (n, size, size, 3). It is given
model.float32.tflite, model.tflite and answers.npz: for each file and output what is said of the held-out photos.
Nothing is imported from this package but what needs no more than that environment has.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recognizer.export.tflite_bytes import take_and_give_bytes
from recognizer.export.tflite_metadata import Part, embed

FLOATS, EIGHT = "model.float32.tflite", "model.tflite"
Values = npt.NDArray[Any]


def run(folder: Path) -> None:
    """Convert the networks in a folder, and write down what the files say of photos."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    parts = [Part(**part) for part in task["parts"]]
    size = task["size"]
    _convert(folder / "float.pt2", "uint8", size).export(str(folder / "plain.tflite"))
    _convert(folder / "eight.pt2", "float32", size).export(str(folder / "before.tflite"))
    _eight_bits(folder, task["ranges"])
    photos = np.load(folder / "held_out.npy", mmap_mode="r")
    said: dict[str, Values] = {}
    for source, file in (("plain.tflite", FLOATS), ("quantised.tflite", EIGHT)):
        model = embed((folder / source).read_bytes(), task["title"], task["description"], size, parts)
        (folder / file).write_bytes(model)
        said |= {f"{file}/{part.name}": one for part, one in zip(parts, answers(model, photos), strict=True)}
    np.savez(folder / "answers.npz", allow_pickle=False, **said)


def answers(model: bytes, photos: Values) -> list[Values]:
    """Return what each output of a TFLite file says of photos, in its unit: (photos, classes) or (photos, 1).

    Args:
        model: the file, which takes uint8 pixels.
        photos: (n, size, size, 3), uint8.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    (entry,), outputs = interpreter.get_input_details(), interpreter.get_output_details()
    rows: list[list[Values]] = [[] for _ in outputs]
    for photo in photos:
        interpreter.set_tensor(entry["index"], photo[None])
        interpreter.invoke()
        for found, output in zip(rows, outputs, strict=True):
            found.append(_real(interpreter.get_tensor(output["index"])[0], *output["quantization"]))
    return [np.stack(found) for found in rows]


def _real(values: Values, scale: float, zero: int) -> Values:
    return (values.astype(np.float32) - zero) * scale if scale else values


def _convert(file: Path, kind: str, size: int) -> Any:
    import litert_torch
    import torch

    network = torch.export.load(file).module()
    return litert_torch.convert(network, (torch.zeros(1, size, size, 3, dtype=getattr(torch, kind)),))


def _eight_bits(folder: Path, ranges: Sequence[Sequence[float]]) -> None:
    """Write quantised.tflite: weights in eight bits, and bytes in and out; what is between layers stays in floats.

    Args:
        folder: holds before.tflite.
        ranges: of each output, what it lies between.
    """
    from ai_edge_litert.tools.flatbuffer_utils import read_model, write_model
    from ai_edge_quantizer.qtyping import TFLOperationName
    from ai_edge_quantizer.quantizer import Quantizer

    quantizer = Quantizer(str(folder / "before.tflite"))
    quantizer.add_weight_only_config(".*", TFLOperationName.ALL_SUPPORTED, 8)
    inner = folder / "inner.tflite"
    quantizer.quantize(None, str(inner), enable_progress_bar=False, enable_progress_report=False)
    model = read_model(str(inner))
    take_and_give_bytes(model, [(0.0, 255.0), *ranges])
    write_model(model, str(folder / "quantised.tflite"))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
