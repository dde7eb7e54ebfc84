"""ONNX Runtime takes the processors that there are, and leaves nothing about this machine anywhere."""

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from recognizer.networks.onnx_session import open_session, usable_processors
from tests.paths import ROOT

OPEN = """
import sys
from recognizer.networks.onnx_session import open_session
open_session(sys.argv[1]).run(None, {"x": [1]})
"""


@pytest.fixture
def network(tmp_path: Path) -> Path:
    values = [helper.make_tensor_value_info(name, TensorProto.INT64, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "copy", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, tmp_path / "copy.onnx")
    return tmp_path / "copy.onnx"


def test_no_more_threads_than_processors(network: Path) -> None:
    options = open_session(network).get_session_options()
    assert options.intra_op_num_threads == min(4, usable_processors()) <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("files", "share"), [
    ({"cpu.max": "50000 100000\n"}, 1),
    ({"cpu.max": "150000 100000\n"}, 2),
    ({"cpu.max": "100000 100000\n"}, 1),
    ({"cpu.max": "max 100000\n"}, None),
    ({"cpu.max": "nonsense"}, None),
    ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
    ({}, None),
])  # fmt: skip
def test_a_container_gets_its_share_of_the_processors(tmp_path: Path, files: dict[str, str], share: int | None) -> None:
    """Within those that the process may run on."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    allowed = len(os.sched_getaffinity(0))
    assert usable_processors(tmp_path) == (allowed if share is None else min(allowed, share))


def test_nothing_is_written_into_the_home_folder(network: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", OPEN, str(network)], env=environment, check=True, cwd=tmp_path)
    assert list(home.rglob("*")) == []
