"""Search results: the pages that engines gave, and what became of each hit (tables `searches` and `hits`)."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from recognizer.store.database import Database
from recognizer.store.forgotten import Forgotten, hash_of, is_digest, is_hash
from recognizer.store.pages import Pages
from recognizer.store.rows import Hit, Photo, WaitingHit

FORGOTTEN = ("failed", "forgotten")  # status and reason of a hit
# Failed hits that may be there another day: the network or a server was in trouble, or a disk was away.
_AGAIN = """(status = 'failed' AND (reason GLOB 'http_5??' OR reason IN ('unknown_host', 'connection_failed',
    'connection_reset', 'timeout', 'too_slow', 'incomplete', 'http_408', 'http_429', 'no_such_file')))"""


class Hits:
    """The hits of a photo store; every one has a row, and none vanishes.

    Args:
        database: of the store.
        forgotten: what must not be fetched again.
        labels: the classes in the recipe's order.

    Attributes:
        pages: that the hits came on.
    """

    def __init__(self, database: Database, forgotten: Forgotten, labels: Sequence[str]) -> None:
        self._database = database
        self._forgotten = forgotten
        self.pages = Pages(database)
        self._order = {label: number for number, label in enumerate(labels)}

    def add_page(self, engine: str, query: str, label: str, page: int, hits: Iterable[Hit]) -> None:
        """Record one page of search results; an address that the label has already is a duplicate at once.

        A first page asked for once more begins another round, in which what the query gave before gets no second row.

        Args:
            engine: its name.
            query: that was searched for.
            label: the class that it was searched for.
            page: the page, counted from 1.
            hits: in the engine's order; none where the query has no more.
        """
        with self._database.transaction():
            before = rank = self._database.number("SELECT coalesce(max(rank), 0) FROM hits WHERE label = ?", label)
            round_ = self.pages.round_of(engine, query, label, page)
            found = fresh = 0
            for hit in hits:
                known = self._known(engine, query, label, hit)
                found += 1
                fresh += known is None
                if round_ > 1 and known and known["photo"]:
                    before = min(before, known["rank"] - 1)
                if round_ == 1 or known is None:
                    rank += 1
                    self._add(engine, query, label, rank, hit)
            self.pages.add(engine, query, label, page, found=found, fresh=fresh, round_=round_, rank=before)

    def _known(self, engine: str, query: str, label: str, hit: Hit) -> sqlite3.Row | None:
        """Return `rank` and `photo` of the hit by which a query gave an address before, forgotten ones included."""
        return self._database.row(
            "SELECT rank, photo FROM hits WHERE label = ? AND image IN (?, ?) AND engine = ? AND query = ?"
            " ORDER BY photo IS NULL LIMIT 1",
            *(label, hit.image, hash_of(hit.image), engine, query),
        )

    def _add(self, engine: str, query: str, label: str, rank: int, hit: Hit) -> None:
        state = self._first_state(label, hit)
        if state == FORGOTTEN:
            hit = Hit(hash_of(hit.image))
        self._database.execute(
            "INSERT INTO hits (label, rank, engine, query, image, page, title, licence, author, status, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(label, rank, engine, query, hit.image, hit.page, hit.title, hit.licence, hit.author, *state),
        )

    def _first_state(self, label: str, hit: Hit) -> tuple[str, str]:
        """Return the status and reason with which a hit begins."""
        if self._forgotten.has_address(hit.image) or self._forgotten.has_address(hit.page):
            return FORGOTTEN
        known = self._database.number("SELECT count(*) FROM hits WHERE label = ? AND image = ?", label, hit.image)
        return ("duplicate", "same_address") if known else ("waiting", "")

    def to_fetch(self, label: str, most: int, engines: Collection[str], after: int = 0) -> list[WaitingHit]:
        """Return at most `most` hits of a label to be fetched: those that wait, and those to be tried again.

        Args:
            label: the class.
            most: how many, at most.
            engines: those of other engines go on waiting.
            after: number of the hit after which to begin, in the engines' order; 0 for the first.
        """
        rows = self._database.rows(
            f"""SELECT id, engine, image FROM hits WHERE label = ? AND (status = 'waiting' OR {_AGAIN})
                AND engine IN ({", ".join("?" * len(engines))})
                AND rank > coalesce((SELECT rank FROM hits WHERE id = ?), 0) ORDER BY rank LIMIT ?""",
            *(label, *engines, after, most),
        )
        return [WaitingHit(**row) for row in rows]

    def fail(self, hit: int, reason: str) -> None:
        """Record why a hit did not become a photo.

        Args:
            hit: its number.
            reason: one of the fixed words.
        """
        self.settle(hit, "failed", reason)

    def settle(self, hit: int, status: str, reason: str = "", photo: str | None = None) -> None:
        """Record what became of a hit.

        Args:
            hit: its number.
            status: `stored`, `duplicate` or `failed`.
            reason: one of the fixed words, where it is not stored.
            photo: sha256 of the photo that it led to.
        """
        self._database.execute(
            "UPDATE hits SET status = ?, reason = ?, photo = ? WHERE id = ?", status, reason, photo, hit
        )

    def let_wait(self, photo: str) -> None:
        """Make the hits that led to a photo wait again, since its file is lost."""
        self._database.execute("UPDATE hits SET status = 'waiting', reason = '', photo = NULL WHERE photo = ?", photo)

    def count(self, status: str, label: str | None = None) -> int:
        """Count the hits with a status, of one label or of all."""
        return self._database.number(
            "SELECT count(*) FROM hits WHERE status = ? AND label = coalesce(?, label)", status, label
        )

    def tally(self, by: Literal["label", "engine"]) -> dict[str, Counter[str]]:
        """Count the hits with each status, for each class or each engine.

        Args:
            by: what to count by.

        Returns:
            Name to status to how many.
        """
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for name, status, number in self._database.rows(f"SELECT {by}, status, count(*) FROM hits GROUP BY 1, 2"):
            found[name][status] = number
        return found

    def failures(self) -> dict[str, int]:
        """Count the failed hits by reason, most frequent first."""
        rows = self._database.rows(
            "SELECT reason, count(*) FROM hits WHERE status = 'failed' GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return {row[0]: row[1] for row in rows}

    def count_again(self, labels: Collection[str], engines: Collection[str]) -> int:
        """Count the failed hits that the next run tries again.

        Args:
            labels: classes that lack photos; the others try nothing again.
            engines: that are asked.
        """
        rows = self._database.rows(f"SELECT label, engine, count(*) FROM hits WHERE {_AGAIN} GROUP BY 1, 2")
        return sum(number for label, engine, number in rows if label in labels and engine in engines)

    def left_waiting(self, engines: Collection[str]) -> dict[str, int]:
        """Count the hits that wait for other engines than these to be asked again.

        Args:
            engines: names of engines.

        Returns:
            Name of an engine to how many.
        """
        rows = self._database.rows("SELECT engine, count(*) FROM hits WHERE status = 'waiting' GROUP BY 1 ORDER BY 1")
        return {row[0]: row[1] for row in rows if row[0] not in engines}

    def of_engine(self, engine: str) -> list[sqlite3.Row]:
        """Return `id`, `label` and `image` of an engine's hits, and `phash` of the photo that one led to."""
        return self._database.rows(
            "SELECT id, hits.label, image, phash FROM hits LEFT JOIN photos ON sha256 = photo WHERE engine = ?", engine
        )

    def failed_of(self, engine: str) -> list[sqlite3.Row]:
        """Return `image` and `reason` of an engine's hits that failed, in the order of classes and ranks."""
        rows = self._database.rows(
            "SELECT label, rank, image, reason FROM hits WHERE engine = ? AND status = 'failed'", engine
        )
        return sorted(rows, key=lambda row: (self._order.get(row["label"], len(self._order)), row["rank"]))

    def photos_by_address(self) -> dict[str, str]:
        """Return the addresses that led to a photo, and its sha256."""
        rows = self._database.rows("SELECT image, photo FROM hits WHERE photo IS NOT NULL")
        return {row["image"]: row["photo"] for row in rows}

    def label_of(self, hit: int) -> str:
        """Return the class whose search gave a hit."""
        return str(self._place(hit)[0])

    def earlier_first(self, one: int, other: int) -> tuple[int, int]:
        """Return two hits in the order of classes and ranks."""
        first, second = sorted((one, other), key=self._order_of)
        return first, second

    def _order_of(self, hit: int) -> tuple[int, int]:
        label, rank = self._place(hit)
        return self._order.get(label, len(self._order)), rank

    def _place(self, hit: int) -> tuple[str, int]:
        row = self._database.rows("SELECT label, rank FROM hits WHERE id = ?", hit)[0]
        return row["label"], row["rank"]

    def named(self, what: str) -> list[sqlite3.Row]:
        """Return `id`, `image`, `page` and `photo` of the hits that a sha256 (12 digits or more) or an address means.

        Args:
            what: of a photo, the address of one, or that of a page.
        """
        columns = "SELECT id, image, page, photo FROM hits WHERE"
        if is_digest(what):
            return self._database.rows(f"{columns} photo GLOB ?", f"{what}*")
        return self._database.rows(f"{columns} ?1 <> '' AND ?1 IN (image, page)", what)

    def leading_to(self, photos: Iterable[Photo]) -> dict[int, str]:
        """Return the hits that led to photos, and those of the same addresses which did not yet, with the addresses."""
        query = "SELECT id, image FROM hits WHERE photo = ?1 OR image IN (SELECT image FROM hits WHERE photo = ?1)"
        return {row["id"]: row["image"] for photo in photos for row in self._database.rows(query, photo.sha256)}

    def empty(self, hits: Iterable[int]) -> None:
        """Leave of forgotten hits only that they were, and a hash of where."""
        for hit in hits:
            image = self._database.rows("SELECT image FROM hits WHERE id = ?", hit)[0]["image"]
            self._database.execute(
                "UPDATE hits SET image = ?, page = '', title = '', licence = '', author = '', photo = NULL,"
                " status = ?, reason = ? WHERE id = ?",
                *(image if is_hash(image) else hash_of(image), *FORGOTTEN, hit),
            )
