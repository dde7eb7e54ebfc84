"""Search results: the pages that engines gave, and what became of each hit."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Literal

from recognizer.collect.search import Hit
from recognizer.store.forgotten import FORGOTTEN, ForgottenPhotos, hash_of
from recognizer.store.part import now
from recognizer.store.rows import WaitingHit


class Hits(ForgottenPhotos):
    """The hits of a photo store; every one has a row, and none vanishes."""

    def add_page(self, engine: str, query: str, label: str, page: int, hits: Iterable[Hit]) -> None:
        """Record one page of search results; an address that the label has already is a duplicate at once."""
        with self._db.transaction():
            rank = self._db.number("SELECT coalesce(max(rank), 0) FROM hits WHERE label = ?", label)
            found = 0
            for found, hit in enumerate(hits, start=1):
                self._add_hit(engine, query, label, rank + found, hit)
            self._db.execute("INSERT INTO searches VALUES (?, ?, ?, ?, ?, ?)", engine, query, label, page, found, now())

    def _add_hit(self, engine: str, query: str, label: str, rank: int, hit: Hit) -> None:
        state = self._state_of(label, hit)
        if state == FORGOTTEN:
            hit = Hit(hash_of(hit.image))
        self._db.execute(
            "INSERT INTO hits (label, rank, engine, query, image, page, title, licence, author, status, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(label, rank, engine, query, hit.image, hit.page, hit.title, hit.licence, hit.author, *state),
        )

    def _state_of(self, label: str, hit: Hit) -> tuple[str, str]:
        """Return the status and reason with which a hit begins."""
        if self._is_forgotten_address(hit.image) or self._is_forgotten_address(hit.page):
            return FORGOTTEN
        known = self._db.number("SELECT count(*) FROM hits WHERE label = ? AND image = ?", label, hit.image)
        return ("duplicate", "same_address") if known else ("waiting", "")

    def next_page(self, engine: str, query: str, label: str) -> int | None:
        """Return the number of the first page not fetched yet, or None when the query has no more hits."""
        row = self._db.row(
            "SELECT page, found FROM searches WHERE engine = ? AND query = ? AND label = ? ORDER BY page DESC LIMIT 1",
            *(engine, query, label),
        )
        if row is None:
            return 1
        return row["page"] + 1 if row["found"] else None

    def waiting(self, label: str, most: int) -> list[WaitingHit]:
        """Return at most `most` hits of a label that are still to be fetched, in the engines' order."""
        rows = self._db.rows(
            "SELECT id, engine, image FROM hits WHERE label = ? AND status = 'waiting' ORDER BY rank LIMIT ?",
            *(label, most),
        )
        return [WaitingHit(**row) for row in rows]

    def fail(self, hit: int, reason: str) -> None:
        """Record why a hit did not become a photo."""
        self._settle(hit, "failed", reason, None)

    def count(self, status: str, label: str | None = None) -> int:
        """Count the hits with a status, of one label or of all."""
        if label is None:
            return self._db.number("SELECT count(*) FROM hits WHERE status = ?", status)
        return self._db.number("SELECT count(*) FROM hits WHERE status = ? AND label = ?", status, label)

    def tally(self, by: Literal["label", "engine"]) -> dict[str, Counter[str]]:
        """Count the hits with each status, for each class or each engine."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for name, status, number in self._db.rows(f"SELECT {by}, status, count(*) FROM hits GROUP BY 1, 2"):
            found[name][status] = number
        return found

    def failures(self) -> dict[str, int]:
        """Count the failed hits by reason, most frequent first."""
        rows = self._db.rows(
            "SELECT reason, count(*) FROM hits WHERE status = 'failed' GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return {row[0]: row[1] for row in rows}

    def _settle(self, hit: int, status: str, reason: str, photo: str | None) -> None:
        self._db.execute("UPDATE hits SET status = ?, reason = ?, photo = ? WHERE id = ?", status, reason, photo, hit)

    def _rank_of(self, hit: int) -> tuple[str, int]:
        row = self._db.rows("SELECT label, rank FROM hits WHERE id = ?", hit)[0]
        return row["label"], row["rank"]

    def _rank_key(self, hit: int) -> tuple[int, int]:
        label, rank = self._rank_of(hit)
        return self._order.get(label, len(self._order)), rank
