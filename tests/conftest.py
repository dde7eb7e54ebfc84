"""What many tests share, each made once and only where a test asks for it.

recipe, filled, trained, copied     four classes and few photos, put into a store directly; `copied` is for changing
built, served                       twelve classes, built by the real command, and its page on loopback; takes longer
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from recognizer.recipe import Recipe
from recognizer.serve.facts import read_facts
from recognizer.store.photo_store import PhotoStore
from tests.drawn_dataset import Shapes, draw, make_shapes
from tests.paths import ROOT
from tests.small_sample import decide_about_copies, fill_store, small_recipe

if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # uploads of two servers lie in one folder, which both sweep
    tempfile.tempdir = os.environ["TMPDIR"] = f"{tempfile.gettempdir()}/{worker}"
    Path(tempfile.tempdir).mkdir(exist_ok=True)
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Networks as small as here do not get quicker by a second thread, and on a busy machine its waiting costs tenfold.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# These begin, so that neither of two processes waits at the end, nor for the other to build what both want.
LONGEST = ("test_wheel.py", "test_notebook.py", "test_build.py", "test_processes.py", "test_stops.py")
TINY = """
title = "Tiny textiles"
description = "Small pictures and few of them, so that tests are quick."
[collect]
engines = ["sample"]
photos = 16
[clean]
backbones = []
[train]
backbone = "tf_efficientnet_lite0"
size = 64
epochs = 1
tuned = 0.33
views = 2
folds = 3
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives Chromium, which is all that asks for the fixture `browser` of its room; put long files first."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Built:
    """A recipe built from start to end."""

    recipe: Path
    work: Path
    said: str  # on the terminal

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.work / "model"


@dataclass(frozen=True)
class Served:
    """A running page of a built model."""

    url: str
    model: Path
    photos: list[Path]
    classes: list[str]

    def expected(self, photo: Path) -> dict[str, float]:
        """Return what plain fastai says of a photo."""
        import recognizer.networks.torchvision_cure  # noqa: F401

        from fastai.learner import load_learner

        learner = load_learner(self.model / "learner.pkl")
        _, _, probabilities = learner.predict(str(photo))
        return dict(zip(learner.dls.vocab, probabilities.tolist(), strict=True))


def write_tiny_recipe(folder: Path) -> Path:
    """Write the sample recipe with quicker settings."""
    sample = (ROOT / "data" / "recipes" / "textiles.toml").read_text(encoding="utf-8")
    path = folder / "tiny.toml"
    path.write_text(TINY + sample[sample.index("[[classes]]") :], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """The small recipe."""
    return small_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="session")
def filled(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with photos, before any training; for copying."""
    work = tmp_path_factory.mktemp("filled")
    with PhotoStore(work, recipe.labels) as store:
        fill_store(recipe, store)
        decide_about_copies(store)
    return work


@pytest.fixture(scope="session")
def trained(filled: Path, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder after training; for copying."""
    from recognizer.train.train import train

    work = Path(shutil.copytree(filled, tmp_path_factory.mktemp("trained") / "work"))
    with PhotoStore(work, recipe.labels) as store:
        train(recipe, store)
    return work


@pytest.fixture
def copied(trained: Path, recipe: Recipe, tmp_path: Path) -> Iterator[PhotoStore]:
    """A copy of the trained store, to change as a test likes."""
    with PhotoStore(Path(shutil.copytree(trained, tmp_path / "work")), recipe.labels) as store:
        yield store


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let Ctrl-C reach processes started here: a shell makes what it runs in the background, and its children, deaf."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a copy of a folder that only one of the processes that share the tests makes.

    Args:
        factory: of folders.
        name: of the folder.
        make: fills it.
    """
    base = factory.getbasetemp()
    first = (base.parent if worker else base) / f"first-{name}"
    with FileLock(f"{first}.lock"):
        if not first.is_dir():
            half = Path(f"{first}-half")
            shutil.rmtree(half, ignore_errors=True)  # of a process that failed
            half.mkdir()
            make(half)
            half.rename(first)
    return Path(shutil.copytree(first, factory.mktemp(name), dirs_exist_ok=True))


def build_tiny(folder: Path) -> None:
    """Build the tiny recipe by the real command, and keep what it says."""
    from typer.testing import CliRunner

    from recognizer.cli.commands import app

    recipe = write_tiny_recipe(folder)
    result = CliRunner().invoke(app, ["build", str(recipe), "--work", str(folder / "work")])
    assert result.exit_code == 0, result.output
    (folder / "said.txt").write_text(result.output.replace(str(folder), "FOLDER"), encoding="utf-8")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A tiny recipe, built by the real command."""
    folder = made_once(tmp_path_factory, "built", build_tiny)
    said = (folder / "said.txt").read_text(encoding="utf-8").replace("FOLDER", str(folder))
    return Built(folder / "tiny.toml", folder / "work", said)


@pytest.fixture(scope="session")
def served(built: Built) -> Iterator[Served]:
    """The page of the tiny model, on a free port of this machine."""
    from tests.serve.asking import serving

    with serving(built.model) as (address, _):
        photos = sorted((built.work / "photos").glob("*/*.jpg"))[::7][:6]
        yield Served(address, built.model, photos, [entry["name"] for entry in read_facts(built.model)["classes"]])


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    """A recipe with several outputs, trained on drawn shapes; not to be changed."""
    return make_shapes(tmp_path_factory.mktemp("shapes"))


@pytest.fixture(scope="session")
def blue_disc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that the network of shapes has not seen."""
    file = tmp_path_factory.mktemp("drawn") / "disc.png"
    draw(file, "disc", "blue", 60, 12345)
    return file


@pytest.fixture(scope="session")
def shapes_model(shapes: Shapes) -> Path:
    """The model folder of the shapes; not to be changed."""
    from recognizer.evaluate.outputs import evaluate_outputs
    from recognizer.export.outputs import export_outputs

    with shapes.store() as store:
        evaluate_outputs(shapes.recipe, store)
        export_outputs(shapes.recipe, store)
    return shapes.work / "model"
