"""Engines against the small web, which answers as they do: hits as they are, the end, how they are made."""

from pathlib import Path

import pytest

from recognizer.collect.engines.api import get_json
from recognizer.collect.engines.bing import Bing
from recognizer.collect.engines.commons import Commons, plain
from recognizer.collect.engines.duckduckgo import DuckDuckGo
from recognizer.collect.engines.make import MAKERS, make_engines
from recognizer.collect.engines.openverse import Openverse, licence
from recognizer.collect.engines.web_engine import Refusal
from recognizer.collect.http.retries import Patience
from recognizer.collect.http.robots import user_agent
from recognizer.errors import RecipeError
from recognizer.recipe import ENGINES, CollectSettings, PhotoClass
from recognizer.store.rows import Hit
from tests.collect.engines.web import CONTACT, DUCKDUCKGO, MAKE, Web, recorded, refusal, replying


def test_commons_gives_thumbnails_licences_and_authors_in_order(web: Web, patience: Patience) -> None:
    web.replies = [recorded("commons.json")]
    upload, wiki = "https://upload.wikimedia.org/wikipedia/commons", "https://commons.wikimedia.org/wiki"
    assert Commons(CONTACT, patience).search("kilim", 1) == [
        Hit(
            f"{upload}/2/2b/Old_kilim.small.png",
            f"{wiki}/File:Old_kilim.small.png", "Old kilim.small", "Public domain", "Unknown author",
        ),
        Hit(
            f"{upload}/thumb/1/1a/Kilim_from_Konya%2C_c._1900.jpg/960px-Kilim_from_Konya%2C_c._1900.jpg",
            f"{wiki}/File:Kilim_from_Konya,_c._1900.jpg", "Kilim from Konya", "CC BY-SA 4.0", 'Ayşe & M. "Mo" Kaya',
        ),
        Hit(
            f"{upload}/thumb/3/3c/Kilim_weaver.jpg/960px-Kilim_weaver.jpg",
            f"{wiki}/File:Kilim_weaver.jpg", "Kilim weaver",
        ),
    ]  # fmt: skip


def test_commons_is_asked_as_its_operators_want(web: Web, patience: Patience) -> None:
    web.replies = [recorded("commons.json")]
    engine = Commons(CONTACT, patience)
    engine.search("kilim & rug", 3)
    assert web.asked[-1].startswith("https://commons.wikimedia.org/w/api.php?")
    expected = {"gsrsearch": "kilim & rug filetype:bitmap", "gsroffset": "100", "gsrlimit": "50", "maxlag": "5"}
    assert web.question().items() >= (expected | {"gsrnamespace": "6", "format": "json"}).items()
    assert web.sent()["user-agent"] == user_agent(CONTACT) and f"({CONTACT})" in user_agent(CONTACT)
    assert engine.host_limits == {"commons.wikimedia.org": 2, "upload.wikimedia.org": 2}


def test_commons_is_not_asked_without_a_contact(web: Web) -> None:
    assert "set contact under [collect]" in refusal(Commons(""))
    assert web.requests == []


def test_openverse_gives_licences_authors_and_pages_and_nothing_mature(web: Web, patience: Patience) -> None:
    web.replies = [recorded("openverse.json")]
    assert Openverse(CONTACT, patience).search("kilim", 1) == [
        Hit(
            "https://live.staticflickr.com/65535/111_aa_b.jpg", "https://www.flickr.com/photos/someone/111",
            "Kilim, detail", "CC BY-SA 2.0", "Some One",
        ),
        Hit("https://museum.example/media/7.jpg", "https://museum.example/object/7", "", "CC0 1.0", ""),
    ]  # fmt: skip


def test_openverse_is_asked_without_a_key(web: Web, patience: Patience) -> None:
    web.replies = [recorded("openverse.json")]
    Openverse(CONTACT, patience).search("kilim", 12)
    assert web.asked[-1].startswith("https://api.openverse.org/v1/images/?")
    assert web.question() == {"q": "kilim", "page": "12", "page_size": "20"}
    assert web.sent()["user-agent"] == user_agent(CONTACT) and "authorization" not in web.sent()


def test_openverse_is_told_the_key(web: Web, patience: Patience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENVERSE_TOKEN", "abc")
    web.replies = [recorded("openverse.json")]
    Openverse(patience=patience).search("kilim", 1)
    assert web.sent()["authorization"] == "Bearer abc"


def test_a_key_that_openverse_does_not_take_is_told(
    web: Web, patience: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.replies = [replying('{"detail": "Authentication credentials were not provided."}', 401)]
    assert "(status 401)" in refusal(Openverse(CONTACT, patience))
    monkeypatch.setenv("OPENVERSE_TOKEN", "old")
    assert "does not take the key in the environment variable OPENVERSE_TOKEN" in refusal(Openverse(CONTACT, patience))


def test_a_key_is_told_without_the_line_end_of_the_file_that_it_came_from(
    web: Web, patience: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENVERSE_TOKEN", " abc\n")
    web.replies = [recorded("openverse.json")]
    Openverse(patience=patience).search("kilim", 1)
    assert web.sent()["authorization"] == "Bearer abc"


@pytest.mark.parametrize("token", ["secret\nkey", "secret\x7fkey", "secret kéy", "secret\u200bkey"])
def test_a_key_that_can_be_no_key_is_told_and_not_quoted(
    web: Web, patience: Patience, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("OPENVERSE_TOKEN", token)
    said = refusal(Openverse(CONTACT, patience))
    assert "OPENVERSE_TOKEN has characters that no key has" in said and "secret" not in said and web.asked == []


@pytest.mark.parametrize("header", ["secret\nkey", "secret kéy"])
def test_a_header_that_cannot_be_sent_is_not_quoted(web: Web, header: str) -> None:
    with pytest.raises(Refusal, match=r"^a header that cannot be sent$"):
        get_json("https://api.openverse.org/", {}, {"Authorization": header})


def test_licences_have_their_usual_names() -> None:
    named = {("by-nc-nd", "3.0"): "CC BY-NC-ND 3.0", ("pdm", "1.0"): "Public Domain Mark 1.0", ("pdm", ""): None}
    named |= {("nc-sampling+", "1.0"): "CC NC-Sampling+ 1.0", ("", "4.0"): ""}
    for (code, version), name in named.items():
        assert licence(code, version) == (name if name is not None else "Public Domain Mark")


def test_bing_gives_addresses_pages_and_titles(web: Web, patience: Patience) -> None:
    web.replies = [recorded("bing.html")]
    first, second = Bing(patience).search("kilim", 2)
    assert first == Hit(
        "https://rugs.example/media/kilim%201.jpg?w=900&q=80", "https://rugs.example/kilim?a=1&b=2",
        "A kilim & its weaver",
    )  # fmt: skip
    assert (second.image, second.page) == ("https://museum.example/2.png", "https://museum.example/2")
    assert second.title == "Kilim in Konya"  # without the marks that Bing puts around words found
    assert web.asked[-1].startswith("https://www.bing.com/images/async?")
    assert (web.question()["q"], web.question()["first"], web.question()["count"]) == ("kilim", "36", "35")


def test_duckduckgo_gives_addresses_as_they_are(web: Web, patience: Patience) -> None:
    web.replies = [replying(DUCKDUCKGO)]
    (hit,) = DuckDuckGo(patience).search("kilim", 2)
    assert hit == Hit("https://a.example/a%20b%2Fc.jpg?x=%26&y=1", "https://a.example/100%25", "One")
    assert (web.question()["q"], web.question()["s"], web.question()["p"]) == ("kilim", "100", "1")


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("Plain", "Plain"), (None, ""), (3, ""), ("  ", ""), ("<p></p>", ""), ("<!-- x -->", ""), ("\0a\0", "a"),
        ("a<br>b  <b>c</b>", "ab c"), ("A &lt;B&gt;", "A <B>"), ("<style>p{}</style>Ann", "Ann"),
        ('<a href="x" title="y">Ann</a>, <span style="DISPLAY:none">x</span>Bo', "Ann, xBo"), ("<<>", "<<>"),
        ("\x01\ufffe<b>Bo", "Bo"), ("<script>x</script>", ""), ("<![if x]>Ann", "Ann"),
        ("<html><body>Ann</body></html>", "Ann"),
    ],
)  # fmt: skip
def test_markup_becomes_words(markup: object, words: str) -> None:
    assert plain(markup) == words


# The end


@pytest.mark.parametrize(
    ("name", "page", "body"),
    [
        ("commons", 2, '{"batchcomplete": true}'), ("openverse", 2, '{"page_count": 1, "results": []}'),
        ("bing", 2, ""), ("bing", 2, "<div>nothing</div>"), ("duckduckgo", 2, '{"results": []}'),
    ],
)  # fmt: skip
def test_after_the_last_hit_a_page_is_empty(web: Web, patience: Patience, name: str, page: int, body: str) -> None:
    web.replies = [replying(body)]
    assert MAKE[name](patience).search("kilim", page) == []


@pytest.mark.parametrize(("name", "page"), [("openverse", 13), ("commons", 201)])
def test_deeper_than_an_engine_goes_is_not_asked(web: Web, patience: Patience, name: str, page: int) -> None:
    assert MAKE[name](patience).search("kilim", page) == []
    assert web.requests == []


def test_bing_ends_where_it_repeats_itself(web: Web, patience: Patience) -> None:
    web.replies = [recorded("bing.html")]
    engine = Bing(patience)
    assert len(engine.search("kilim", 1)) == len(engine.search("rug", 1)) == 2
    assert engine.search("kilim", 2) == []
    assert len(engine.search("kilim", 1)) == 2  # another class may ask the same


# Making engines


def test_engines_are_made_in_the_recipes_order(tmp_path: Path) -> None:
    names = ["sample", "openverse", "folder", "dataset", "bing", "commons", "duckduckgo"]
    settings = CollectSettings(engines=names, contact=CONTACT, folder=str(tmp_path), labels="labels.csv")
    engines = make_engines(settings)
    assert list(engines) == [engine.name for engine in engines.values()] == names
    assert all(engine.queries(PhotoClass(name="Kilim", queries=["a", "b"])) for engine in engines.values())
    assert set(MAKERS) == set(ENGINES) == set(names)


def test_the_folder_engine_wants_a_folder() -> None:
    with pytest.raises(RecipeError, match="set folder under \\[collect\\]"):
        make_engines(CollectSettings(engines=["folder"]))


def test_the_contact_of_the_recipe_is_told(web: Web) -> None:
    web.replies = [recorded("commons.json")]
    make_engines(CollectSettings(engines=["commons"], contact=CONTACT))["commons"].search("kilim", 1)
    assert CONTACT in web.sent()["user-agent"]
