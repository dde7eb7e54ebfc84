"""What a word means, from Wikipedia's summaries (https://en.wikipedia.org/api/rest_v1/), whose text is CC BY-SA 4.0."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx

from recognizer import __version__
from recognizer.errors import RecognizerError

API = "https://en.wikipedia.org/api/rest_v1/page/summary/"
AGENT = f"recognizer/{__version__} (writes recipes for photo classifiers)"
SECONDS = 10.0
LONGEST = 240  # characters of a description
SEVERAL = "disambiguation"


class Unreachable(RecognizerError):
    """Wikipedia does not answer; the recipe can be written without it."""


@dataclass(frozen=True)
class Meaning:
    """What a word means.

    Args:
        description: a sentence or two; empty where nothing is known.
        link: the page; empty where there is none.
        several: whether the word means several things, so that a search finds photos of all of them.
        others: the page of what else it may mean, where it means one thing before all others.
    """

    description: str = ""
    link: str = ""
    several: bool = False
    others: str = ""


def look_up(word: str, topic: str = "", api: str = API) -> Meaning:
    """Return what a word means, by the page of the word, or where that is not about the topic, of word and topic.

    Args:
        word: as it was typed.
        topic: what all words are about, such as "bird".
        api: the address before the page's title.

    Raises:
        Unreachable: there is no answer.
    """
    found = _summary(word, api)
    if not found.link or (topic and not found.several and _is_about(found, topic)):
        return found
    if topic:
        closer = (_summary(title, api) for title in (f"{word} ({topic})", f"{word} {topic}"))
        return next((one for one in closer if one.link and not one.several), Meaning(link=found.link, several=True))
    others = Meaning() if found.several else _summary(f"{word} ({SEVERAL})", api)
    return replace(found, others=others.link)


def _is_about(meaning: Meaning, topic: str) -> bool:
    """Tell whether a description has a word of the topic, or one that begins like it."""
    words = meaning.description.casefold().split()
    return any(word.startswith(part.rstrip("s")) for part in topic.casefold().split() for word in words)


def _summary(title: str, api: str) -> Meaning:
    try:
        answer = httpx.get(
            f"{api}{quote(title.replace(' ', '_'), safe='')}",
            headers={"User-Agent": AGENT},
            timeout=SECONDS,
            follow_redirects=True,
        )
    # What proxies and certificates are named by in the environment may be wrong, or want a package that is not there.
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, OSError) as error:
        raise Unreachable(f"Wikipedia cannot be reached ({type(error).__name__}).") from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        return Meaning()
    try:
        return _meaning(answer.raise_for_status().json())
    except (httpx.HTTPStatusError, ValueError, AttributeError) as error:
        raise Unreachable(f"Wikipedia answers with something else than a summary ({answer.status_code}).") from error


def _meaning(page: dict[str, Any]) -> Meaning:
    link = str(page.get("content_urls", {}).get("desktop", {}).get("page", ""))
    if page.get("type") == SEVERAL:
        return Meaning(link=link, several=True)
    return Meaning(_short(str(page.get("extract", ""))), link)


def _short(text: str) -> str:
    """Return whole sentences from the beginning, as many as fit."""
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    cut = text[:LONGEST].rfind(". ")
    return text[: cut + 1] if cut > 0 else f"{text[: LONGEST - 1].rsplit(' ', 1)[0]}…"
