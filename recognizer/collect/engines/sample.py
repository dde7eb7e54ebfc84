"""The sample: pictures that this program draws, where there is no internet."""

from recognizer.collect.engines.engine import Engine
from recognizer.sample import pictures
from recognizer.store.rows import Hit


class SampleEngine(Engine):
    """An engine whose pictures are drawn when they are fetched; 20 hits a page."""

    name = "sample"

    def search(self, query: str, page: int) -> list[Hit]:
        """Return one page of hits; see `pictures.search`."""
        return pictures.search(query, page)

    def read(self, address: str) -> bytes:
        """Draw the file at an address; see `pictures.read`."""
        return pictures.read(address)
