"""ATTRIBUTION.md names every kept photo, and shows strangers' words as words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.errors import NotFound, Unwritable
from recognizer.recipe import Recipe
from recognizer.store.credits import FILE, attribution, credited, escape, write_credits
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Hit
from tests.small_store import prepared

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![](https://evil.example/track.gif)",
    "a | b | c",
    "line\n# Heading\n\n- item\n\n| x | y |",
    "`code` *bold* _it_ ~~gone~~ $x$ :smile: @somebody #1",
    "https://evil.example www.evil.example a@evil.example",
    "\\",
    "back\\|slash",
    "&lt;b&gt; &#60;",
    "turned \u202egnp.exe\u202c \x00\x07\x1b[31m",
    "]( https://evil.example",
    "<https://evil.example>",
    "Тартан قماش 布 क़ालीन",
]
PAGES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>",
    "https://a.example/x) [y](https://evil.example",
    "https://a.example/x|y|z",
    'https://a.example/"><script>alert(1)</script>',
    "https://a.example/a b\nc",
    "https://a.example/?a=1&copy=2&lt;b",
    "https://[broken",
    "",
]


@pytest.fixture
def store(tmp_path: Path, recipe: Recipe) -> Iterator[PhotoStore]:
    with PhotoStore(tmp_path / "work", recipe.labels) as found:
        yield found


def fill(store: PhotoStore, label: str, hits: list[Hit]) -> None:
    store.hits.add_page("e", "q", label, 1, hits)
    for waiting in store.hits.to_fetch(label, len(hits), ["e"]):
        store.photos.add(waiting.id, prepared(f"{label} {waiting.id}"))


def parsed(file: Path) -> list[Token]:
    """All tokens of a Markdown file, read as a lenient program would: with HTML, tables and bare addresses as links."""
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False}).enable("table")
    return [part for token in reader.parse(file.read_text()) for part in (token, *(token.children or []))]


def cells(file: Path) -> list[list[str]]:
    """The rows of all tables, as a reader sees them."""
    lines: list[list[str]] = []
    for token in parsed(file):
        if token.type == "tr_open":
            lines.append([])
        elif token.type == "inline" and token.level > 3:
            lines[-1].append("".join(part.content for part in token.children or []))
    return [line for line in lines if line[0] != "photo"]


def addresses(file: Path) -> list[str]:
    return [str(token.attrGet("href")) for token in parsed(file) if token.type == "link_open"]


def test_every_kept_photo_is_named_under_its_class(store: PhotoStore, recipe: Recipe) -> None:
    fill(store, "Paisley", [Hit("https://a.example/1.jpg", "https://a.example/1", "Red", "CC BY 4.0", "Ann")])
    fill(store, "Tartan", [Hit(f"https://b.example/{n}.jpg", f"https://b.example/{n}", f"P{n}") for n in range(3)])
    one, moved, dropped, last = store.photos.all()
    store.decisions.add(Decision(dropped.sha256, "drop", "r", by="ann"))
    store.decisions.add(Decision(moved.sha256, "relabel", "r", "Paisley", by="ann"))
    report = write_credits(recipe, store)
    file = store.work / FILE
    assert report["counts"] == {"photos": 3, "without_licence": 2}
    assert cells(file) == [
        [one.path.stem, "Red", "Ann", "CC BY 4.0"],
        [moved.path.stem, "P0", "unknown", "unknown"],
        [last.path.stem, "P2", "unknown", "unknown"],
    ]
    assert addresses(file) == ["https://a.example/1", "https://b.example/0", "https://b.example/2"]
    headings = [line for line in file.read_text().splitlines() if line.startswith("## ")]
    assert headings == ["## Paisley", "## Tartan"]
    assert "Of 2 no licence is known" in file.read_text()


def test_classes_that_the_recipe_no_longer_has_get_none(store: PhotoStore, recipe: Recipe) -> None:
    fill(store, "Tartan", [Hit("https://a.example/1.jpg", "https://a.example/1", "Red", "CC BY 4.0", "Ann")])
    fill(store, "Gone", [Hit(f"https://b.example/{n}.jpg", f"https://b.example/{n}") for n in range(3)])
    own, moved, *_ = store.photos.all()
    store.decisions.add(Decision(moved.sha256, "relabel", "r", "Tartan", by="ann"))
    report = write_credits(recipe, store)
    assert report["counts"] == {"photos": 2, "without_licence": 1}
    assert [row[0] for row in cells(store.work / FILE)] == [own.path.stem, moved.path.stem]
    assert (store.work / FILE).read_text() == attribution(recipe, credited(store)), "as the model folder has it"
    store.decisions.add(*(Decision(one.sha256, "drop", "r", by="ann") for one in (own, moved)))
    with pytest.raises(NotFound, match="no photos to give credit for"):
        write_credits(recipe, store)


def shown(text: str) -> str:
    """What is to be seen of a text: on one line, without what cannot be seen or turns the line."""
    return " ".join("".join(c for c in " ".join(text.split()) if c.isprintable()).split())


def test_strangers_words_are_shown_as_words(store: PhotoStore, recipe: Recipe) -> None:
    hits = [
        Hit(f"https://a.example/{n}.jpg", "https://a.example/p", text, text, text) for n, text in enumerate(HOSTILE)
    ]
    fill(store, "Tartan", hits)
    write_credits(recipe, store)
    file = store.work / FILE
    kinds = {token.type for token in parsed(file)}
    assert not kinds & {"html_inline", "html_block", "image", "code_inline", "strong_open", "em_open", "s_open"}
    assert [line[1:] for line in cells(file)] == [[shown(text)] * 3 for text in HOSTILE]
    assert addresses(file) == ["https://a.example/p"] * len(HOSTILE)
    assert sum(token.type == "heading_open" for token in parsed(file)) == 2


def test_only_web_addresses_become_links(store: PhotoStore, recipe: Recipe) -> None:
    fill(store, "Tartan", [Hit(f"https://a.example/{n}.jpg", page, f"T{n}") for n, page in enumerate(PAGES)])
    write_credits(recipe, store)
    file = store.work / FILE
    assert [line[1:] for line in cells(file)] == [[f"T{n}", "unknown", "unknown"] for n in range(len(PAGES))]
    assert addresses(file) == [
        "https://a.example/x%29%20%5By%5D%28https://evil.example",
        "https://a.example/x%7Cy%7Cz",
        "https://a.example/%22%3E%3Cscript%3Ealert%281%29%3C/script%3E",
        "https://a.example/a%20b%0Ac",
        "https://a.example/?a=1&copy=2&lt;b",
    ]


@pytest.mark.parametrize("text", ["www.evil.example", "https://evil.example", "a@evil.example"])
def test_bare_addresses_are_broken_up(text: str) -> None:
    """GitHub makes links of these three wherever they stand unbroken (GFM, 6.9)."""
    assert text not in escape(text)


def test_a_store_without_photos_is_one_sentence(store: PhotoStore, recipe: Recipe) -> None:
    with pytest.raises(NotFound, match=f"{store.work} has no photos to give credit for; run recognizer collect"):
        write_credits(recipe, store)


def test_the_old_file_stays_where_the_new_one_cannot_be_written(store: PhotoStore, recipe: Recipe) -> None:
    fill(store, "Tartan", [Hit("https://a.example/1.jpg", "https://a.example/1", "Red")])
    (store.work / "file").write_text("old")
    with pytest.raises(Unwritable, match=f"{store.work}/file cannot be written"):
        write_credits(recipe, store, store.work / "file" / "credits.md")
    assert (store.work / "file").read_text() == "old"


def test_the_command(store: PhotoStore, tmp_path: Path) -> None:
    fill(store, "Tartan", [Hit("https://a.example/1.jpg", "https://a.example/1", "Red")])
    to = tmp_path / "to" / "CREDITS.md"
    done = CliRunner().invoke(app, ["credits", "textiles", "--work", str(store.work), "--to", str(to)])
    assert done.exit_code == 0, done.output
    assert "of no known licence" in done.output and "Red" in to.read_text() and not (store.work / FILE).exists()


def test_names_of_files_on_somebodys_disk_are_not_told(store: PhotoStore, recipe: Recipe) -> None:
    own = Hit("folder:Tartan/Anna%20Mueller%20ward%203.jpg?1-2", title="Anna Mueller ward 3")
    fill(store, recipe.labels[0], [own, Hit("https://a.example/1.jpg", title="Cloth without a page")])
    text = attribution(recipe, credited(store))
    assert "Anna" not in text and text.count("| untitled |") == 1 and "| Cloth without a page |" in text
