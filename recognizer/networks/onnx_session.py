"""ONNX Runtime with as many threads as the process may really use; neither torch nor fastai is needed."""

import os
from pathlib import Path

import onnxruntime


def open_session(network: Path | bytes) -> onnxruntime.InferenceSession:
    """Open an ONNX network on the processor.

    Args:
        network: its file, or the file's contents.
    """
    options = onnxruntime.SessionOptions()
    # ONNX Runtime counts the processors of the machine, which a container may have only a few of.
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    # Threads that wait by spinning take the processor from whatever else is at work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
