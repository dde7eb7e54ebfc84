"""Words become a recipe that passes its own check, whatever they are; what they mean is asked of a Wikipedia."""

import http.server
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from PIL import Image
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.cli.sentences import BY_CTRL_C
from recognizer.new.plan import file_name, make_plan
from recognizer.new.wikipedia import Meaning, Unreachable, look_up
from recognizer.new.write import write_recipe
from recognizer.recipe import load_recipe
from recognizer.sample.patterns import PATTERNS
from recognizer.store.photo_store import PhotoStore
from tests.browser import serving
from tests.collect.collecting import searches, set_environment
from tests.drawn_web import draw_web
from tests.web import SmallWeb

PAGE = "https://en.wikipedia.org/wiki/"
PAGES = {
    "Robin": {"extract": "A small bird. " * 40, "content_urls": {"desktop": {"page": PAGE + "Robin"}}},
    "Mon": {"type": "disambiguation", "content_urls": {"desktop": {"page": PAGE + "Mon"}}},
    "Mon_(people)": {"extract": "Some people.", "content_urls": {"desktop": {"page": PAGE + "Mon_p"}}},
    "Turkey": {"extract": "A country in Anatolia.", "content_urls": {"desktop": {"page": PAGE + "Turkey"}}},
    "Turkey_(bird)": {"extract": "A large bird.", "content_urls": {"desktop": {"page": PAGE + "Turkey_(bird)"}}},
    "Turkey_(disambiguation)": {"type": "disambiguation", "content_urls": {"desktop": {"page": PAGE + "Turkey_(d)"}}},
    "Akha_people": {"extract": "A people of hills.", "content_urls": {"desktop": {"page": PAGE + "Akha_people"}}},
    "Akha": {"type": "disambiguation", "content_urls": {"desktop": {"page": PAGE + "Akha"}}},
}  # fmt: skip


class Wikipedia(http.server.BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        title = unquote(self.path.rsplit("/", 1)[1])
        body = b"not JSON" if title == "Broken" else json.dumps(PAGES.get(title, {})).encode()
        self.send_response(200 if title in PAGES or title == "Broken" else 404)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wikipedia)) as port:
        yield f"http://127.0.0.1:{port}/page/summary/"


def test_what_a_word_means(api: str) -> None:
    found = look_up("Robin", api=api)
    assert found.link == f"{PAGE}Robin" and found.description.endswith("bird.") and len(found.description) <= 240
    assert look_up("Mon", api=api) == Meaning(link=f"{PAGE}Mon", several=True)
    assert look_up("Mon", "people", api) == Meaning("Some people.", f"{PAGE}Mon_p")
    assert look_up("Akha", "people", api) == Meaning("A people of hills.", f"{PAGE}Akha_people")
    assert look_up("Turkey", "bird", api) == Meaning("A large bird.", f"{PAGE}Turkey_(bird)")
    assert look_up("Turkey", "fish", api) == Meaning(link=f"{PAGE}Turkey", several=True)
    assert look_up("Turkey", api=api) == Meaning("A country in Anatolia.", f"{PAGE}Turkey", others=f"{PAGE}Turkey_(d)")
    assert look_up("Robin", "birds", api) == found
    assert look_up("No such thing/at all?", api=api) == Meaning()


@pytest.mark.parametrize("api", ["http://127.0.0.1:9/"])
def test_a_wikipedia_that_does_not_answer_is_a_sentence(api: str) -> None:
    with pytest.raises(Unreachable, match=r"^Wikipedia cannot be reached \(ConnectError\)\.$"):
        look_up("robin", api=api)


def test_an_answer_that_is_no_summary_is_a_sentence(api: str) -> None:
    with pytest.raises(Unreachable, match="something else than a summary"):
        look_up("Broken", api=api)


@pytest.mark.parametrize(
    "words",
    [
        ["AC/DC", "a:b?", "dot.", "CON", 'quo"te', "back\\slash"],
        ["العربية", "עברית", "🦊", "ไทย"],
        [f"word {number}" for number in range(30)],
    ],
)
def test_words_stay_as_they_were_typed(tmp_path: Path, words: list[str]) -> None:
    file, recipe = write_recipe(make_plan("Ünï: cöde & 🦊", words), tmp_path)
    assert file.name == "uni-code.toml" and recipe.labels == words
    assert [photo_class.queries[0] for photo_class in recipe.classes] == words


def test_meanings_stand_in_the_recipe(tmp_path: Path) -> None:
    plan = make_plan("Peoples", ["Mon", "Akha"], "people")
    plan.meanings.update(Mon=Meaning(link=f"{PAGE}Mon", several=True), Akha=Meaning("A people.", f"{PAGE}Akha"))
    file, recipe = write_recipe(plan, tmp_path)
    assert f"“Mon” means several things ({PAGE}Mon)" in file.read_text("utf-8")
    assert (recipe.classes[1].description, recipe.classes[1].link) == ("A people.", f"{PAGE}Akha")
    assert recipe.people and recipe.classes[1].queries == ["Akha people", "Akha traditional dress", "Akha festival"]


def test_titles_become_names_of_files() -> None:
    titles = ("Birds of my garden", "Птицы мои", "ผ้าไทย", "  A/B: c? ", "Café crème", "🦊", "CON")
    names = ["birds-of-my-garden", "птицы-мои", "ผ้าไทย", "a-b-c", "cafe-creme", "recipe", "%63on"]
    assert [file_name(title) for title in titles] == names


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["One", "word"], "at least 2 things"),
        (["Two", "Word", "word"], "“Word” and “word” are the same word"),
        (["Two", "Not sure", "word"], "may not be “Not sure”"),
        ([" ", "a", "b"], "The title is empty"),
        (["Two\x07", "a", "b"], "has a control character, which nobody sees; leave it out."),
        (["Caf\udce9", "a", "b"], r"The title 'Caf\udce9' has bytes that are no letters of UTF-8; type it anew."),
        (["Two", "a", "b", "--topic", "oiseau\udce9"], r"The topic 'oiseau\udce9' has bytes that are no letters"),
        (["Two", "a", "b" * 61], f"“{'b' * 20}…” has 61 characters; a class may have at most 60."),
        ([], "Give a title and a word for each class"),
    ],
)
def test_what_cannot_be_a_recipe_is_a_sentence(here: Path, typed: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["new", *typed, "--offline"])
    assert result.exit_code == 1 and words in " ".join(result.output.split())
    assert list(here.iterdir()) == []


def test_a_folder_with_one_subfolder_is_a_sentence_that_names_it(here: Path) -> None:
    (here / "photos" / "tote").mkdir(parents=True)
    result = CliRunner().invoke(app, ["new", "Bags", "--folder", "photos"])
    assert result.exit_code == 1
    assert "at least 2 things apart: make a subfolder of photos for each of them." in " ".join(result.output.split())


def test_a_folder_whose_name_is_no_utf_8_is_a_sentence(here: Path) -> None:
    folder = os.fsdecode(b"Fotos\xe9")
    for name in ("robin", "wren"):
        (here / folder / name).mkdir(parents=True)
    result = CliRunner().invoke(app, ["new", "Birds", "--folder", folder])
    assert result.exit_code == 1
    assert r"The folder 'Fotos\udce9' has bytes that are no letters of UTF-8; rename it." in result.output


def test_a_subfolder_with_two_spaces_in_its_name_is_found_again(here: Path) -> None:
    for name in ("red  bag", "tote"):
        (here / "photos" / name).mkdir(parents=True)
        Image.new("RGB", (80, 80), "red" if name == "tote" else "blue").save(here / "photos" / name / "1.png")
    assert CliRunner().invoke(app, ["new", "Bags", "--folder", "photos"]).exit_code == 0
    assert load_recipe("bags").labels == ["red bag", "tote"]
    result = CliRunner().invoke(app, ["collect", "bags"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "socks5://127.0.0.1:9"), ("ALL_PROXY", "ftp://127.0.0.1"), ("SSL_CERT_FILE", "nowhere.pem")],
)
def test_a_proxy_or_a_certificate_that_cannot_be_used_leaves_descriptions_empty(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["new", "Birds", "robin", "wren"])
    assert result.exit_code == 0 and "Wikipedia cannot be reached (" in " ".join(result.output.split())
    assert load_recipe("birds").labels == ["robin", "wren"]


def test_the_command_writes_a_recipe_once_and_says_what_is_next(here: Path) -> None:
    typed = ["new", "Cloth", "tartan", "paisley", "chevron", "--engine", "sample"]
    first, second = (CliRunner().invoke(app, typed) for _ in range(2))
    assert first.exit_code == 0 and "Next: recognizer build cloth" in first.output
    assert load_recipe("cloth").collect.engines == ["sample"]
    assert load_recipe("cloth").collect.photos == 40, "as many as it draws"
    assert second.exit_code == 1 and "There is a recipe cloth.toml already" in " ".join(second.output.split())


def test_words_that_the_sample_cannot_draw_are_refused_with_those_that_it_can(here: Path) -> None:
    typed = ["new", "Cloth", "tartan", "Polka Dot", "wool", "felt", "--engine", "sample"]
    result = CliRunner().invoke(app, typed)
    said = " ".join(result.output.split())
    assert result.exit_code == 1 and "The engine sample cannot draw “wool”, “felt”; the patterns that it draws" in said
    assert all(pattern in said for pattern in PATTERNS) and list(here.iterdir()) == []
    assert CliRunner().invoke(app, [*typed, "--engine", "bing", "--offline"]).exit_code == 0, "which may find them"


def test_a_recipe_whose_words_the_sample_cannot_draw_is_refused_before_anything_is_collected(here: Path) -> None:
    classes = [("Tartan", ["plaid", "tartan"]), ("Wool", ["wool"])]
    tables = "".join(f'[[classes]]\nname = "{name}"\nqueries = {json.dumps(words)}\n' for name, words in classes)
    (here / "cloth.toml").write_text(f'title = "Cloth"\n[collect]\nengines = ["sample"]\nphotos = 1\n{tables}')
    result = CliRunner().invoke(app, ["collect", "cloth"])
    said = " ".join(result.output.split())
    assert result.exit_code == 1 and "The engine sample cannot draw “Wool”; the patterns that it draws" in said
    (here / "cloth.toml").write_text((here / "cloth.toml").read_text().replace('"wool"', '"wool", "ikat"'))
    assert CliRunner().invoke(app, ["collect", "cloth"]).exit_code == 0, "one word that is drawn is enough"


def test_a_data_set_is_not_made_of_words(here: Path) -> None:
    result = CliRunner().invoke(app, ["new", "Bags", "tote", "satchel", "--engine", "dataset"])
    assert result.exit_code == 1 and "is not made of words; copy fairface or utkface" in " ".join(result.output.split())
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("title", "made", "said"),
    [
        ("Textiles", "", "This program has a recipe textiles of its own"),
        ("Cloth", "data/recipes/cloth.toml", "There is a recipe data/recipes/cloth.toml already"),
        ("Cloth", "data/cloth/photos.db", "data/cloth is another recipe's work folder"),
    ],
)
def test_a_name_that_commands_take_for_another_recipe_is_taken(here: Path, title: str, made: str, said: str) -> None:
    if made:
        (here / made).parent.mkdir(parents=True)
        (here / made).touch()
    result = CliRunner().invoke(app, ["new", title, "a", "b", "--offline"])
    assert result.exit_code == 1 and said in " ".join(result.output.split())
    assert not list(here.glob("*.toml"))


def test_a_folder_of_photos_is_a_recipe_and_its_subfolders_are_words(here: Path) -> None:
    for name in ("tote", "AC_DC", "clutch", ".cache"):
        (here / "photos" / name).mkdir(parents=True)
    result = CliRunner().invoke(app, ["new", "Bags", "--folder", "photos"])
    recipe = load_recipe("bags")
    assert result.exit_code == 0 and "Next: recognizer build bags" in result.output
    assert (recipe.labels, recipe.collect.engines) == (["AC_DC", "clutch", "tote"], ["folder"])
    assert recipe.collect.folder == "photos" and not recipe.classes[0].queries
    assert CliRunner().invoke(app, ["new", "More", "--folder", "nowhere"]).exit_code == 1
    assert CliRunner().invoke(app, ["new", "More", "--folder", "photos", "--engine", "bing"]).exit_code == 2


def test_an_empty_subfolder_and_those_that_are_left_out_are_named(here: Path) -> None:
    for name in ("Mugs", "Kites", "Bowls", "Empty", "Plates", ".cache"):
        (here / "photos" / name).mkdir(parents=True)
        if name != "Empty":
            (here / "photos" / name / "1.jpg").touch()
    result = CliRunner().invoke(app, ["new", "Things", "--folder", "photos"])
    way_out = "put photos into it before you build, or remove its class from things.toml."
    assert result.exit_code == 0 and f"photos/Empty is empty: {way_out}" in result.output.splitlines()
    assert result.output.count("is empty") == 1 and "Left out" not in result.output
    result = CliRunner().invoke(app, ["new", "Some", "mugs", "Kites", "--folder", "photos"])
    left_out = "Left out, since no word names them: photos/Bowls, photos/Empty, photos/Plates."
    assert result.exit_code == 0 and left_out in result.output.splitlines() and "is empty" not in result.output


def test_beside_a_folder_only_a_title_is_asked_for(here: Path) -> None:
    for name in ("Mugs", "Kites"):
        (here / "my photos" / name).mkdir(parents=True)
    result = CliRunner().invoke(app, ["new", "--folder", "my photos"])
    said = " ".join(result.output.split())
    assert result.exit_code == 1
    assert said.startswith("""Give a title, such as: recognizer new "Birds of my garden" --folder 'my photos'.""")
    assert "a word for each class" not in said


def test_every_key_of_a_written_recipe_has_its_comment(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    file, _ = write_recipe(make_plan("Cloth", ["tartan", "ikat"], folder=tmp_path / "photos"), tmp_path)
    lines = file.read_text("utf-8").partition("[[classes]]")[0].splitlines()
    bare = [line for before, line in pairwise(lines) if " = " in line and not before.startswith("#")]
    assert not [line for line in bare if not line.startswith("#")]


def test_what_means_several_things_is_warned_of_and_a_way_out_is_named(here: Path, api: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("recognizer.new.wikipedia.look_up.__defaults__", ("", api))
        result = CliRunner().invoke(app, ["new", "Words", "Mon", "Turkey", "Robin"])
    said = " ".join(result.output.split())
    assert "“Mon” means several things: search for “Mon and what it is”" in said
    assert "“Turkey” may mean other things, too: say in --topic what you mean" in said and "“Robin” m" not in said
    assert f"“Turkey” may mean other things, too: {PAGE}Turkey_(d)" in (here / "words.toml").read_text("utf-8")


def test_twelve_words_are_searched_for_on_the_web(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the recipe that the project is named after, typed as words; the web tells what it was asked."""
    words = load_recipe("ethnic-groups").labels
    typed = ["new", "Twelve peoples", *words, "--topic", "people", "--offline", "--engine", "duckduckgo"]
    assert CliRunner().invoke(app, typed).exit_code == 0
    recipe = load_recipe("twelve-peoples")
    assert recipe.labels == words and recipe.people
    queries = [query for photo_class in recipe.classes for query in photo_class.queries]
    text = (here / "twelve-peoples.toml").read_text("utf-8")
    (here / "twelve-peoples.toml").write_text(text.replace("[collect]", "[collect]\nexamples = false"), "utf-8")
    with SmallWeb(draw_web(here / "web", [f"{word} people" for word in words], per_class=1)) as web:
        set_environment(monkeypatch, web.environment)
        result = CliRunner().invoke(app, ["collect", "twelve-peoples"])
        seen = [parse_qs(urlsplit(address).query)["q"][0] for address in searches(web)]
    assert result.exit_code == 0, result.output
    assert set(seen) == set(queries) and len(queries) == 36
    with PhotoStore(Path("data/twelve-peoples"), recipe.labels) as store:
        assert {photo.label for photo in store.photos.all()} == set(words)


def test_in_a_terminal_it_asks_step_by_step(here: Path) -> None:
    """In a real one, of which this is the other end."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "recognizer", "new", "--engine", "sample"]
    with subprocess.Popen(command, cwd=here, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True) as process:
        os.close(theirs)
        said = ""
        for question, answer in (("Title", "Cloth"), ("Words", "tartan, paisley"), ("What all", "")):
            while question not in said:
                said += os.read(ours, 1000).decode()
            os.write(ours, f"{answer}\n".encode())
        assert process.wait(30) == 0
    os.close(ours)
    assert load_recipe(here / "cloth.toml").labels == ["tartan", "paisley"]


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_at_a_question_has_the_exit_code_that_help_tells(here: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "recognizer", "new"]
    with subprocess.Popen(command, cwd=here, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True) as process:
        os.close(theirs)
        said = ""
        while "Title" not in said:
            said += os.read(ours, 1000).decode()
        process.send_signal(signal.SIGINT)
        os.write(ours, b"\n")  # one that comes just before the program waits for a line is seen after it
        try:
            assert process.wait(30) == BY_CTRL_C
        finally:
            process.kill()
        with suppress(OSError):  # the end of a terminal
            while part := os.read(ours, 1000):
                said += part.decode()
    os.close(ours)
    assert "Stopped." in said and "Aborted" not in said
