"""A recipe is read as it stands, and a mistake in it ends in one plain sentence."""

import re
import shlex
from pathlib import Path

import pytest

from recognizer import names
from recognizer.calibration import abstain
from recognizer.errors import RecipeError
from recognizer.outputs import Output, PhotoClass
from recognizer.recipe import OURS, CleanSettings, CollectSettings, Recipe, TrainSettings, load_recipe
from tests.paths import ROOT

RECIPES = ROOT / "data" / "recipes"
CLASSES = """
[[classes]]
name = "Kilim"
queries = ["kilim rug"]
[[classes]]
name = "Batik"
queries = ["batik cloth", "batik wax"]
"""
GOOD = 'title = "Cloth"\n' + CLASSES


def write(folder: Path, text: str, name: str = "cloth") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistake(folder: Path, text: str) -> str:
    """The sentence that a wrong recipe ends in, which names its file."""
    path = write(folder, text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path)) and sentence.endswith(".") and "\n" not in sentence
    assert not re.search(r"pydantic|https?://errors|validation|Input|instance|model_|string_|pattern", sentence)
    return sentence.removeprefix(str(path)).lstrip(": ")


@pytest.mark.parametrize("name", ["ethnic-groups", "seed", "clothing", "textiles"])
def test_shipped_recipes_load(name: str) -> None:
    recipe = load_recipe(name, RECIPES)
    assert (recipe.name, len(recipe.classes), len(set(recipe.labels))) == (name, 12, 12)
    assert all(photo_class.queries for photo_class in recipe.classes)


def test_recipes_about_faces_say_what_their_data_is_and_show_nobody() -> None:
    heads = {name: [one.name for one in load_recipe(name, RECIPES).heads] for name in ("fairface", "utkface")}
    assert heads["fairface"] == ["race", "gender", "age_range", "age"]
    outputs = load_recipe("utkface", RECIPES).outputs
    assert sum(len(one.classes) for one in outputs) == 19 and outputs[-1].kind == "number"
    for name in ("fairface", "utkface", "profile-pictures"):
        assert not load_recipe(name, RECIPES).collect.examples
        comments = [line for line in (RECIPES / f"{name}.toml").read_text().splitlines() if line.startswith("#")]
        assert all(re.search(word, " ".join(comments)) for word in ("[Ll]icence", "[Nn]ot to be used|Must not be used"))


def test_ethnic_groups_are_as_the_issue_says() -> None:
    recipe = load_recipe("ethnic-groups", RECIPES)
    groups = "Akha Bai Chakma Hani Kazakhs Lisu Mon Naga Qiang Tatar Tripuri Uzbeks"
    assert recipe.labels == groups.split()
    assert (recipe.collect.photos, recipe.train.backbone) == (200, "resnet34")
    seed = load_recipe("seed", RECIPES)
    assert seed.labels == recipe.labels
    assert (seed.train.backbone, seed.train.size, seed.train.rounds, seed.train.epochs) == ("resnet34", 224, 4, 10)
    for group in recipe.classes:
        assert 2 <= len(group.queries) <= 3
        assert group.description and group.region and group.link.startswith("https://en.wikipedia.org/")


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        ("epochs = 8", 0.003),
        ("epochs = 8\nlearning_rate = 0.01", 0.01),
        ("epochs = 8\ncached = false", 0.0001),
        ("epochs = 8\ntuned = 1.0", 0.0001),
        ("epochs = 0", 0.0001),
    ],
)
def test_a_branch_learns_at_a_rate_of_its_own(tmp_path: Path, settings: str, rate: float) -> None:
    assert load_recipe(write(tmp_path, f"{GOOD}\n[train]\n{settings}\n", "my-cloth")).train.learning_rate == rate


def test_a_recipe_by_path_is_called_like_its_file(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD, "my-cloth"))
    assert (recipe.name, recipe.title, recipe.labels) == ("my-cloth", "Cloth", ["Kilim", "Batik"])
    assert recipe.collect == CollectSettings() and recipe.train == TrainSettings()
    assert recipe.clean == CleanSettings(precision=0.95)
    assert recipe.classes[1] == PhotoClass(name="Batik", queries=["batik cloth", "batik wax"])


def test_a_recipe_by_name_is_looked_for_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert load_recipe("cloth", tmp_path).name == "cloth"


def test_a_missing_recipe_is_told_with_those_that_exist() -> None:
    with pytest.raises(RecipeError, match=r"no recipe .*quilts\.toml.*: .*ethnic-groups, fairface, .*utkface; or give"):
        load_recipe("quilts", RECIPES)


def test_a_missing_path_is_told(tmp_path: Path) -> None:
    for name in ("none.toml", "none"):
        with pytest.raises(RecipeError, match=re.escape(f"There is no recipe {tmp_path / name}.")):
            load_recipe(tmp_path / name, tmp_path)


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        (
            'colour = "red"\n' + GOOD,
            "unknown key colour; allowed here are title, description, people, collect, clean, train, classes, outputs.",
        ),
        (GOOD + "[collect]\nphoto = 3\n", "unknown key collect.photo; allowed here are engines, photos, timeout"),
        (GOOD + "[clean]\nauto = true\n", "unknown key clean.auto; allowed here are precision"),
        (GOOD + "[train]\nclasses = 3\n", "unknown key train.classes; allowed here are backbone, weights, size"),
        (GOOD + "[train]\nepoch = 3\n", "unknown key train.epoch; allowed here are backbone, weights, size, rounds"),
        (GOOD + 'query = "x"\n', "unknown key classes[2].query; allowed here are name, queries, description, region"),
    ],
)
def test_an_unknown_key_is_named_with_those_allowed(tmp_path: Path, line: str, allowed: str) -> None:
    assert mistake(tmp_path, line).startswith(allowed)


@pytest.mark.parametrize(("name", "twin"), [("Batik", "Batik"), ("Batik", " Batik "), ("Café", "Cafe\u0301")])
def test_a_class_stands_once(tmp_path: Path, name: str, twin: str) -> None:
    text = GOOD.replace("Batik", name) + f'[[classes]]\nname = "{twin}"\nqueries = ["x"]\n'
    assert mistake(tmp_path, text) == f"classes: “{twin.strip()}” stands there twice; each class may stand once."


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('["kilim rug"]', '["kilim", " "]', "classes[1].queries[2] may not be empty (given: ' ')."),
        ('["kilim rug"]', '"kilim"', "classes[1].queries has to be a list (given: 'kilim')."),
        ('"Kilim"', '""', "classes[1].name may not be empty (given: '')."),
        ('"Kilim"', '"' + "k" * 61 + '"', "classes[1].name may have at most 60 characters (given: "),
        ('"Kilim"', "3", "classes[1].name has to be a text in quotes (given: 3)."),
        ('title = "Cloth"', "", "title is missing."),
        ('title = "Cloth"', "title = 1979-05-27", "title has to be a text in quotes."),
        (CLASSES, "classes = 3", "classes has to be a list (given: 3)."),
        (CLASSES, "classes = [3, 4]", "classes[1] has to be a table (given: 3)."),
        (CLASSES, CLASSES[: CLASSES.rindex("[[")], "classes needs at least 2."),
        ('title = "Cloth"', 'title = "Cloth"\nname = "c"', "name is not a key here; a recipe is called like its file"),
    ],
)
def test_a_wrong_class_or_title_is_told(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert mistake(tmp_path, GOOD.replace(old, new)).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a\\u0000b", "may have no control characters"),
        ("a\\nb", "may have no control characters"),
        ("a\u202egpj.exe", "may have no control characters"),
        ("\u200d", "needs a character that can be seen"),
        ("Not sure", "may not be “Not sure”, which is the answer"),
        ("NOT  SURE", "may not be “Not sure”, which is the answer"),
    ],
)
def test_a_class_has_a_name_that_can_be_seen_and_is_no_answer(tmp_path: Path, name: str, sentence: str) -> None:
    assert mistake(tmp_path, GOOD.replace("Kilim", name)).startswith(f"classes[1].name {sentence}")


def test_no_class_is_called_like_the_answer_where_there_is_none() -> None:
    assert names.NOT_SURE == abstain.NOT_SURE


@pytest.mark.parametrize(
    "name",
    ["T-Shirt", "Côte d’Ivoire", "刺绣", "বাংলা শাড়ি", "שלום", "👩‍🌾",
     "$50 #1 vs $100", "AC/DC", "a:b?", "CON", "dot.", ".net"],
)  # fmt: skip
def test_a_class_is_called_as_it_was_typed(tmp_path: Path, name: str) -> None:
    assert load_recipe(write(tmp_path, GOOD.replace("Kilim", name))).labels[0] == name


def test_each_class_has_a_folder_of_its_own_on_every_system() -> None:
    typed = [
        "Kilim",
        "KILIM",
        "AC/DC",
        "AC%2FDC",
        "ac/dc",
        "CON",
        "con",
        "nul.txt",
        "dot.",
        "dot",
        "..",
        ".",
        "a:b",
        "刺绣",
        "/" * 60,
    ]
    folders: dict[str, str] = {}
    for name in typed:
        folders[name] = names.free_folder(name, {names.folded(folder) for folder in folders.values()})
    assert (folders["Kilim"], folders["刺绣"], folders["AC/DC"], folders["CON"]) == (
        "Kilim",
        "刺绣",
        "AC%2FDC",
        "%43ON",
    )
    assert len({folder.casefold() for folder in folders.values()}) == len(typed)
    for folder in folders.values():
        assert (
            not re.search(r'[/\\:*?"<>|]|^\.|[. ]$|^(con|nul)(\.|$)', folder, re.IGNORECASE)
            and len(folder.encode()) < 256
        )


def test_a_command_is_advised_as_it_was_typed(tmp_path: Path) -> None:
    typed = str(write(tmp_path, GOOD, "my bags"))
    assert load_recipe(typed).command("train") == "recognizer train 'my bags'"
    assert load_recipe(typed).asked_for(typed).command("train") == f"recognizer train '{typed}'"
    found = load_recipe(typed).asked_for(typed, Path("new work"))
    assert shlex.split(found.command("train")) == ["recognizer", "train", typed, "--work", "new work"]
    assert found.model_copy(update={"title": "x"}).command("collect").endswith("--work 'new work'")


def test_a_small_recipe_is_enough(tmp_path: Path) -> None:
    path = write(tmp_path, 'title = "Bags"\n' + "".join(f'[[classes]]\nname = "{name}"\n' for name in "abc"), "bags")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # as editors on Windows begin a file
    recipe = load_recipe(path)
    assert (recipe.labels, recipe.classes[0].queries) == (["a", "b", "c"], [])
    assert (recipe.train.backbone, recipe.train.epochs) == ("tf_efficientnet_lite0", 0)


def test_a_recipe_in_the_current_folder_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    assert load_recipe("cloth").labels == ["Kilim", "Batik"]
    assert load_recipe("textiles").name == "textiles", "which `recognizer demo` builds in any folder"
    (tmp_path / "pyproject.toml").write_text("[project]")  # is no recipe
    known = r"Recipes here: cloth; in data/recipes: none; of this program: clothing, ethnic-groups"
    with pytest.raises(RecipeError, match=rf"no recipe data/recipes/quilts.toml\. {known}"):
        load_recipe("quilts")
    with pytest.raises(RecipeError, match=rf"Did you mean cloth\? {known}"):
        load_recipe("clot")


def test_a_recipe_of_this_program_is_changed_in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_recipe(write(tmp_path, GOOD)).to_edit == str(tmp_path / "cloth.toml")
    monkeypatch.chdir(tmp_path)
    assert load_recipe("utkface").to_edit == f"a copy of {OURS / 'utkface.toml'} in this folder"
    Path("utkface.toml").write_text((OURS / "utkface.toml").read_text())
    assert load_recipe("utkface").to_edit == "utkface.toml", "which goes before"


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("[collect]\nphotos = -1", "collect.photos has to be at least 1 (given: -1)."),
        ("[collect]\nphotos = 0", "collect.photos has to be at least 1 (given: 0)."),
        ("[collect]\nphotos = 2.5", "collect.photos has to be a whole number (given: 2.5)."),
        ("[collect]\nphotos = true", "collect.photos has to be a whole number (given: True)."),
        ('[collect]\nphotos = "9"', "collect.photos has to be a whole number (given: '9')."),
        ("[collect]\ntimeout = 0", "collect.timeout has to be more than 0.0 (given: 0)."),
        ("[collect]\ntimeout = inf", "collect.timeout has to be a finite number (given: inf)."),
        ("[collect]\nengines = []", "collect.engines needs at least 1."),
        (
            '[collect]\nengines = ["google"]',
            "collect.engines: “google” is not an engine; allowed are "
            "duckduckgo, bing, openverse, commons, folder, dataset, sample.",
        ),
        (
            '[collect]\nengines = ["dataset"]',
            "collect.engines: “dataset” is for recipes with outputs; for your own photos, “folder”.",
        ),
        (
            '[collect]\nengines = ["bing", "sample", "bing"]',
            "collect.engines: “bing” stands there twice; each engine may stand once.",
        ),
        ("[collect]\ncontact = 3", "collect.contact has to be a text in quotes (given: 3)."),
        ("[clean]\nprecision = 1.0", "clean.precision has to be less than 1.0 (given: 1.0)."),
        ("[clean]\nprecision = 0", "clean.precision has to be more than 0.0 (given: 0)."),
        ("[train]\nsize = 2048", "train.size has to be at most 1024 (given: 2048)."),
        ("[train]\nsize = 200", "train.size has to be a multiple of 32 (given: 200)."),
        ("[train]\nheld_out = 1.0", "train.held_out has to be less than 1.0 (given: 1.0)."),
        ("[train]\nseed = -1", "train.seed has to be at least 0 (given: -1)."),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_with_what_is_allowed(tmp_path: Path, setting: str, sentence: str) -> None:
    assert mistake(tmp_path, GOOD + setting) == sentence


@pytest.mark.parametrize(
    "contact", ["me", "a b@c.example", "(me@c.example)", "me@c.example\\n", "é@c.example", "ftp://c"]
)
def test_a_contact_is_a_mail_or_web_address(tmp_path: Path, contact: str) -> None:
    sentence = mistake(tmp_path, GOOD + f'[collect]\ncontact = "{contact}"')
    assert sentence.startswith("collect.contact has to be a mail address or a web address")
    for fine in ("me@c.example", "https://c.example/me", ""):
        assert load_recipe(write(tmp_path, GOOD + f'[collect]\ncontact = "{fine}"')).collect.contact == fine


def test_a_link_is_a_web_address(tmp_path: Path) -> None:
    sentence = mistake(tmp_path, GOOD + 'link = "javascript:alert(1)"')
    assert sentence.startswith("classes[2].link has to begin with https:// or http://")
    assert load_recipe(write(tmp_path, GOOD + 'link = "https://a.example/"')).classes[1].link == "https://a.example/"


def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert re.match(r"is not valid TOML: .*line 1", mistake(tmp_path, "title = Cloth\n"))


def test_what_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cloth.toml"
    path.write_bytes(b'title = "\xff"')
    with pytest.raises(RecipeError, match="is not valid TOML"):
        load_recipe(path)


def test_every_key_and_default_is_explained_in_the_readme() -> None:
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    writing = readme[readme.index("## Writing a recipe") : readme.index("## The work folder")]
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", writing, re.MULTILINE)
    keys = {
        key
        for part in (Recipe, CollectSettings, CleanSettings, TrainSettings, PhotoClass, Output)
        for key in part.model_fields
    }
    assert {key for key, _ in rows} == keys - {"collect", "clean", "train", "outputs"}
    assert all(
        f"| `{table}` | **" in writing for table in ("[collect]", "[clean]", "[train]", "[[classes]]", "[[outputs]]")
    )
    for settings in (CollectSettings(), CleanSettings(), TrainSettings()):
        for key, value in settings.model_dump(exclude={"weights", "engines", "backbones"}).items():
            assert dict(rows)[key].strip('`"') == str(value).lower()  # as TOML writes true
