"""Words become a recipe that passes its own check, whatever they are; what they mean is asked of a Wikipedia."""

import http.server
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.new.plan import file_name, make_plan
from recognizer.new.wikipedia import Meaning, Unreachable, look_up
from recognizer.new.write import write_recipe
from recognizer.recipe import load_recipe
from tests.browser import serving

PAGE = "https://en.wikipedia.org/wiki/"
PAGES = {
    "Robin": {"extract": "A small bird. " * 40, "content_urls": {"desktop": {"page": PAGE + "Robin"}}},
    "Mon": {"type": "disambiguation", "content_urls": {"desktop": {"page": PAGE + "Mon"}}},
    "Mon_(people)": {"extract": "Some people.", "content_urls": {"desktop": {"page": PAGE + "Mon_p"}}},
    "Turkey": {"type": "disambiguation", "content_urls": {"desktop": {"page": PAGE + "Turkey_(d)"}}},
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
    assert look_up("Turkey", "bird", api).several
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
    assert recipe.classes[1].queries == ["Akha", "Akha people", "Akha people photo"]


def test_titles_become_names_of_files() -> None:
    assert [file_name(title) for title in ("Birds of my garden", "Птицы", "  A/B: c? ")] == [
        "birds-of-my-garden",
        "recipe",
        "a-b-c",
    ]


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
        ([], "Give a title and a word for each class"),
    ],
)
def test_what_cannot_be_a_recipe_is_a_sentence(here: Path, typed: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["new", *typed, "--offline"])
    assert result.exit_code == 1 and words in " ".join(result.output.split())
    assert list(here.iterdir()) == []


def test_the_command_writes_a_recipe_once_and_says_what_is_next(here: Path) -> None:
    typed = ["new", "Cloth", "tartan", "paisley", "chevron", "--engine", "sample"]
    first, second = (CliRunner().invoke(app, typed) for _ in range(2))
    assert first.exit_code == 0 and "Next: recognizer build cloth" in first.output
    assert load_recipe("cloth").collect.engines == ["sample"]
    assert second.exit_code == 1 and "There is a recipe cloth.toml already" in " ".join(second.output.split())
