"""What serving needs of this package: the modules that a program imports, and what lies beside them.

files = served_files(DEPLOYMENT / "app.py")          # serve/server.py, serve/page/style.css, …
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
NAME = PACKAGE.name


def served_files(program: Path) -> list[Path]:
    """Return the files of this package that a program needs, relative to the package.

    These are the modules that it imports, at once or later, those that are named in a text, since they are run as
    programs of their own, and the files of the same rooms that are no modules, such as pages and words.

    Args:
        program: its file.
    """
    found: set[Path] = set()
    waiting = set(_named(program))
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting |= set(_named(file)) - found
    rooms = {file.parent for file in found} - {PACKAGE}
    beside = {file for room in rooms for file in room.rglob("*") if file.is_file() and _is_no_code(file)}
    return sorted(file.relative_to(PACKAGE) for file in found | beside)


def _named(file: Path) -> Iterator[Path]:
    """Give the files of the modules that a file names, with those of the packages that they are in."""
    for name in _names(ast.parse(file.read_bytes())):
        parts = name.split(".")
        if parts[0] == NAME:
            for end in range(1, len(parts) + 1):
                place = PACKAGE.joinpath(*parts[1:end])
                yield from (one for one in (place / "__init__.py", place.with_suffix(".py")) if one.is_file())


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isascii():
            yield node.value


def _is_no_code(file: Path) -> bool:
    return file.suffix not in (".py", ".pyc")
