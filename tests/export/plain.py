"""A program that knows fastai and nothing of ours: opens learners and prints what they make of photos, as JSON.

    python -I tests/export/plain.py LEARNER... --photos PHOTO...

`-I` and the first line of `main` keep this package out of its reach.
"""

import argparse
import importlib.metadata
import json
import sys
import warnings
from typing import Any


def main() -> None:
    sys.modules["recognizer"] = None  # type: ignore[assignment]  # from here on, importing it is an error
    arguments = _arguments()
    cure = _cure_torchvision()
    found = {learner: _predict(learner, arguments.photos) for learner in arguments.learners}
    packages = {name: _version(name) for name in ("torch", "torchvision", "fastai", "timm")}
    print(json.dumps({"learners": found, "cured": cure is not None, "packages": packages}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("learners", nargs="+")
    parser.add_argument("--photos", nargs="+", required=True)
    return parser.parse_args()


def _predict(file: str, photos: list[str]) -> dict[str, Any]:
    from fastai.vision.all import load_learner

    warnings.filterwarnings("ignore", message="load_learner")
    learner = load_learner(file)
    return {
        "classes": list(getattr(learner.dls, "vocab", [])),  # of several outputs there are none
        "probabilities": [learner.predict(photo)[2].tolist() for photo in photos],
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cure_torchvision() -> Any:
    """Let torchvision's published wheel import beside a CPU torch, where fastai itself could not be imported.

    Returns:
        What has to live on meanwhile, or None where torchvision is healthy.
    """
    import torch

    try:
        import torchvision
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    else:
        return None
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    import torchvision  # noqa: F401

    return library


if __name__ == "__main__":
    main()
