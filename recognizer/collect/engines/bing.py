"""Bing's image search."""

import json
from collections import defaultdict

from ddgs.engines.bing_images import BingImages
from ddgs.results import ImagesResult

from recognizer.collect.engines.ddgs_engine import DdgsEngine, Result
from recognizer.collect.engines.engine import text
from recognizer.collect.engines.web_engine import Refusal
from recognizer.collect.http.retries import Patience
from recognizer.store.rows import Hit


class _Client(BingImages):
    """ddgs's own engine, less what it does to addresses; a page that asks for a person is a refusal."""

    def extract_results(self, html_text: str) -> list[ImagesResult]:
        tree = self.extract_tree(html_text)
        found = [json.loads(written) for written in tree.xpath("//a[contains(@class, 'iusc')]/@m")]
        # Results come as a piece of a page, and after the last there are none of it.
        if not found and "<html" in html_text.lower():
            raise Refusal("a web page came instead of results")
        return [Result(text(item.get("t")), text(item.get("murl")), url=text(item.get("purl"))) for item in found]


class Bing(DdgsEngine):
    """Image search at bing.com, 35 hits a page."""

    name = "bing"
    title = "Bing"
    home = "https://www.bing.com"
    client = _Client

    def __init__(self, patience: Patience | None = None) -> None:
        super().__init__(patience)
        self._given: dict[str, dict[int, set[str]]] = defaultdict(dict)  # addresses, by query and page

    def _page(self, query: str, page: int) -> list[Hit]:
        """Ask once; a page that only repeats earlier ones is the end, since Bing can go on with the last for ever."""
        hits = super()._page(query, page)
        pages = self._given[query]
        pages[page] = {hit.image for hit in hits}
        earlier = set().union(*(given for number, given in pages.items() if number < page))
        return [] if pages[page] <= earlier else hits
