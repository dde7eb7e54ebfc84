"""Which files of a model folder name paths of the machine that made it."""

import sys
from pathlib import Path

from tests.paths import ROOT


def naming_this_machine(model: Path) -> list[Path]:
    """Return the files that hold the path of the checkout, of this Python, or of the work folder, `model`'s parent."""
    here = [str(path).encode() for path in (ROOT, sys.prefix, model.parent)]
    files = [file for file in model.rglob("*") if file.is_file()]
    assert files
    return [file for file in files if any(path in file.read_bytes() for path in here)]
