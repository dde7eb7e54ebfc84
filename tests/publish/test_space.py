"""The folder of a Space: what it holds, what it imports, and that it starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.errors import RecognizerError
from recognizer.publish.space import MODULES, publish
from recognizer.serve.classifier import read_facts
from tests.conftest import Built
from tests.paths import ROOT


def test_published_space_holds_what_it_needs_and_starts(built: Built, tmp_path: Path) -> None:
    files = publish(built.model, tmp_path / "space")
    assert {Path("app.py"), Path("README.md"), Path("requirements.txt"), Path("model/learner.pkl")} <= set(files)
    assert {file.relative_to("recognizer").as_posix() for file in files if file.parts[0] == "recognizer"} == set(
        MODULES
    )
    program = "import app; print(app.demo.title); import recognizer; print(recognizer.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "space", capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-2:] == [
        read_facts(built.model)["title"],
        str(tmp_path / "space" / "recognizer" / "__init__.py"),
    ]


def test_published_space_imports_only_what_it_requires() -> None:
    """Everything that the served modules import is Python's own or in the Space's requirements."""
    wanted = {line.split("=")[0].split(">")[0].strip() for line in _requirements()}
    known = {"pillow": "PIL", "pillow-heif": "pillow_heif"}
    allowed = {known.get(name, name) for name in wanted} | set(sys.stdlib_module_names) | {"recognizer"}
    for module in [*MODULES, "../deployment/app.py"]:
        source = (ROOT / "recognizer" / module).read_text()
        lines = [line.split() for line in source.splitlines() if line.strip().startswith(("import ", "from "))]
        assert {words[1].split(".")[0] for words in lines} <= allowed, module


def _requirements() -> list[str]:
    lines = (ROOT / "deployment" / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_space_pins_are_those_of_the_project() -> None:
    """A model is served with the versions that it was made with."""
    project = (ROOT / "requirements.txt").read_text().splitlines()
    assert set(_requirements()) <= set(project)


def test_publish_does_not_overwrite_other_files(built: Built, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RecognizerError, match="holds other files"):
        publish(built.model, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
