"""ONNX Runtime with as many threads as the process may really use; neither torch nor fastai is needed."""

import math
import os
from pathlib import Path

import onnxruntime

MOST_THREADS = 4  # for one photo; small networks do not get quicker by more
NOWHERE = "/nowhere/at/all"  # no folder
QUOTA = Path("/sys/fs/cgroup")  # where Linux tells a container its share of the processors


def open_session(network: Path | bytes) -> onnxruntime.InferenceSession:
    """Open an ONNX network on the processor.

    Args:
        network: its file, or the file's contents.
    """
    options = onnxruntime.SessionOptions()
    # ONNX Runtime counts the processors of the machine, which a container may have only a few of.
    options.intra_op_num_threads = min(usable_processors(), MOST_THREADS)
    # Threads that wait by spinning take the processor from whatever else is at work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if isinstance(network, bytes):  # whole in itself: no file that it names is read
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", NOWHERE)
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def usable_processors(quota: Path = QUOTA) -> int:
    """Return how many processors this process may use: by its affinity, and by the CFS quota of its container.

    Args:
        quota: the folder of the control group, of version 1 or 2
            (https://docs.kernel.org/admin-guide/cgroup-v2.html, `cpu.max`).
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _share(quota)
    return count if share is None else max(1, min(count, math.ceil(share)))


def _share(quota: Path) -> float | None:
    """Return the processors that a control group may use at once, or None where it has no limit."""
    try:
        if (quota / "cpu.max").is_file():
            most, period = (quota / "cpu.max").read_text().split()
        else:
            most, period = ((quota / "cpu" / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
        return int(most) / int(period) if int(most) > 0 else None
    except (OSError, ValueError):  # no control group, or "max"
        return None
