"""The command, in a process of its own, and the Hub's own library, against a Hub on loopback."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recognizer.publish.pushing import photos_in
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.pushed import names_of_kind, noted_pushes
from tests.conftest import Built
from tests.drawn_dataset import Shapes
from tests.publish.hub import LoopbackHub, same_as
from tests.publish.hub_repositories import TOKEN

SPACE = "spaces/me/bags"


@dataclass
class Publisher:
    """Somebody with a built model and a Hub."""

    recipe: Path
    work: Path
    hub: LoopbackHub
    home: Path
    said: list[str] = field(default_factory=list)

    def start(self, *words: str, **environment: str | None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "recognizer", "publish", str(self.recipe), "--work", str(self.work), *words]
        changed = os.environ | self.hub.environment | {"HF_HOME": str(self.home)} | environment
        env = {name: value for name, value in changed.items() if value is not None}
        return subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.home
        )

    def publish(self, *words: str, **environment: str | None) -> tuple[int, str, str]:
        with self.start(*words, **environment) as process:
            out, err = process.communicate(timeout=120)
        self.said += [out, err]
        return process.returncode, out, err

    def push(self, *words: str) -> str:
        code, out, err = self.publish("--push", "me/bags", "--form", "cpu", *words)
        assert code == 0, err
        return out

    def refused(self, *words: str, **environment: str | None) -> str:
        """Return the sentence with which a push ends; it is the only one, and without a story."""
        code, _, err = self.publish("--push", "me/bags", "--form", "cpu", *words, **environment)
        lines = err.strip().splitlines()
        assert code == 1 and "Traceback" not in err and "program itself" not in err, err
        return lines[-1]

    @property
    def folder(self) -> Path:
        return self.work / "published" / "me--bags"


@pytest.fixture
def someone(built: Built, tmp_path: Path) -> Iterator[Publisher]:
    with publisher(built.recipe, built.work, tmp_path) as person:
        yield person


@pytest.fixture
def someone_with_outputs(shapes: Shapes, shapes_model: Path, tmp_path: Path) -> Iterator[Publisher]:
    with publisher(shapes.work.parent / "shapes.toml", shapes_model.parent, tmp_path) as person:
        yield person


@contextmanager
def publisher(recipe: Path, built: Path, tmp_path: Path) -> Iterator[Publisher]:
    work = Path(shutil.copytree(built, tmp_path / "work"))
    for left in ("reports/publish.json", "pushed.json"):  # what other tests published is theirs
        (work / left).unlink(missing_ok=True)
    (tmp_path / "home").mkdir()
    with LoopbackHub() as hub:
        person = Publisher(recipe, work, hub, tmp_path / "home")
        yield person
    assert TOKEN not in "".join(person.said)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()], "a token is never written"


def test_all_arrives_once_and_what_is_gone_goes(someone: Publisher) -> None:
    hub = someone.hub
    hub.break_off("large", times=1)  # the network fails once
    out = someone.push("--with-model", "me/bags-model", "--with-index", "me/bags-photos")
    assert f"It runs at {hub.address}/spaces/me/bags" in out and "it is asked again in 1 s." in out
    assert same_as(hub.repositories[SPACE].files, someone.folder)
    made = hub.repositories[SPACE].made
    assert (made["sdk"], made.get("hardware"), made.get("visibility")) == ("gradio", None, None)
    pushed = hub.repositories["models/me/bags-model"].files
    assert {path for path in pushed if not path.startswith(".")} == {
        path.relative_to(someone.work / "model").as_posix()
        for path in (someone.work / "model").rglob("*")
        if path.is_file()
    }
    head = hub.repositories[SPACE].files["README.md"].decode()
    assert "models:\n- me/bags-model\ndatasets:\n- me/bags-photos\n" in head
    hub.mend()
    assert re.search(r"files sent\W+0\W", someone.push())
    assert hub.received == 0 and not {"preupload", "batch", "large", "commit"} & set(hub.asked)
    forgotten = someone.work / "model" / "examples" / "1.jpg"
    forgotten.unlink()
    assert re.search(r"files removed\W+1\W", someone.push())
    assert "model/examples/1.jpg" not in hub.repositories[SPACE].files
    assert same_as(hub.repositories[SPACE].files, someone.folder)
    report = json.loads((someone.work / "reports" / "publish.json").read_text())
    assert report["spaces"] == [str(someone.folder)] and report["counts"]["files"] > 10
    told = {entry["repository"]: (entry["kind"], entry["commit"]) for entry in report["pushed"]}
    assert told["me/bags"] == ("space", hub.repositories[SPACE].sha) and len(told) == 3


def test_a_model_of_several_outputs_arrives_as_a_site_that_answers_by_itself(someone_with_outputs: Publisher) -> None:
    hub = someone_with_outputs.hub
    code, out, err = someone_with_outputs.publish("--push", "me/bags", "--with-model", "me/bags-model")
    assert code == 0 and f"It runs at {hub.address}/spaces/me/bags" in out, err
    site = hub.repositories[SPACE].files
    assert {"index.html", "recognizer.html", "how.html", "data.html", "model/model.fp16.onnx"} <= site.keys()
    assert hub.repositories[SPACE].made["sdk"] == "static" and "title: Shapes" in site["README.md"].decode()
    assert "| size | " in hub.repositories["models/me/bags-model"].files["README.md"].decode()


def test_the_index_names_photos_and_holds_none(someone: Publisher) -> None:
    hub = someone.hub
    code, _, err = someone.publish("--with-index", "me/photos", "--private")
    assert code == 0, err
    index = hub.repositories["datasets/me/photos"]
    assert set(index.files) == {".gitattributes", ".recognizer-space", "README.md", "photos.csv"} and index.private
    rows = index.files["photos.csv"].decode().splitlines()
    with PhotoStore(someone.work, load_recipe(someone.recipe).labels) as store:
        assert [row.split(",")[0] for row in rows[1:]] == [photo.sha256 for photo in store.photos.all()]


@pytest.mark.parametrize("what", ["large", "commit"])
def test_a_push_that_is_killed_is_finished_by_the_same_command(someone: Publisher, what: str) -> None:
    hub, started = someone.hub, list[subprocess.Popen[str]]()
    hub.break_off(what, before=lambda: started[0].kill())
    started.append(someone.start("--push", "me/bags", "--form", "cpu"))
    started[0].communicate(timeout=60)
    assert started[0].returncode == -9 and set(hub.repositories[SPACE].files) == {".gitattributes", "README.md"}
    (noted,) = noted_pushes(someone.work)  # photos may be there already
    assert noted["photos"] and not names_of_kind(someone.work, "space")
    hub.mend()
    someone.push()
    assert same_as(hub.repositories[SPACE].files, someone.folder)


def test_without_a_form_it_is_a_static_space_that_needs_no_card(someone: Publisher) -> None:
    fresh = {"index.html": b"hello", "style.css": b"body {}", "README.md": b"---\nsdk: static\n---\n"}
    someone.hub.add(SPACE, fresh, stages=["FORMER", "BUILDING", "RUNNING"])
    code, out, err = someone.publish("--push", "me/bags")
    assert code == 0 and "static: free, without a card" in out, err
    files = someone.hub.repositories[SPACE].files
    assert same_as(files, someone.folder) and b"sdk: static" in files["README.md"]
    assert someone.hub.asked.count("runtime") == 3, "until it runs what was pushed"
    assert {"index.html", "model/model.json", "words/en.json"} <= files.keys()


REFUSALS = [
    ("create", 402, "--form static is free"),
    ("create", 403, "may not write to me/bags"),
    ("commit", 409, "Something else is changing me/bags"),
    ("commit", 429, "wait 7 seconds"),
    ("commit", 503, r"is in trouble (HTTP 503)"),
    ("commit", 400, "refuses me/bags (HTTP 400: trouble)"),
]


@pytest.mark.parametrize(("what", "status", "sentence"), REFUSALS)
def test_what_the_hub_refuses_is_a_sentence_with_a_way_out(
    someone: Publisher, what: str, status: int, sentence: str
) -> None:
    someone.hub.fail(what, status, **{"Retry-After": "7"})
    said = someone.refused()
    assert sentence in said and said.count("\n") == 0, said


def test_a_connection_that_breaks_off_and_a_token_that_is_none_are_sentences(someone: Publisher) -> None:
    someone.hub.break_off("commit")
    assert "The connection to 127.0.0.1" in someone.refused()
    someone.hub.mend()
    someone.push()
    for token, sentence in {
        None: "There is no token",
        "hf_wrong": "does not take this token",
        "hf_ö": "characters",
    }.items():
        said = someone.refused(HF_TOKEN=token)
        assert sentence in said and "settings/tokens" in said and "hf_" not in said, said
    assert "The connection to 127.0.0.1:9 failed" in someone.refused(HF_ENDPOINT="http://127.0.0.1:9")
    assert "HF_HUB_OFFLINE is set" in someone.refused(HF_HUB_OFFLINE="1")


def test_a_push_that_the_hub_refuses_at_once_is_not_remembered(someone: Publisher) -> None:
    hub = someone.hub
    hub.fail("create", 403)
    code, _, err = someone.publish("--with-model", "WRONG/bags-model")
    assert code == 1 and "may not write to WRONG/bags-model" in err
    assert noted_pushes(someone.work) == []
    hub.mend()
    assert someone.publish("--with-model", "me/bags-model")[0] == 0
    noted = noted_pushes(someone.work)
    hub.fail("tree", 403)
    code, _, err = someone.publish("--with-model", "me/bags-model", "--private")
    assert code == 1 and noted_pushes(someone.work) == noted, "as it was before"
    assert names_of_kind(someone.work, "model") == ("me/bags-model",)


def test_a_model_file_that_names_a_photo_counts_as_holding_it() -> None:
    similar = {"similar": [{"file": f"similar/{'a' * 16}.jpg", "title": f'"similar/{"b" * 16}.jpg"'}]}
    assert photos_in({"model/model.json": json.dumps(similar, indent=2).encode()}) == {"a" * 16}


def test_a_repository_with_other_files_is_left_alone(someone: Publisher) -> None:
    for name, commits in {"thesis.py": 1, "index.html": 2}.items():
        theirs = someone.hub.add(SPACE, {name: b"mine", "README.md": b"---\n---\n"}, commits=commits)
        assert f"holds other files, such as {name}" in someone.refused()
        assert theirs.files[name] == b"mine" and theirs.commits == commits


def test_what_somebody_else_pushes_meanwhile_is_told_and_gone_after_the_same_command(someone: Publisher) -> None:
    someone.push()
    space = someone.hub.repositories[SPACE]
    (someone.work / "model" / "examples" / "1.jpg").unlink()

    def push_too() -> None:
        space.files, space.commits = space.files | {"theirs.txt": b"theirs"}, space.commits + 1

    someone.hub.meanwhile("commit", push_too)
    assert "Something else has changed me/bags" in someone.refused()
    assert space.files["theirs.txt"] == b"theirs" and "model/examples/1.jpg" in space.files
    someone.push()
    assert same_as(space.files, someone.folder)


def test_a_space_that_does_not_start_says_the_end_of_its_log(someone: Publisher) -> None:
    space = someone.hub.add(SPACE, {}, stages=["BUILDING", "BUILD_ERROR"], log=["step\n", "ERROR: no such package\n"])
    assert "does not start (build error). Its log ends so: step / ERROR: no such package" in someone.refused()
    space.stages = ["PAUSED"]
    assert "is paused; start it again" in someone.refused()


def test_a_space_on_zero_gpu_asks_for_its_hardware_whenever_it_was_made(someone: Publisher) -> None:
    words = ("--push", "me/bags", "--form", "zero", "--private")
    code, _, err = someone.publish(*words)
    assert code == 0 and someone.hub.repositories[SPACE].made["hardware"] == "zero-a10g", err
    someone.hub.repositories.clear()
    space = someone.hub.add(SPACE, {})
    assert someone.publish(*words)[0] == 0
    assert space.hardware == "zero-a10g" and space.private


def test_what_still_shows_or_names_a_forgotten_photo_is_named_and_cleaned(someone: Publisher) -> None:
    hub = someone.hub
    someone.push("--with-index", "me/photos")
    example = someone.work / "model" / "examples" / "1.jpg"
    jpeg = example.read_bytes()
    assert jpeg in hub.large.values()
    digest = {path.read_bytes(): path for path in (someone.work / "photos").glob("*/*.jpg")}[jpeg].stem
    command = [sys.executable, "-m", "recognizer", "forget", str(someone.recipe), digest, "--work", str(someone.work)]
    for _ in range(2):  # until it is pushed again
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "me/bags on the Hub (space) still holds something of it; run recognizer publish" in said
        assert "--with-index me/photos" in said and "--push me/bags --form cpu" in said
    someone.push("--with-index", "me/photos")
    assert digest not in hub.repositories["datasets/me/photos"].files["photos.csv"].decode()
    assert jpeg not in hub.repositories[SPACE].files.values() and hub.repositories[SPACE].commits == 1
    assert jpeg not in hub.large.values(), "nor do earlier commits hold it"
    assert not [entry for entry in noted_pushes(someone.work) if entry["changed"]]
    assert "still holds" not in subprocess.run(command, capture_output=True, text=True, check=True).stdout
