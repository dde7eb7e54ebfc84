"""The commands: what they print, how they end, and that README and DESIGN speak of the same ones."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import typer.main
from typer.testing import CliRunner

from recognizer.calibration.abstain import NOT_SURE
from recognizer.cli.classifying import print_answer
from recognizer.cli.commands import app
from recognizer.serve.classifier import Prediction
from tests.conftest import Built, Served
from tests.drawn_dataset import draw, write_listed, write_recipe, write_table
from tests.paths import ROOT
from tests.serve.asking import client, serving

COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
STAGES = ("collect", "clean", "train", "evaluate", "export")


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_help_imports_nothing_heavy() -> None:
    program = "import sys, recognizer.cli.commands; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"torch", "fastai", "gradio", "numpy", "PIL", "sqlite3", "rich.console"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("stage", ["clean", "train", "evaluate", "export"])
def test_where_nothing_is_to_be_done_nothing_heavy_is_imported(stage: str, tmp_path: Path) -> None:
    program = f"""
import sys
from recognizer.cli.commands import app
try:
    app(["{stage}", "textiles"])
except SystemExit:
    print(*sys.modules)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == "data/textiles has no photos yet; run recognizer collect textiles first.\n"
    assert not {"torch", "fastai", "sklearn", "scipy"} & set(done.stdout.split())
    assert not list(tmp_path.iterdir()), "nothing is begun"


def test_a_precision_for_labels_that_are_left_as_they_are_is_refused(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    (tmp_path / "work").mkdir()
    code, said = run("clean", recipe, "--work", tmp_path / "work", "--precision", "0.98")
    assert code == 1 and "has outputs, whose labels are left as they are; leave out --precision." in said


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(command: str) -> None:
    code, text = run(command, "--help")
    assert code == 0
    assert f"Example: recognizer {command}" in text
    options = re.split(r"\n(?=  -)", text.partition("Options:")[2].partition("\n\n")[0])[1:]
    assert options and all(len(option.split()) > 2 for option in options), text


@pytest.mark.parametrize("width", [60, 80])
def test_no_help_is_cut(width: int) -> None:
    for command in ("", *sorted(COMMANDS)):
        text = CliRunner().invoke(app, [*command.split(), "--help"], terminal_width=width).output
        lines = [line for line in text.partition("\n  Forms:\n")[0].splitlines() if not line.startswith("Usage: ")]
        assert [line for line in lines if len(line) > width or line.endswith("...")] == [], command


def test_every_command_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"^recognizer (\w+)", text, re.MULTILINE)) <= COMMANDS
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", text, re.MULTILINE)) <= targets


@pytest.mark.parametrize("stage", [*STAGES, "build", "serve", "review"])
def test_an_unknown_recipe_is_one_sentence_and_exit_code_1(stage: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "recognizer", stage, "nowhere"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "There is no recipe data/recipes/nowhere.toml. Recipes in data/recipes: clothing," in done.stderr


def test_wrong_usage_is_exit_code_2() -> None:
    assert run("collect")[0] == 2
    assert run("collect", "textiles", "--quickly")[0] == 2
    for precision in ("0", "1", "95", "nan", "-0.9"):
        assert run("clean", "textiles", "--precision", precision)[0] == 2


def test_a_build_announces_its_stages_and_ends_with_what_is_next(built: Built) -> None:
    announced = [f"{number} of {len(STAGES)}: {stage}" for number, stage in enumerate(STAGES, start=1)]
    assert re.findall(r"^\d of \d: \w+$", built.said, re.MULTILINE) == announced
    last = built.said.rstrip().splitlines()[-1]
    assert last == f"Next: recognizer serve {built.recipe} --work {built.work}"
    assert re.search(rf"^Built in .*\d s\. The model is in {re.escape(str(built.model))}\.$", built.said, re.MULTILINE)


def test_a_build_says_before_it_cleans_which_classes_have_no_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for line in write_listed(tmp_path / "photos", 6) if line[2] == "red"]
    write_table(tmp_path / "photos", lines)
    code, said = run("build", write_recipe(tmp_path), "--folder", tmp_path / "photos")
    assert code == 1
    assert re.search(r"no photo to train “green”, “blue” of colour .* leave them out, in .*/shapes\.toml\.$", said)
    assert not (tmp_path / "data" / "shapes" / "reports" / "clean.json").exists()


def test_classify_prints_words_or_json(served: Served) -> None:
    photo = served.photos[0]
    code, text = run("classify", photo, "--model", served.model)
    assert code == 0
    assert text.startswith(f"{photo}: ")
    code, text = run("classify", photo, "--model", served.model, "--json")
    answer = json.loads(text)
    assert answer["photo"] == str(photo)
    assert answer["probabilities"] == pytest.approx(served.expected(photo), abs=1e-6)


def test_classify_claims_no_certainty(capsys: pytest.CaptureFixture[str]) -> None:
    sure = Prediction("Tartan", {"Tartan": 0.9999, "Gingham": 0.0001, "Ikat": 0.0}, False)
    print_answer(Path("a.jpg"), sure)
    assert capsys.readouterr().out == "a.jpg: Tartan (Tartan over 99 %, Gingham under 1 %, Ikat under 1 %)\n"


def test_classify_tells_unlike_all_from_not_sure(capsys: pytest.CaptureFixture[str]) -> None:
    shares = {"tartan": 0.999, "paisley": 0.001}
    print_answer(Path("mug.jpg"), Prediction(NOT_SURE, shares, out_of_distribution=True))
    print_answer(Path("blur.jpg"), Prediction(NOT_SURE, {"tartan": 0.6, "paisley": 0.4}, out_of_distribution=False))
    far, unsure = capsys.readouterr().out.splitlines()
    assert far == (
        "mug.jpg: Unlike all 2 (not close enough to the photos of any class; "
        "compared only with one another: tartan over 99 %, paisley under 1 %)"
    )
    assert unsure == "blur.jpg: Not sure (tartan 60 %, paisley 40 %)"


def test_classify_gives_programs_what_predict_gives(served: Served, tmp_path: Path) -> None:
    photo = served.photos[0]
    answered = httpx.post(f"{served.url}/predict", files={"image": photo.read_bytes()}, trust_env=False, timeout=60)
    told = json.loads(run("classify", photo, "--model", served.model, "--json")[1])
    assert told == {"photo": str(photo), **answered.json()}
    assert {"label", "not_sure", "far", "probabilities", "threshold", "model"} < told.keys()
    model = Path(shutil.copytree(served.model, tmp_path / "model"))
    facts = json.loads((model / "model.json").read_text())
    facts["distance"]["limit"] = -1000.0  # no photo is as close as that
    (model / "model.json").write_text(json.dumps(facts))
    told = json.loads(run("classify", photo, "--model", model, "--json")[1])
    assert (told["label"], told["not_sure"], told["far"]) == (NOT_SURE, True, True)
    assert run("classify", photo, "--model", model)[1].startswith(f"{photo}: Unlike all {len(served.classes)} (not ")


def test_classify_says_every_output_in_its_form(shapes_model: Path, tmp_path: Path) -> None:
    disc, blank = tmp_path / "disc.png", tmp_path / "no.png"
    draw(disc, "disc", "blue", 60, 12345)
    blank.write_bytes(b"no picture")
    code, text = run("classify", disc, "--model", shapes_model)
    line = r"shape: [\w ]+ \(disc .+ %, square .+ %\); colour: blue \(blue .+\); size: \d+ pixels \(\d+ to \d+\)"
    assert code == 0 and re.fullmatch(f"{disc}: {line}\n", text)
    code, text = run("classify", disc, blank, "--model", shapes_model, "--json")
    told, refused = map(json.loads, text.splitlines())
    assert code == 1 and refused["photo"] == str(blank) and refused["error"].endswith(".")
    assert list(told["outputs"]) == ["shape", "colour", "size"]
    assert {"not_sure", "threshold"} < told["outputs"]["shape"].keys()
    facts = json.loads((shapes_model / "model.json").read_text())
    assert told["model"] == {"title": facts["title"], "runtime": "onnx", "sha256": facts["sha256"]}
    size = told["outputs"]["size"]
    assert size["low"] < size["value"] < size["high"] and size["unit"] == "pixels"


def test_of_several_outputs_programs_get_what_predict_gives(shapes_model: Path, tmp_path: Path) -> None:
    disc = tmp_path / "disc.png"
    draw(disc, "disc", "blue", 60, 12345)
    told = json.loads(run("classify", disc, "--model", shapes_model, "--json")[1])
    with serving(shapes_model) as (address, _), client(address) as asking:
        answered = asking.post("/predict", files={"image": disc.read_bytes()}).json()
    assert told == {"photo": str(disc), **answered}
    assert told.keys() == {"photo", "outputs", "model"}


def test_classify_needs_no_web_server(served: Served, shapes_model: Path) -> None:
    program = """
import sys
from recognizer.cli.commands import app
try:
    app(["classify", sys.argv[1], "--model", sys.argv[2], "--json"])
except SystemExit:
    print(*sys.modules)
"""
    for model in (served.model, shapes_model):
        command = [sys.executable, "-c", program, str(served.photos[0]), str(model)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        answer, modules = done.stdout.splitlines()
        assert "model" in json.loads(answer)
        assert not {"fastapi", "starlette", "gradio"} & set(modules.split())


def test_classify_names_a_missing_photo(served: Served) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "recognizer", "classify", "none.jpg", "--model", str(served.model)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (1, "none.jpg: It cannot be read: No such file or directory.")


def test_publish_writes_a_space(built: Built, tmp_path: Path) -> None:
    code, text = run("publish", built.recipe, "--work", built.work, "--form", "cpu", "--to", tmp_path / "space")
    assert code == 0, text
    assert (tmp_path / "space" / "app.py").is_file()


@pytest.mark.slow
def test_serve_says_where_it_serves_and_a_taken_port_is_a_sentence(served: Served, built: Built) -> None:
    port = served.url.rsplit(":", 1)[1]
    done = subprocess.run(
        [sys.executable, "-m", "recognizer", "serve", str(built.recipe), "--work", str(built.work), "--port", port],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"Port {port} at 127.0.0.1 cannot be used" in done.stderr
