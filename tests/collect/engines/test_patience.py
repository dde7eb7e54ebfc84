"""A busy engine is asked again with growing waits, as it wants, and then it has refused."""

import json
import time
from email.utils import formatdate
from typing import cast

import pytest

from recognizer.collect.engines.commons import Commons
from recognizer.collect.engines.openverse import Openverse, closed_for
from recognizer.collect.engines.web_engine import WebEngine
from recognizer.collect.http.retries import Patience, pause_before, retry_after
from tests.collect.engines.web import CONTACT, MAKE, PAGES, Web, every_engine, recorded, refusal, replying
from tests.web_answers import Reply


@every_engine
@pytest.mark.parametrize("status", [202, 403, 429, 503])
def test_a_busy_engine_is_asked_again(web: Web, patience: Patience, waits: list[float], name: str, status: int) -> None:
    web.replies = [replying("", status), replying("", status), PAGES[name]]
    assert MAKE[name](patience).search("kilim", 1)
    assert len(waits) == 2 and 0 < waits[0] <= waits[1]


@every_engine
def test_an_engine_that_stays_busy_has_refused(web: Web, patience: Patience, waits: list[float], name: str) -> None:
    web.replies = [replying("", 429)]
    sentence = refusal(MAKE[name](patience))
    assert "would not answer for “kilim” (status 429)" in sentence
    assert sentence.endswith("wait some minutes and run the same command again.")
    assert len(waits) == 2 and len(web.asked) == 3


@every_engine
def test_retry_after_is_obeyed(web: Web, patience: Patience, waits: list[float], name: str) -> None:
    date = formatdate(time.time() + 45, usegmt=True)
    web.replies = [replying("", 429, Retry_After="20"), replying("", 429, Retry_After=date), PAGES[name]]
    assert MAKE[name](patience).search("kilim", 1)
    assert waits[0] == 20 and waits[1] > 4


@every_engine
def test_an_engine_that_asks_for_an_hour_has_refused(
    web: Web, patience: Patience, waits: list[float], name: str
) -> None:
    web.replies = [replying("", 429, Retry_After="3600")]
    assert refusal(MAKE[name](patience)).endswith("wait 60 minutes and run the same command again.")
    assert waits == [] and len(web.asked) == 1


@every_engine
def test_another_status_is_a_refusal_at_once(web: Web, patience: Patience, waits: list[float], name: str) -> None:
    web.replies = [replying("", 404)]
    assert "(status 404)" in refusal(MAKE[name](patience))
    assert waits == []


@every_engine
def test_an_engine_that_is_not_there_is_asked_again_and_longer_if_it_once_was(
    waits: list[float], name: str, bare: pytest.MonkeyPatch
) -> None:
    bare.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for answered, tries in ((None, 2), (True, 4)):
        waits.clear()
        engine = cast(WebEngine, MAKE[name](Patience(tries=4, sleep=waits.append)))
        engine.answered = answered  # earlier in this run
        assert "would not answer" in refusal(engine)
        assert len(waits) == tries - 1


@every_engine
def test_a_certificate_of_somebody_else_is_a_refusal(web: Web, name: str, bare: pytest.MonkeyPatch) -> None:
    bare.delenv("SSL_CERT_FILE")
    assert "would not answer" in refusal(MAKE[name](Patience(tries=1)))
    assert web.asked == []


@pytest.mark.parametrize("code", ["maxlag", "ratelimited"])
def test_commons_is_left_alone_while_it_wants_to_be(
    web: Web, patience: Patience, waits: list[float], code: str
) -> None:
    error = json.dumps({"error": {"code": code, "info": "Waiting for db1: 7 seconds lagged.", "lag": 7.1}})
    web.replies = [replying(error, Retry_After="6"), replying(error), PAGES["commons"]]
    assert len(Commons(CONTACT, patience).search("kilim", 1)) == 3
    assert waits[0] == 6 and waits[1] >= (5 if code == "maxlag" else 0)


def test_another_error_of_commons_is_a_refusal(web: Web, patience: Patience, waits: list[float]) -> None:
    web.replies = [replying('{"error": {"code": "badinteger", "info": "Invalid value"}}')]
    assert "(badinteger)" in refusal(Commons(CONTACT, patience))
    assert waits == []


def limited(limit: str, left: str) -> Reply:
    headers = {"X-RateLimit-Limit-anon_burst": limit, "X-RateLimit-Available-anon_burst": left}
    return recorded("openverse.json", **headers, **{"X-RateLimit-Available-anon_sustained": "199"})


def test_openverse_is_not_asked_while_its_minute_is_used_up(web: Web, patience: Patience, waits: list[float]) -> None:
    web.replies = [limited("20/min", "1"), limited("20/min", "0"), limited("20/min", "19")]
    engine = Openverse(patience=patience)
    for page in (1, 2):
        engine.search("kilim", page)
    assert waits == []
    assert engine.search("kilim", 3)
    assert len(waits) == 1 and 0 < waits[0] <= 60


def test_openverse_has_refused_once_its_day_is_used_up(web: Web, patience: Patience, waits: list[float]) -> None:
    web.replies = [limited("200/day", "0")]
    engine = Openverse(patience=patience)
    assert engine.search("kilim", 1)
    sentence = refusal(engine, 2)
    assert "its searches for now are used up" in sentence and "wait 1440 minutes" in sentence
    assert waits == [] and len(web.asked) == 1


@pytest.mark.parametrize(
    ("limit", "left", "seconds"),
    [
        ("20/min", "0", 60), ("1/second", "0", 1), ("50/hour", "-1", 3600), ("", "0", 60), ("20", "0", 60),
        ("20/min", "1", 0), ("20/min", "", 0), ("20/min", "x", 0),
    ],
)  # fmt: skip
def test_openverse_is_closed_for_the_period_of_a_limit(limit: str, left: str, seconds: float) -> None:
    assert closed_for({"x-ratelimit-limit-a": limit, "x-ratelimit-available-a": left}) == seconds


def test_waits_grow_are_jittered_and_end() -> None:
    waits = [[pause_before(attempt) or 0.0 for attempt in range(1, 7)] for _ in range(50)]
    for attempt, (shortest, longest) in enumerate([(1, 2), (2, 4), (4, 8), (8, 16), (16, 30), (30, 30)]):
        found = [row[attempt] for row in waits]
        assert shortest <= min(found) and max(found) <= longest
        assert longest == 30 or len(set(found)) > 40
    assert pause_before(1, asked=12) == 12 and pause_before(1, asked=31) is None
    assert pause_before(1, asked=31, longest=60) == 31 and pause_before(10**6) == 30


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), (" 0 ", 0), ("", None), ("soon", None), ("-3", None), ("1.5", None), ("٣", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 21 Oct 2015 07:28:00", 0), ("Wed, 99 Oct 2015 07:28:00 GMT", None),
     ("Wed, 21 Oct 99999 07:28:00 GMT", None), ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
     ("Wed, 21 Oct 2015 9999999999999:28:00 GMT", None), ("Wed, 21 Oct 2015 07:28:00 +99999999999999", None),
     ("Mon, 01 Jan 0001 00:00:00 +2359", 0), ("9" * 5000, float("inf"))],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds
    assert retry_after({}) is None


def test_retry_after_counts_the_seconds_to_a_date() -> None:
    found = retry_after({"retry-after": formatdate(time.time() + 600, usegmt=True)})
    assert found is not None and 400 < found <= 600
