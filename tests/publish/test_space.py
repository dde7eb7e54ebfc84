"""The folder of a Space: what it holds, what it imports, and that it starts."""

import io
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import pillow_heif
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from benchmarks.spaces import zero_gpu
from recognizer.cli.commands import app
from recognizer.errors import RecognizerError, Unwritable
from recognizer.images.decode import sha256
from recognizer.publish.folder import publish
from recognizer.publish.forms import FORMS, Form
from recognizer.publish.modules import served_files
from recognizer.publish.newest import is_of_newest
from recognizer.publish.order import Order
from recognizer.publish.space import SPACES
from recognizer.recipe import load_recipe
from recognizer.report import write_json
from recognizer.serve.classifier import read_facts
from recognizer.store.spaces import noted_spaces
from tests.conftest import Built
from tests.drawn_dataset import Shapes, draw
from tests.paths import ROOT

pillow_heif.register_heif_opener()

STARTED = """
import sys, app
from recognizer.serve.classifier import Classifier
from recognizer.serve.server import make_app
print(make_app(Classifier(app.MODEL, app.RUNTIME)).title)
print(*(module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "recognizer"), sep="\\n")
"""
APP = ROOT / "deployment" / "app.py"


def write(model: Path, to: Path, form: str = "cpu", runtime: str = "onnx") -> list[Path]:
    return publish(load_recipe("textiles"), model, to, Order(FORMS[form], runtime))


@contextmanager
def running(space: Path, program: str, more: dict[str, str]) -> Iterator[httpx.Client]:
    """A published Space, as it is run on Hugging Face."""
    env = os.environ | {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": "0"} | more
    command = [sys.executable, program]
    with subprocess.Popen(command, cwd=space, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().removeprefix("Serving at ").strip()
            with httpx.Client(base_url=address, trust_env=False, timeout=60) as page:
                yield page
        finally:
            process.terminate()


# Of the runtime fastai alone, and of the process apart in which some pictures are decoded.
FASTAI = {"networks/evidence.py", "networks/torchvision_cure.py"}
NOT_AT_ONCE = {*(f"recognizer/{file}" for file in FASTAI), "recognizer/images/decoding_process.py"}


@pytest.mark.slow
def test_published_space_starts_by_itself_and_holds_just_what_it_imports(built: Built, tmp_path: Path) -> None:
    space = tmp_path / "space"
    files = set(write(built.model, space))
    wanted = {"app.py", "README.md", "requirements.txt", ".gitattributes", "model/model.onnx", "model/learner.pkl"}
    assert {Path(name) for name in wanted} <= files
    done = subprocess.run([sys.executable, "-c", STARTED], cwd=space, capture_output=True, text=True, check=True)
    title, *imported = done.stdout.splitlines()
    assert title == read_facts(built.model)["title"]
    modules = {f"recognizer/{file.as_posix()}" for file in served_files(APP)}
    assert {file.as_posix() for file in files if file.parts[0] == "recognizer"} == modules
    started = {Path(file).relative_to(space.resolve()).as_posix() for file in imported}
    assert started == {module for module in modules if module.endswith(".py")} - NOT_AT_ONCE


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["onnx", "fastai"])
def test_published_space_answers(built: Built, tmp_path: Path, runtime: str) -> None:
    """`python app.py`, as a Space runs it, and a photo to its plain route."""
    write(built.model, tmp_path / "space", runtime=runtime)
    with running(tmp_path / "space", "app.py", {}) as page:
        assert page.get("/healthz").json()["runtime"] == runtime
        photo = next((built.model / "examples").glob("*.jpg")).read_bytes()
        for data in (photo, _heic(photo)):
            assert len(page.post("/predict", files={"image": data}).json()["probabilities"]) == 12


@pytest.mark.parametrize("form", ["cpu", "docker", "zero"])
def test_a_space_of_several_outputs_is_whole(shapes: Shapes, shapes_model: Path, tmp_path: Path, form: str) -> None:
    model = Path(shutil.copytree(shapes_model, tmp_path / "work" / "model"))
    files = {file.as_posix() for file in publish(shapes.recipe, model, tmp_path / "space", Order(FORMS[form]))}
    assert {"app.py", "model/model.json", "model/README.md", "recognizer/serve/page/outputs_how.html"} <= files
    text = " ".join((tmp_path / "space" / "README.md").read_text(encoding="utf-8").split())
    assert "title: Shapes" in text and "photos that a data set lists under each name" in text
    card = (tmp_path / "space" / "model" / "README.md").read_text(encoding="utf-8")
    assert all(f"| {name} | " in card for name in ("shape", "colour", "size")), "each output has its figures"


def test_a_published_space_of_several_outputs_answers(shapes: Shapes, shapes_model: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(shapes_model, tmp_path / "work" / "model"))
    publish(shapes.recipe, model, tmp_path / "space", Order(FORMS["cpu"]))
    draw(tmp_path / "disc.png", "disc", "blue", 60, 12345)
    photo = (tmp_path / "disc.png").read_bytes()
    with running(tmp_path / "space", "app.py", {}) as page:
        told = page.post("/predict", files={"image": photo}).json()["outputs"]
        assert told["colour"]["label"] == "blue" and told["size"]["low"] < told["size"]["value"] < told["size"]["high"]
        assert "constant guess" in page.get("/how").text and "Shapes" in page.get("/").text


@pytest.mark.slow
def test_a_space_on_zero_gpu_answers_and_tells_that_it_has_started(built: Built, tmp_path: Path) -> None:
    write(built.model, tmp_path / "space", "zero")
    assert SPACES in (tmp_path / "space" / "requirements.txt").read_text().splitlines()
    (tmp_path / "torch.py").write_text("raise ImportError")  # there is none, and `spaces` takes none without a GPU
    with zero_gpu() as (told, more):
        more |= {"PYTHONPATH": str(tmp_path)}
        with running(tmp_path / "space", "zero.py", more) as page:
            assert page.get("/healthz").json()["status"] == "ok" and told == ["/startup-report"]


def _heic(photo: bytes) -> bytes:
    """Return a photo as telephones take it."""
    written = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(written, "HEIF")
    return written.getvalue()


def test_published_space_imports_only_what_it_requires() -> None:
    """Everything that the served modules import is Python's own or in the Space's requirements."""
    wanted = {line.removeprefix("# ").split(">")[0].split("=")[0] for line in _lines() if not line.startswith("#")}
    known = {"pillow": "PIL", "pillow-heif": "pillow_heif", "python-multipart": "python_multipart"}
    always = {known.get(name, name) for name in wanted} | set(sys.stdlib_module_names) | {"recognizer"}
    for module in [*(file for file in served_files(APP) if file.suffix == ".py"), APP]:
        source = (ROOT / "recognizer" / module).read_text()
        lines = [line.split() for line in source.splitlines() if line.strip().startswith(("import ", "from "))]
        allowed = always | ({"fastai", "torch", "torchvision"} if module.as_posix() in OPENS_PICKLES else set())
        assert {words[1].split(".")[0] for words in lines} <= allowed, module


OPENS_PICKLES = {"serve/runtimes.py", *FASTAI}


def _lines() -> list[str]:
    return (ROOT / "deployment" / "requirements.txt").read_text().splitlines()[1:]


@pytest.mark.parametrize("runtime", ["onnx", "fastai"])
def test_a_space_requires_the_very_versions_that_it_was_tried_with(built: Built, tmp_path: Path, runtime: str) -> None:
    write(built.model, tmp_path / "space", runtime=runtime)
    lines = (tmp_path / "space" / "requirements.txt").read_text().splitlines()
    wanted = [line.removeprefix("# ") for line in _lines() if runtime == "fastai" or not line.startswith("#")]
    assert [line.split("==")[0] for line in lines] == [line.split(">")[0].split("=")[0] for line in wanted]
    assert [version(line.split("==")[0]).split("+")[0] for line in lines] == [line.split("==")[1] for line in lines]
    assert f'RUNTIME = "{runtime}"' in (tmp_path / "space" / "app.py").read_text()


def test_what_a_space_may_require_is_what_the_project_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    served, trained = set(project["dependencies"]), set(project["optional-dependencies"]["train"])
    assert {line for line in _lines() if not line.startswith("#")} <= served
    assert {line.removeprefix("# ") for line in _lines()} <= served | trained
    assert SPACES in (ROOT / "requirements-dev.txt").read_text().splitlines(), "it is tried with what it requires"


def test_publish_does_not_overwrite_other_files(built: Built, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RecognizerError, match="holds other files"):
        write(built.model, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("place", ["", "model", "model/examples"])
def test_a_work_folder_and_the_model_itself_are_no_place_for_a_space(built: Built, tmp_path: Path, place: str) -> None:
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    before = {path: path.stat().st_mtime_ns for path in work.rglob("*")}
    with pytest.raises(RecognizerError, match="name another folder for the Space"):
        write(work / "model", work / place)
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*")} == before


@pytest.mark.parametrize("form", ["static", "cpu"])
def test_the_site_of_the_checkout_is_no_place_for_a_space(built: Built, form: str) -> None:
    with pytest.raises(RecognizerError, match="holds other files"):
        write(built.model, ROOT / "docs", form)
    assert not (ROOT / "docs" / ".part").exists()


def test_another_form_in_the_same_folder_takes_the_place_of_all_of_the_one_before(built: Built, tmp_path: Path) -> None:
    space, other = tmp_path / "space", tmp_path / "other"
    write(built.model, space, "zero")
    (space / "notes.txt").write_text("mine")
    assert Path("zero.py") in write(built.model, other, "zero")
    files = write(built.model, space, "docker")
    assert {"Dockerfile", "compose.yaml", "app.py", "notes.txt"} <= {file.name for file in files}
    assert not (space / "zero.py").exists() and (space / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("form", [form for form in FORMS.values() if form.sdk], ids=lambda form: form.name)
def test_the_head_of_a_space_is_whole(built: Built, tmp_path: Path, form: Form) -> None:
    order = Order(form, models=("me/bags-model",), datasets=("me/photos",))
    publish(load_recipe("textiles"), built.model, tmp_path / "space", order)
    head = yaml.safe_load((tmp_path / "space" / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert head["sdk"] == form.sdk and head["models"] == ["me/bags-model"] and head["datasets"] == ["me/photos"]
    assert head["license"] == "mit" and len(head["short_description"]) <= 60 and "image-classification" in head["tags"]
    started = {"gradio": "app_file", "docker": "app_port", "static": "app_file"}[form.sdk or ""]
    assert (tmp_path / "space" / str(head[started])).is_file() or head[started] == 7860
    if form.answers:
        assert head["startup_duration_timeout"] == "10m"
    if form.sdk == "gradio":
        assert (head["python_version"], head["sdk_version"]) == (form.python, version("gradio"))
    assert "*.jpg filter=lfs" in (tmp_path / "space" / ".gitattributes").read_text(), "git pushes no pictures otherwise"


def test_another_work_folder_is_not_overwritten(built: Built, tmp_path: Path) -> None:
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    with pytest.raises(RecognizerError, match="holds other files"):
        write(built.model, work)
    assert (work / "photos.db").is_file() and (work / "model" / "model.onnx").is_file()


def test_a_fresh_clone_is_filled_and_its_neighbours_stay(built: Built, tmp_path: Path) -> None:
    clone, neighbour = tmp_path / "space", tmp_path / "space.part"
    (clone / ".git").mkdir(parents=True)
    (clone / ".git" / "HEAD").write_text("ref: refs/heads/main")
    (clone / "README.md").write_text("---\ntitle: New\n---\n")
    neighbour.mkdir()
    (neighbour / "mine.txt").write_text("mine")
    write(built.model, clone)
    assert (clone / ".git" / "HEAD").is_file() and (clone / "app.py").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["space", "space.part"]
    assert (neighbour / "mine.txt").read_text() == "mine"


def test_a_fresh_clone_of_a_static_space_is_filled(built: Built, tmp_path: Path) -> None:
    clone, site = tmp_path / "space", tmp_path / "site"
    for folder, remote in ((clone, "https://huggingface.co/spaces/me/bags"), (site, "https://github.com/me/bags")):
        (folder / ".git").mkdir(parents=True)
        (folder / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {remote}\n')
    for name in ("README.md", ".gitattributes", "index.html", "style.css"):
        (clone / name).write_text("hello")
        (site / name).write_text("mine")
    files = {path.as_posix() for path in write(built.model, clone, "static")}
    assert {"recognizer.html", "model/model.json"} <= files and "hello" not in (clone / "index.html").read_text()
    with pytest.raises(RecognizerError, match="holds other files"):
        write(built.model, site, "static")  # no clone of a Space, and so perhaps a site of somebody's own


def test_nothing_goes_that_lies_outside_of_the_folder_or_is_of_git(built: Built, tmp_path: Path) -> None:
    kept = [tmp_path / "victim" / "thesis.txt", tmp_path / "other" / "thesis.txt", tmp_path / "space" / ".git" / "HEAD"]
    for file in kept:
        file.parent.mkdir(parents=True)
        file.write_text("mine")
    lines = ["../victim", str(tmp_path / "other"), ".git", ".git/HEAD", "..", ".", "", ".part", "old.txt"]
    (tmp_path / "space" / ".recognizer-space").write_text("\n".join(lines))
    (tmp_path / "space" / "old.txt").write_text("of the time before")
    write(built.model, tmp_path / "space")
    assert all(file.read_text() == "mine" for file in kept) and not (tmp_path / "space" / "old.txt").exists()


@pytest.mark.parametrize("lost", ["model", "app.py", "recognizer"])
def test_a_space_that_a_stop_left_half_written_is_written_again(built: Built, tmp_path: Path, lost: str) -> None:
    space = tmp_path / "space"
    files = write(built.model, space)
    shutil.rmtree(space / lost) if (space / lost).is_dir() else (space / lost).unlink()
    assert write(built.model, space) == files


@pytest.mark.slow
def test_a_forgotten_example_goes_from_the_space_too(built: Built, tmp_path: Path) -> None:
    work, space = Path(shutil.copytree(built.work, tmp_path / "work")), tmp_path / "space"
    (work / "reports" / "publish.json").unlink(missing_ok=True)  # what other tests published is theirs
    write(work / "model", space)
    example = space / "model" / "examples" / "1.jpg"
    jpeg, digest = example.read_bytes(), sha256(example.read_bytes())
    command = ["forget", str(built.recipe), digest, "--work", str(work)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and f"The folder {space} is without it now. If you committed" in result.output
    for folder in (work, space):
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert not [file for file in files if jpeg[-400:-200] in file.read_bytes()]
        assert not [file for file in files if file.suffix == ".md" and digest[:16] in file.read_text(encoding="utf-8")]
    assert "examples/1.jpg" not in (space / "model" / "model.json").read_text(encoding="utf-8")
    write(work / "model", space)
    assert "is without it now" not in CliRunner().invoke(app, command).output


def test_a_folder_in_which_nothing_was_written_is_not_remembered(built: Built, tmp_path: Path) -> None:
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    (work / "reports" / "publish.json").unlink(missing_ok=True)  # what other tests published is theirs
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Unwritable):
        write(work / "model", tmp_path / "notes.txt" / "space")
    assert noted_spaces(work) == []


def test_a_folder_that_may_hold_something_is_remembered_however_writing_it_ends(built: Built, tmp_path: Path) -> None:
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    (work / "reports" / "publish.json").unlink(missing_ok=True)
    begun, away = tmp_path / "begun", tmp_path / "disk" / "away"
    begun.mkdir()
    (begun / ".part").write_text("a file where the folder is put together")
    (begun / ".recognizer-space").touch()
    write(work / "model", away)
    shutil.move(away.parent, tmp_path / "unplugged")
    away.parent.write_text("what is there while the disk is not")
    for space in (begun, away):
        with pytest.raises(Unwritable):
            write(work / "model", space)
    assert noted_spaces(work) == [away, begun]


def test_a_model_of_an_earlier_training_is_published_and_told(built: Built, tmp_path: Path) -> None:
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    command = ["publish", str(built.recipe), "--work", str(work), "--form", "cpu", "--to", str(tmp_path / "space")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and "earlier training" not in result.output
    assert "Next: recognizer serve" in result.output
    report = work / "reports" / "train.json"
    trained = json.loads(report.read_text(encoding="utf-8"))
    write_json(report, {**trained, "fingerprint": "another"})
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and f"The model in {work / 'model'} is of an earlier training" in result.output
    assert "recognizer evaluate" in result.output and "then recognizer export" in result.output
    report.write_text("{")
    assert "earlier training" not in CliRunner().invoke(app, command).output, "what is not known is not told"


def test_a_model_of_several_outputs_knows_its_training_too(shapes: Shapes, shapes_model: Path, tmp_path: Path) -> None:
    work = Path(shutil.copytree(shapes_model.parent, tmp_path / "work"))
    assert is_of_newest(work / "model")
    report = work / "reports" / "train.json"
    trained = json.loads(report.read_text(encoding="utf-8"))
    write_json(report, {**trained, "fingerprint": "another"})
    assert not is_of_newest(work / "model")
    facts = json.loads((work / "model" / "model.json").read_text(encoding="utf-8"))
    del facts["run"]
    write_json(work / "model" / "model.json", facts)
    assert is_of_newest(work / "model"), "a model of an earlier version, of which it is not known"


def test_a_space_has_the_title_of_its_model_and_says_where_its_photos_come_from(built: Built, tmp_path: Path) -> None:
    model = Path(shutil.copytree(built.model, tmp_path / "model"))
    facts = json.loads((model / "model.json").read_text(encoding="utf-8"))
    (model / "model.json").write_text(json.dumps({**facts, "title": 'Cloth: "old" & new'}), encoding="utf-8")
    write(model, tmp_path / "space")
    text = (tmp_path / "space" / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(text.split("---")[1])["title"] == 'Cloth: "old" & new'
    assert "pictures that a program drew of each name" in " ".join(text.split()) and "image search" not in text
