"""The wheel of this checkout, and what an installation of it would be."""

import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.paths import ROOT

BUILT_FROM = ("recognizer", "data/recipes", "deployment", "docs/js", "docs/vendor")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "docs/sw.js", "docs/style.css", "docs/logo.svg")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy, since setuptools leaves folders behind."""
    copy, to = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for folder in BUILT_FROM:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*FILES, "docs/share.png"):
        shutil.copyfile(ROOT / file, copy / file)
    build = "from setuptools import build_meta; import sys; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(to)], cwd=copy, check=True, capture_output=True)
    return next(to.glob("*.whl"))


@pytest.fixture(scope="session")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation of it would be, beside the packages that are installed here."""
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.fixture(scope="session")
def installable(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, but that it needs nothing more: a file in it leads to the packages that are installed here."""
    file = tmp_path_factory.mktemp("installable") / wheel.name
    with zipfile.ZipFile(wheel) as given, zipfile.ZipFile(file, "w") as changed:
        for name in given.namelist():
            needs = rb"(?m)^Requires-Dist: .*\n" if name.endswith("/METADATA") else rb"^$"
            changed.writestr(name, re.sub(needs, b"", given.read(name)))
        changed.writestr("here.pth", sysconfig.get_path("purelib"))
    return file
