"""Answers that are not built as they should be end in a sentence, or only what is odd is left out."""

import json
from typing import Any

import pytest

from recognizer.collect.engines.api import MOST_BYTES
from recognizer.collect.engines.bing import Bing
from recognizer.collect.engines.duckduckgo import DuckDuckGo
from recognizer.collect.http.retries import Patience
from recognizer.store.rows import Hit
from tests.collect.engines.web import MAKE, PAGES, Web, every_engine, refusal, replying, services


@services
@pytest.mark.parametrize(
    "body",
    [
        b"", b"no json", b"[]", b"3", b"null", b"<html>", b"\xff", b"[" * 100_000,
        b'{"results": 3, "query": {"pages": 3}}', b'{"results": null, "query": null}', b'{"results": {}, "query": []}',
    ],
)  # fmt: skip
def test_an_odd_answer_is_told(web: Web, patience: Patience, waits: list[float], name: str, body: bytes) -> None:
    web.replies = [replying(body)]
    assert " would not answer for “kilim” (an answer " in refusal(MAKE[name](patience))
    assert waits == []


@services
def test_an_answer_without_end_is_told(web: Web, patience: Patience, name: str) -> None:
    web.replies = [replying(b" " * (MOST_BYTES + 1))]
    assert "(an answer without end)" in refusal(MAKE[name](patience))


@services
def test_odd_hits_are_left_out(web: Web, patience: Patience, name: str) -> None:
    good = {"url": "https://a.example/1.jpg", "title": 3, "creator": [], "license": {}, "foreign_landing_url": None}
    odd: list[Any] = [3, None, [], {}, {"url": 3}, {"imageinfo": 3}, {"imageinfo": []}, {"imageinfo": [3]}]
    files = [*odd, {"imageinfo": [{"url": good["url"], "extmetadata": {"Artist": 3, "ObjectName": {"value": 3}}}]}]
    web.replies = [replying(json.dumps({"results": [*odd, good], "query": {"pages": files}}))]
    assert MAKE[name](patience).search("kilim", 1) == [Hit("https://a.example/1.jpg")]


@every_engine
def test_half_characters_do_not_come_through(web: Web, patience: Patience, name: str) -> None:
    page = PAGES[name].body.decode()
    for word in ("Kilim from Konya", "Kilim, detail", "A kilim", "One"):
        page = page.replace(word, "\\ud83d")
    web.replies = [replying(page)]
    titles = [hit.title for hit in MAKE[name](patience).search("kilim", 1)]
    assert titles and all(title.isprintable() for title in titles)


@pytest.mark.parametrize("body", ["<!DOCTYPE html><html><body>Are you a robot?</body></html>", "<HTML></HTML>"])
def test_a_page_for_robots_is_no_end_of_hits(web: Web, patience: Patience, body: str) -> None:
    web.replies = [replying(body)]
    assert "(a web page came instead of results)" in refusal(Bing(patience))


@pytest.mark.parametrize("body", [" ", "<!-- -->", PAGES["bing"].body.decode().replace('m="{', 'm="{{')])
def test_an_odd_answer_of_bing_is_told(web: Web, patience: Patience, body: str) -> None:
    web.replies = [replying(body)]
    assert "(an odd answer" in refusal(Bing(patience))


@pytest.mark.parametrize("body", ["no json", "[]", "3", '{"results": null}', '{"results": [3]}'])
def test_an_odd_answer_of_duckduckgo_is_told(web: Web, patience: Patience, body: str) -> None:
    web.replies = [replying(body)]
    assert "DuckDuckGo would not answer for “kilim” (an odd answer" in refusal(DuckDuckGo(patience))
