"""Wikimedia Commons, through its API (https://www.mediawiki.org/wiki/API:Search and API:Imageinfo).

Wikimedia wants to know whom to write to (https://foundation.wikimedia.org/wiki/Policy:User-Agent_policy), at most two
requests at a time, and a rest where its databases lag (https://www.mediawiki.org/wiki/Manual:Maxlag_parameter).
"""

import re
from typing import Any

from lxml import html

from recognizer.collect.engines.api import Answer, get_json, rows, table
from recognizer.collect.engines.engine import text
from recognizer.collect.engines.web_engine import Refusal, WebEngine
from recognizer.collect.http.retries import Patience, retry_after
from recognizer.collect.http.robots import user_agent
from recognizer.errors import EngineRefused
from recognizer.store.rows import Hit

ADDRESS = "https://commons.wikimedia.org/w/api.php"
HOST_LIMITS = {"commons.wikimedia.org": 2, "upload.wikimedia.org": 2}
HITS_A_PAGE = 50  # more thumbnails than that are not made for one request
DEEPEST = 10_000  # hits; the search gives no more
# Pixels; of the widths that Wikimedia keeps ready, the first that is enough for a stored photo. Others are refused
# (https://phabricator.wikimedia.org/T414805).
WIDTH = 960
LAG = 5  # seconds that databases may lag, and that one rests where they do
BUSY = {"maxlag", "ratelimited", "readonly", "cirrussearch-too-busy-error"}
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what lxml does not take
QUESTION: dict[str, str | int] = {
    "action": "query",
    "format": "json",
    "formatversion": 2,
    "maxlag": LAG,
    "generator": "search",
    "gsrnamespace": 6,
    "gsrlimit": HITS_A_PAGE,
    "prop": "imageinfo",
    "iiprop": "url|size|mime|extmetadata",
    "iiurlwidth": WIDTH,
    "iiextmetadatafilter": "LicenseShortName|Artist|ObjectName",
}


class Commons(WebEngine):
    """Media search at commons.wikimedia.org, 50 hits a page, with licence and author.

    Args:
        contact: a mail address or web page of whoever runs this program.
        patience: how often a page is asked for, and how long waits may be.
    """

    name = "commons"
    title = "Wikimedia Commons"
    tells_licence = True
    host_limits = HOST_LIMITS

    def __init__(self, contact: str, patience: Patience | None = None) -> None:
        super().__init__(patience)
        self._contact = contact

    def _page(self, query: str, page: int) -> list[Hit]:
        if not self._contact:
            raise EngineRefused(
                "Wikimedia Commons wants to know whom to write to: set contact under [collect] in the recipe to your "
                "mail address or web page and run the same command again."
            )
        offset = (page - 1) * HITS_A_PAGE
        if offset >= DEEPEST:
            return []
        question = QUESTION | {"gsrsearch": f"{query} filetype:bitmap", "gsroffset": offset}
        answer = get_json(ADDRESS, question, {"User-Agent": user_agent(self._contact)})
        _check(answer)
        if "query" not in answer.data:  # after the last hit
            return []
        files = sorted(rows(table(answer.data["query"]).get("pages")), key=_place)
        return [hit for file in files if (hit := _hit(file)).image]


def _check(answer: Answer) -> None:
    """Raise `Refusal` where the answer is an error, which comes with status 200."""
    if "error" not in answer.data:
        return
    code = text(table(answer.data["error"]).get("code")) or "an error"
    asked = retry_after(answer.headers)
    raise Refusal(code, code in BUSY, LAG if asked is None and code == "maxlag" else asked)


def _place(file: dict[str, Any]) -> int:
    """Return a file's place among the hits, which come in any order."""
    index = file.get("index")
    return index if isinstance(index, int) else DEEPEST


def _hit(file: dict[str, Any]) -> Hit:
    listed = file.get("imageinfo")
    info = table(listed[0]) if isinstance(listed, list) and listed else {}
    told = {key: table(value).get("value") for key, value in table(info.get("extmetadata")).items()}
    return Hit(
        image=text(info.get("thumburl")) or text(info.get("url")),
        page=text(info.get("descriptionurl")),
        title=plain(told.get("ObjectName")) or _without_ending(text(file.get("title"))),
        licence=plain(told.get("LicenseShortName")),
        author=plain(told.get("Artist")),
    )


def _without_ending(title: str) -> str:
    """Take the namespace and the file's ending off a page's title."""
    return title.partition(":")[2].rpartition(".")[0]


def plain(value: object) -> str:
    """Return the words that a piece of HTML shows: "" where there is none; hidden parts are left out.

    Args:
        value: a part of an answer; what is no text shows no words.
    """
    markup = _NO_TEXT.sub("", text(value))
    if not markup.strip():
        return ""
    piece = html.fragment_fromstring(markup, create_parent=True)
    for hidden in piece.xpath(".//style | .//script | .//*[contains(translate(@style, ' ', ''), 'display:none')]"):
        hidden.drop_tree()
    return " ".join(str(piece.text_content()).split())
