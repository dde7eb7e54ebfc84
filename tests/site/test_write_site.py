"""The site as a folder: what it holds for which recipe, and that docs/ is what it writes."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from recognizer.errors import RecognizerError
from recognizer.publish import site
from recognizer.publish.forms import FORMS
from recognizer.publish.order import Order
from recognizer.publish.readme import space_readme
from recognizer.publish.site import DOCS, render_pages, write_site
from recognizer.recipe import Recipe, load_recipe
from recognizer.words.words import languages
from tests.conftest import Built

ENGINES = {"found": ["bing"], "sorted": ["folder"], "drawn": ["sample"]}
OF_GROUPS = re.compile(r"\bgroups?\b|ethnic", re.IGNORECASE)


def recipe(**more: Any) -> Recipe:
    classes = [
        {"name": "A<b>"},
        {"name": "Other", "description": "“Quoted” & more", "link": "https://example.org/?a=1&b=2"},
    ]
    return Recipe(**{"name": "some", "title": "It's <some>", "description": "Says\nso.", "classes": classes} | more)


def test_docs_is_what_is_written_for_the_recipe_of_this_project() -> None:
    for name, text in render_pages(load_recipe("ethnic-groups")).items():
        assert (DOCS / name).read_text("utf-8") == text, "run make pages"


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("people", [True, False])
def test_pages_are_worded_for_what_the_recipe_is(kind: str, people: bool) -> None:
    pages = render_pages(recipe(people=people, collect={"engines": ENGINES[kind]}))
    text = " ".join(pages.values())
    assert bool(OF_GROUPS.search(re.sub(r"<[^>]*>|ethnicity", "", text))) == people
    assert ("search engine" in text or "Image search is asked" in text) == (kind == "found")
    assert ("A program draws" in text) == (kind == "drawn")
    assert ("Which pictures does this photo look like?" in text) == (kind == "drawn")
    assert "resnet" not in text


@pytest.mark.parametrize("name", ["utkface", "fairface"])
def test_pages_of_several_outputs_speak_of_a_data_set_and_not_of_groups(name: str) -> None:
    told = load_recipe(name)
    text = " ".join(render_pages(told).values())
    assert told.people and not OF_GROUPS.search(re.sub(r"<[^>]*>|ethnicity", "", text))
    labels = sum(len(one.classes) for one in told.outputs)
    assert f"the photos of a data set, which have {labels} labels" in text
    assert "<h3>age</h3>" in text and " years</span>" in text and "The labels were given by others" in text
    assert "leads to more about it" not in text, "no class has a link"


def test_names_of_a_recipe_are_text_and_links() -> None:
    pages = render_pages(recipe())
    assert "<title" in pages["index.html"] and "It&#39;s &lt;some&gt;" in pages["index.html"]
    for page in (pages["index.html"], pages["recognizer.html"]):
        assert '<span class="name">A&lt;b&gt;</span>' in page
        assert '<a class="name" href="https://example.org/?a=1&amp;b=2" rel="noreferrer">Other</a>' in page


@pytest.mark.parametrize(("contact", "link"), [
    ("me@example.org", 'href="mailto:me@example.org"'), ("https://example.org/me", 'href="https://example.org/me"'),
    ("", "hidden"),
])  # fmt: skip
def test_photos_can_be_asked_to_be_removed(contact: str, link: str) -> None:
    for page in render_pages(recipe(collect={"engines": ["bing"], "contact": contact})).values():
        assert re.search(rf'<a id="remove" rel="noreferrer" {re.escape(link)} data-say="site.footer_remove">', page)


def test_shared_links_have_a_picture() -> None:
    page = render_pages(recipe(), address="https://someone.github.io/some/")["index.html"]
    assert '<meta property="og:image" content="https://someone.github.io/some/share.png">' in page
    assert '<meta property="og:description" content="Says so.">' in page and (DOCS / "share.png").is_file()


def test_a_site_that_asks_a_space_is_whole(tmp_path: Path) -> None:
    files = write_site(recipe(), tmp_path / "site", space="owner/name")
    assert (
        sorted(path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*") if path.is_file())
        == files
    )
    names = {file.as_posix() for file in files}
    assert {"index.html", "js/words.js", "js/metadata/jpeg.js", "vendor/gradio-client.js", "groups.json"} <= names
    assert {f"words/{language}.json" for language in languages()} <= names
    assert not [name for name in names if name.startswith(("model/", "vendor/ort"))]
    config = (tmp_path / "site" / "js" / "config.js").read_text("utf-8")
    assert 'SPACE = "owner/name";' in config and "MODEL = null;" in config
    linked = re.findall(r'(?:href|src)="([\w./]+)"', (tmp_path / "site" / "recognizer.html").read_text("utf-8"))
    assert linked and set(linked) <= names


def test_a_site_that_answers_by_itself_holds_the_model(tmp_path: Path, built: Built) -> None:
    names = {file.as_posix() for file in write_site(load_recipe(built.recipe), tmp_path, model=built.model)}
    assert {"model/model.json", "model/examples/1.jpg"} <= names
    assert 'MODEL = "model/";' in (tmp_path / "js" / "config.js").read_text("utf-8")
    assert "'wasm-unsafe-eval'" in (tmp_path / "recognizer.html").read_text("utf-8")
    assert "does not leave your device" in (tmp_path / "about.html").read_text("utf-8")


def test_the_readme_of_a_site_says_where_how_well_it_does_is_told() -> None:
    facts = {"title": "Some", "recipe": {"collect": {"engines": ["sample"]}}}
    told = space_readme(facts, Order(FORMS["static"]))
    assert "The page Recognizer says how well it does" in told and "About says how well" not in told


def test_the_examples_are_not_all_that_visitors_see_of_photos() -> None:
    about = render_pages(recipe(people=False, collect={"engines": ["bing"]}))["about.html"]
    assert "those most like their photo" in about and "see none of them" not in about


def test_without_the_client_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DOCS / "js", tmp_path / "docs" / "js")
    monkeypatch.setattr(site, "DOCS", tmp_path / "docs")
    with pytest.raises(RecognizerError, match="run make site first"):
        write_site(recipe(), tmp_path / "site")
    assert not (tmp_path / "site").exists()
