"""A recipe that is edited mid-way: what stays right is kept, what does not is made anew, and the command says which."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recognizer.cli.changes import follow_changes
from recognizer.cli.commands import app
from recognizer.recipe import load_recipe
from recognizer.sample import pictures
from recognizer.store.photo_store import PhotoStore
from recognizer.store.renaming import rename_class
from recognizer.store.rows import BlindAnswer, Decision
from tests.drawn_dataset import write_recipe
from tests.small_sample import fill_store, small_recipe, write_small_recipe


class Editor:
    """Somebody with a recipe and a work folder, who edits it."""

    def __init__(self, recipe: Path, work: Path) -> None:
        self.recipe, self.work = recipe, work

    def run(self, *typed: str) -> str:
        result = CliRunner().invoke(app, [typed[0], str(self.recipe), *typed[1:], "--work", str(self.work)])
        assert result.exit_code == 0, result.output
        return result.output

    def edit(self, old: str, new: str) -> None:
        text = self.recipe.read_text()
        assert old in text
        self.recipe.write_text(text.replace(old, new))

    def labels(self) -> dict[str, str]:
        with PhotoStore(self.work, load_recipe(self.recipe).labels) as store:
            assert all(photo.path.is_file() for photo in store.photos.all())
            return {photo.sha256: photo.found_as for photo in store.photos.all()}

    def runs(self) -> set[str]:
        return {path.name for path in (self.work / "runs").iterdir()}

    def features(self) -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in (self.work / "features").rglob("*.npz")}


@pytest.fixture
def editor(trained: Path, tmp_path: Path) -> Editor:
    found = Editor(write_small_recipe(tmp_path), Path(shutil.copytree(trained, tmp_path / "work")))
    assert found.run("credits").count("\n") == 3, "nothing has changed"
    return found


def test_a_renamed_class_keeps_photos_decisions_and_features(editor: Editor) -> None:
    before, features = editor.labels(), editor.features()
    photo = next(sha256 for sha256, label in before.items() if label == "Chevron")
    other = next(sha256 for sha256, label in before.items() if label == "Paisley")
    with PhotoStore(editor.work, load_recipe(editor.recipe).labels) as store:
        store.decisions.add(Decision(photo, "keep", "looked at", by="me"))
        store.decisions.add(Decision(other, "relabel", "looked at", label="Chevron", by="me"))
        store.blind_answers.add(BlindAnswer(photo, "class", "Chevron", by="me"))
    editor.edit('name = "Chevron"', 'name = "Zig/zag"')
    said = editor.run("credits")
    assert "“Chevron” is called “Zig/zag” now: its photos and decisions stay" in said and "new class" not in said
    assert editor.labels() == {s: "Zig/zag" if label == "Chevron" else label for s, label in before.items()}
    with PhotoStore(editor.work, load_recipe(editor.recipe).labels) as store:
        assert {(d.action, d.label) for d in store.decisions.current() if d.by == "me"} == {
            ("keep", None),
            ("relabel", "Zig/zag"),
        }
        assert [one.label for one in store.blind_answers.all().values()] == ["Zig/zag"]
    assert not (editor.work / "photos" / "Chevron").exists()
    again = editor.run("train")
    assert "is called" not in again and len(editor.runs()) == 2
    assert features.items() <= editor.features().items(), "no feature is computed anew"


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_class_that_is_only_called_otherwise_is_told_once(tmp_path: Path, is_stopped: bool) -> None:
    recipe = small_recipe(tmp_path)
    with PhotoStore(tmp_path, recipe.labels) as store:
        fill_store(recipe, store)
    assert follow_changes(recipe, tmp_path) == []
    first = recipe.classes[0].model_copy(update={"name": "Diamonds"})
    renamed = recipe.model_copy(update={"classes": [first, *recipe.classes[1:]]})
    if is_stopped:  # between the photos and the note that they are called otherwise
        assert rename_class(tmp_path, "Argyle", "Diamonds")
    assert [says.partition(":")[0] for says in follow_changes(renamed, tmp_path)] == [
        "“Argyle” is called “Diamonds” now"
    ]
    assert follow_changes(renamed, tmp_path) == [], "what was told is written down"


def test_a_removed_a_new_and_a_split_class_are_told(editor: Editor) -> None:
    before = editor.labels()
    count = list(before.values()).count("Chevron")
    editor.edit('name = "Chevron"\nqueries = ["chevron"]', 'name = "Ikat"\nqueries = ["ikat"]')
    said = editor.run("collect")
    assert f"“Chevron” is no class any more: no network learns from its photos ({count}), which stay." in said
    assert "“Ikat” is a new class: collect finds its photos; those of the others stay." in said
    assert before.items() <= editor.labels().items() and "Ikat" in editor.labels().values()
    editor.run("train")
    with PhotoStore(editor.work, load_recipe(editor.recipe).labels) as store:
        assert store.photos.usable("Ikat")
    editor.edit('name = "Ikat"\nqueries = ["ikat"]', 'name = "Chevron"\nqueries = ["chevron"]')
    assert "“Chevron” is a new class" in editor.run("credits")
    assert list(editor.labels().values()).count("Chevron") == count, "they are there when it comes back"


@pytest.fixture
def own(tmp_path: Path) -> Editor:
    """Somebody with photos of their own, in subfolders, and a recipe of names alone."""
    for label in ("Chevron", "Paisley"):
        (tmp_path / "own" / label).mkdir(parents=True)
        for number, hit in enumerate(pictures.search(label.lower(), 1)[:6]):
            (tmp_path / "own" / label / f"{number}.jpg").write_bytes(pictures.read(hit.image))
    editor = Editor(tmp_path / "own.toml", tmp_path / "data")
    names = "".join(f'[[classes]]\nname = "{label}"\n' for label in ("Chevron", "Paisley"))
    folder = f'[collect]\nengines = ["folder"]\nfolder = "{tmp_path / "own"}"\n'
    editor.recipe.write_text(f'title = "Own"\n{folder}{names}')
    editor.run("collect")
    return editor


def decide(editor: Editor) -> tuple[str, str]:
    """Drop a photo of Chevron, and move one of Paisley there; return both."""
    found = {label: sha256 for sha256, label in editor.labels().items()}
    with PhotoStore(editor.work, ["Chevron", "Paisley"]) as store:
        store.decisions.add(Decision(found["Chevron"], "drop", "looked at", by="me"))
        store.decisions.add(Decision(found["Paisley"], "relabel", "looked at", label="Chevron", by="me"))
    return found["Chevron"], found["Paisley"]


def test_a_class_of_own_photos_is_called_otherwise_with_its_subfolder(own: Editor) -> None:
    before, (dropped, moved), folder = own.labels(), decide(own), own.recipe.with_suffix("")
    own.edit('name = "Chevron"', 'name = "Zigzag"')
    (folder / "Chevron").rename(folder / "Zigzag")
    said = own.run("collect")
    assert (
        "“Zigzag” is a new class: collect finds its photos; files that were moved to its subfolder come along" in said
    )
    assert "Followed to another subfolder: 6 of your files, with what was decided about them." in said
    assert own.labels() == {s: "Zigzag" if label == "Chevron" else label for s, label in before.items()}
    with PhotoStore(own.work, load_recipe(own.recipe).labels) as store:
        made = {one.photo: (one.action, one.label) for one in store.decisions.current()}
    assert made == {dropped: ("drop", None), moved: ("relabel", "Zigzag")}
    assert "Followed" not in own.run("collect")


def test_a_class_of_own_photos_is_split(own: Editor) -> None:
    """A file in another subfolder is of another class, also where that comes later in the recipe."""
    before, folder = own.labels(), own.recipe.with_suffix("")
    dropped, relabelled = decide(own)
    own.edit('[[classes]]\nname = "Paisley"', '[[classes]]\nname = "Paisley"\n[[classes]]\nname = "Herringbone"')
    (folder / "Herringbone").mkdir()
    for number, name in ((1, "1.jpg"), (3, "under another name.jpg")):
        (folder / "Chevron" / f"{number}.jpg").rename(folder / "Herringbone" / name)
    assert "Followed to another subfolder: 2 of your files" in own.run("collect")
    after = own.labels()
    assert after.keys() == before.keys() and list(after.values()).count("Herringbone") == 2
    with PhotoStore(own.work, load_recipe(own.recipe).labels) as store:
        made = {one.photo: (one.action, one.label) for one in store.decisions.current()}
    assert made == {dropped: ("drop", None), relabelled: ("relabel", "Chevron")}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "size = 64",
            "size = 96",
            r"\[train\] has another size: features and training are made anew, unless that was done",
        ),
        (
            "epochs = 1",
            "epochs = 2",
            r"\[train\] has another epochs: the training is made anew, unless that was done bef",
        ),
        (
            "[train]",
            "[train]\nmixed_precision = false",
            "precision: nothing follows from it here, and the network stays",
        ),
        ("[train]", '[train]\nweights = "own.pth"', "features and training are made anew if these are other weights"),
        ('["chevron"]', '["chevron", "tartan"]', "“Chevron” has other searches: collect asks them; what was found be"),
        ("[clean]", "[clean]\nprecision = 0.9", r"\[clean\] has changed: clean lets the rules decide anew"),
        (
            "backbones = []",
            'backbones = ["resnet18"]',
            r"d: clean has other networks judge labels, and lets the rules d",
        ),
    ],
)
def test_other_settings_are_told_once(editor: Editor, old: str, new: str, told: str) -> None:
    before = editor.labels()
    editor.edit(old, new)
    assert re.search(told, editor.run("credits")) and not re.search(told, editor.run("credits"))
    assert editor.labels() == before


def test_a_setting_that_came_later_is_no_change(tmp_path: Path) -> None:
    recipe = small_recipe(tmp_path)
    follow_changes(recipe, tmp_path)
    stored = json.loads((tmp_path / "recipe.json").read_text())
    del stored["clean"]["backbones"], stored["train"]["stop_by"]
    (tmp_path / "recipe.json").write_text(json.dumps(stored))
    assert follow_changes(recipe, tmp_path) == []


def test_other_outputs_are_told_once(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    assert follow_changes(recipe, tmp_path) == follow_changes(recipe, tmp_path) == []
    fewer = recipe.model_copy(update={"outputs": recipe.outputs[:2]})
    (said,) = follow_changes(fewer, tmp_path)
    assert said == "[[outputs]] have changed: collect reads their values anew; photos stay, the training is made anew."
    assert follow_changes(fewer, tmp_path) == []


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("epochs = 0", "epochs = 8", "epochs"),
        ("epochs = 8", "epochs = 8\ncached = false", "cached"),
        ("epochs = 3\nlearning_rate = 0.02", "epochs = 8\nlearning_rate = 0.03", "epochs, learning_rate"),
    ],
)
def test_another_rate_is_told_where_somebody_touched_it(tmp_path: Path, before: str, now: str, told: str) -> None:
    file = write_small_recipe(tmp_path)
    text = file.read_text()
    for settings in (before, now):
        file.write_text(text.replace("epochs = 1", settings))
        said = follow_changes(load_recipe(file), tmp_path)
    made = "the training is made anew, unless that was done before"
    assert said == [f"[train] has another {told}: {made}; photos and decisions stay."]


@pytest.mark.parametrize(("changed", "told"), [
    ({"answered_accuracy": 0.5}, "another answered_accuracy: train moves the threshold of the same network; "),
    ({"rounds": 2}, "another rounds: train keeps the rounds that are there, trains those that are missing, and uses"),
])  # fmt: skip
def test_what_trains_nothing_again_is_told(tmp_path: Path, changed: dict[str, float], told: str) -> None:
    for recipe in (load_recipe(write_recipe(tmp_path)), small_recipe(tmp_path)):
        work = tmp_path / recipe.name
        work.mkdir(exist_ok=True)
        follow_changes(recipe, work)
        settings = recipe.train.model_copy(update=changed)
        (said,) = follow_changes(recipe.model_copy(update={"train": settings}), work)
        assert told in said


def test_a_moved_work_folder_is_still_right(editor: Editor) -> None:
    features, moved = editor.features(), editor.work.parent / "elsewhere" / "here"
    moved.parent.mkdir()
    editor.work = editor.work.rename(moved)
    editor.run("train")
    there = {moved / file.relative_to(moved.parents[1] / "work"): time for file, time in features.items()}
    assert editor.runs() == {"1"} and editor.features() == there
