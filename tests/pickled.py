"""What is in a learner's file, read without opening it."""

import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path


def operations(file: Path) -> Iterator[tuple[str, str]]:
    """Read what a learner would do on opening: the name of each step, and its text where it has one."""
    with zipfile.ZipFile(file) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        for operation, argument, _ in pickletools.genops(archive.read(name)):
            yield operation.name, argument if isinstance(argument, str) else ""


def named(file: Path) -> list[list[str]]:
    """Read what a learner takes from modules: pairs of a module and a name in it."""
    return [text.split(" ") for operation, text in operations(file) if operation == "GLOBAL"]
