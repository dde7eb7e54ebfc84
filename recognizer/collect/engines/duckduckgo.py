"""DuckDuckGo's image search."""

import json

from ddgs.engines.duckduckgo_images import DuckduckgoImages
from ddgs.results import ImagesResult

from recognizer.collect.engines.ddgs_engine import DdgsEngine, Result
from recognizer.collect.engines.engine import text


class _Client(DuckduckgoImages):
    """ddgs's own engine, less what it does to addresses."""

    def extract_results(self, html_text: str) -> list[ImagesResult]:
        found = json.loads(html_text).get("results", [])
        return [Result(text(item.get("title")), text(item.get("image")), url=text(item.get("url"))) for item in found]


class DuckDuckGo(DdgsEngine):
    """Image search at duckduckgo.com, 100 hits a page."""

    name = "duckduckgo"
    title = "DuckDuckGo"
    home = "https://duckduckgo.com"
    client = _Client
