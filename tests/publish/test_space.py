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

STARTED = """
import sys, app
print(app.demo.title)
print(*(module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "recognizer"), sep="\\n")
"""


@pytest.mark.slow
def test_published_space_starts_by_itself_and_holds_just_what_it_imports(built: Built, tmp_path: Path) -> None:
    space = tmp_path / "space"
    files = set(publish(built.model, space))
    assert {Path("app.py"), Path("README.md"), Path("requirements.txt"), Path("model/learner.pkl")} <= files
    done = subprocess.run([sys.executable, "-c", STARTED], cwd=space, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    imported = lines[lines.index(read_facts(built.model)["title"]) + 1 :]
    modules = {f"recognizer/{module}" for module in MODULES}
    assert {Path(file).relative_to(space.resolve()).as_posix() for file in imported} == modules
    assert {file.as_posix() for file in files if file.parts[0] == "recognizer"} == modules


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
