"""What runs in the environment that has litert-torch: networks become TFLite files, which then answer about photos.

    python -m recognizer.export.tflite_program FOLDER

FOLDER holds task.json (`size`, `title`, `description`, `parts`), networks as torch.export saves them (float.pt2 takes
uint8 pixels, eight.pt2 float32 ones), calibration.npy and held_out.npy, uint8 (n, size, size, 3). It is given
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

from recognizer.export.tflite_metadata import Part, embed

FLOATS, EIGHT = "model.float32.tflite", "model.tflite"
UINT8 = 3  # of TFLite's TensorType
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


def _eight_bits(folder: Path, ranges: Sequence[Sequence[float] | None]) -> None:
    """Write quantised.tflite: weights, and what is between layers, in eight bits; uint8 pixels in, uint8 out.

    Args:
        folder: holds before.tflite and calibration.npy.
        ranges: of each output, what it lies between; None where the photos have to tell.
    """
    from ai_edge_litert import _pywrap_modify_model_interface as interface
    from ai_edge_litert.tools.flatbuffer_utils import read_model, write_model
    from ai_edge_quantizer.qtyping import TFLOperationName
    from ai_edge_quantizer.quantizer import Quantizer

    quantizer = Quantizer(str(folder / "before.tflite"))
    quantizer.add_static_config(".*", TFLOperationName.ALL_SUPPORTED, 8, 8)
    for outer in (TFLOperationName.INPUT, TFLOperationName.OUTPUT):
        quantizer.update_quantization_recipe(".*", outer, algorithm_key="no_quantize")
    found = _ranges(folder, quantizer._recipe_manager, ranges)
    inner, outer_types = folder / "inner.tflite", folder / "quantised.tflite"
    quantizer.quantize(found, str(inner), enable_progress_bar=False, enable_progress_report=False)
    write_model(read_model(str(inner)), str(inner))  # constants inside: the next step loses what lies behind the tree
    interface.modify_model_interface(str(inner), str(outer_types), UINT8, UINT8)


def _ranges(folder: Path, recipe: Any, known: Sequence[Sequence[float] | None]) -> dict[str, Any]:
    """Return the least and largest value of each tensor on photos of training, or what is known of them."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer.calibrator import Calibrator
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    model = str(folder / "before.tflite")
    interpreter = Interpreter(model)
    ((signature, names),) = interpreter.get_signature_list().items()
    photos = np.load(folder / "calibration.npy", mmap_mode="r")
    calibrator = Calibrator(model, num_threads=1, qsv_update_func=min_max_update)
    pixels = [{names["inputs"][0]: photo[None].astype(np.float32)} for photo in photos]
    calibrator.calibrate({signature: pixels}, recipe)
    found: dict[str, Any] = calibrator.get_model_qsvs()
    tensors = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    for tensor, limits in zip(tensors, [(0.0, 255.0), *known], strict=True):
        if limits:
            range_ = found[tensor["name"]]
            found[tensor["name"]] = {
                name: np.full_like(range_[name], one) for name, one in zip(("min", "max"), limits, strict=True)
            }
    return found


if __name__ == "__main__":
    run(Path(sys.argv[1]))
