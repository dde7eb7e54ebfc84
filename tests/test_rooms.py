"""The rooms of the package: each imports from those below it only, in the order of the README's table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGE = "recognizer"
MODULES = 8  # in the package itself: those of the table's first row, __init__ and __main__
ENTRY = "__main__"  # starts the commands, so it stands above all rooms
README = """
## What is where

A few words.

| where | what |
|---|---|
| `recipe.py`, `errors.py` | the words |
| `store/` | photos; see `train/` |
| `train/` | networks |

## After it

| `nowhere/` | another table |
"""


def read_layers(readme: str) -> list[list[str]]:
    """Return the names in the first column of the table under “What is where”, row by row, without “/” and “.py”."""
    section = re.search(r"^## What is where\n(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)
    assert section, "README.md has no heading “## What is where”"
    cells = re.findall(r"^\| *(`[^|]*)\|", section[1], re.MULTILINE)
    assert cells, "README.md has no table of rooms under “## What is where”"
    return [[name.split("/")[0].removesuffix(".py") for name in re.findall(r"`([^`]+)`", cell)] for cell in cells]


def faults(package: Path, layers: list[list[str]]) -> list[str]:
    """List what is against the rules for rooms."""
    return [*_of_names(package, layers), *_of_imports(package, layers), *_of_inits(package)]


def _of_names(package: Path, layers: list[list[str]]) -> Iterator[str]:
    modules = {path.stem for path in package.glob("*.py")}
    if len(modules) > MODULES:
        yield f"{len(modules)} modules beside the rooms: {sorted(modules)}"
    rooms = {path.name for path in package.iterdir() if any(path.glob("*.py"))}
    listed = [name for row in layers for name in row]
    yield from (f"{name} is in the table twice" for name in set(listed) if listed.count(name) > 1)
    yield from (f"{name} is not in the table" for name in (rooms | modules) - {*listed, "__init__", ENTRY})
    yield from (f"{name} is in the table but not there" for name in {*listed} - rooms - modules)


def _of_imports(package: Path, layers: list[list[str]]) -> Iterator[str]:
    height = {name: number for number, row in enumerate(layers) for name in row}
    height |= {"__init__": -1, ENTRY: len(layers)}
    for file in sorted(package.rglob("*.py")):
        inside = file.relative_to(package)
        own = height.get(inside.parts[0].removesuffix(".py"), -1)
        for line, target in _imports(file, inside):
            if height.get(target, -1) > own:
                yield f"{inside}:{line} imports {target}, which is above it"


def _imports(file: Path, inside: Path) -> Iterator[tuple[int, str]]:
    """Yield the line of each import from the package, wherever it stands, and the room or module that it is from."""
    here = [PACKAGE, *inside.parts[:-1]]
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            origin = [*above, node.module] if node.module else above
            names = [".".join([*origin, alias.name]) for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name.split(".")[1]) for name in names if name.startswith(f"{PACKAGE}."))


def _of_inits(package: Path) -> Iterator[str]:
    for file in sorted(package.glob("*/**/__init__.py")):
        tree = ast.parse(file.read_bytes())
        if len(tree.body) != 1 or not ast.get_docstring(tree):
            yield f"{file.relative_to(package)} holds something else than a docstring"


def test_rooms_import_only_from_those_below_them() -> None:
    assert faults(ROOT / PACKAGE, read_layers((ROOT / "README.md").read_text(encoding="utf-8"))) == []


def test_every_module_stands_in_the_docstring_of_its_room() -> None:
    lost = []
    for init in (ROOT / PACKAGE).glob("*/**/__init__.py"):
        told = ast.get_docstring(ast.parse(init.read_bytes())) or ""
        lost += [str(file) for file in init.parent.glob("*.py") if file != init and file.name not in told]
    assert lost == []


# The checker itself


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that keeps the rules."""
    files = {
        "__init__.py": "",
        "__main__.py": "from recognizer.train.train import train\n",
        "recipe.py": "import recognizer.errors\n",
        "errors.py": "import json\n",
        "store/__init__.py": '"""Photos."""\n',
        "store/photos.py": "from recognizer.recipe import Recipe\nfrom recognizer.store import rows\n",
        "store/rows.py": "",
        "train/__init__.py": '"""Networks."""\n',
        "train/train.py": "def train():\n    from recognizer.store.photos import Photos\n",
    }
    for name, text in files.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / PACKAGE


def test_the_order_is_read_from_the_table() -> None:
    assert read_layers(README) == [["recipe", "errors"], ["store"], ["train"]]
    with pytest.raises(AssertionError, match="no table of rooms"):
        read_layers("## What is where\n\nSomewhere.\n")


def test_a_package_that_keeps_the_rules_has_no_faults(package: Path) -> None:
    assert faults(package, read_layers(README)) == []


@pytest.mark.parametrize(
    "line",
    ["from recognizer.train.train import train", "import recognizer.train.train as t", "from recognizer import train",
     "def late():\n    from recognizer.train import train", "from ..train import train", "from .. import train",
     "if TYPE_CHECKING:\n    from recognizer.train import train"],
)  # fmt: skip
def test_an_import_from_above_is_found(package: Path, line: str) -> None:
    (package / "store" / "rows.py").write_text(f"{line}\n")
    (found,) = faults(package, read_layers(README))
    assert found.startswith("store/rows.py:") and found.endswith("imports train, which is above it")


def test_a_module_beside_the_rooms_may_import_from_none(package: Path) -> None:
    (package / "errors.py").write_text("from recognizer.store.rows import Hit\n")
    assert faults(package, read_layers(README)) == ["errors.py:1 imports store, which is above it"]


@pytest.mark.parametrize("text", ["", "from recognizer.store.rows import Hit\n", '"""Photos."""\n\nHits = 3\n'])
def test_more_or_less_than_a_docstring_in_a_room_is_found(package: Path, text: str) -> None:
    (package / "store" / "inner").mkdir()
    for folder in ("store", "store/inner"):
        (package / folder / "__init__.py").write_text(text)
    told = "holds something else than a docstring"
    assert faults(package, read_layers(README)) == [f"store/__init__.py {told}", f"store/inner/__init__.py {told}"]


def test_rooms_and_modules_that_the_table_does_not_have_are_found(package: Path) -> None:
    for name in ("one", "two", "three", "four", "five"):
        (package / f"{name}.py").write_text("")
    (package / "attic").mkdir()
    (package / "attic" / "__init__.py").write_text('"""Old things."""\n')
    found = faults(package, [*read_layers(README), ["cellar"], ["store"]])
    assert found[0].startswith("9 modules beside the rooms: ")
    assert {f"{name} is not in the table" for name in ("one", "two", "three", "attic")} < set(found)
    assert {"cellar is in the table but not there", "store is in the table twice"} < set(found)
