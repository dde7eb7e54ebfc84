"""Import this before torchvision, fastai or timm: it lets torchvision import beside a CPU build of torch.

torchvision's published wheel is compiled against CUDA torch. Beside a CPU torch its compiled operators do not load,
and its import stops at "operator torchvision::nms does not exist". Declaring the two operators that the import
looks up is enough, since classification uses none of them. Where torchvision is healthy nothing is changed.
"""

import sys

import torch

_MISSING = "operator torchvision::"
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library: torch.library.Library | None = None


def cure() -> bool:
    """Make `import torchvision` work.

    Returns:
        Whether anything had to be declared.
    """
    global _library
    try:
        import torchvision
    except RuntimeError as error:
        if _MISSING not in str(error):
            raise
    else:
        return False
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    _library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for operator in _OPERATORS:
        _library.define(operator)  # type: ignore[no-untyped-call]
    import torchvision  # noqa: F401

    return True


cure()
