"""The photo store: the only code that touches the photo database and the photo files of a work folder.

    store = PhotoStore(Path("data/textiles"), recipe.labels)
    store.add_page("duckduckgo", "tartan", "Tartan", 1, hits)      # search results become rows
    for hit in store.waiting("Tartan", 100):                       # what is still to be fetched
        store.add_photo(hit.id, prepare_photo(data))               # a file, then its row
    store.kept()                                                   # the photos that training uses

A file is written before the row that names it, so a stop at any moment leaves rows that are true.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from recognizer.collect.search import Hit
from recognizer.prepare import PreparedPhoto

AUTO = "auto"
SCHEMA = Path(__file__).with_name("schema.sql")
Action = Literal["keep", "drop", "relabel"]


@dataclass(frozen=True)
class WaitingHit:
    """A search result that is still to be fetched."""

    id: int
    engine: str
    image: str


@dataclass(frozen=True)
class Photo:
    """One stored photo.

    Args:
        sha256: of the file, 64 hexadecimal digits.
        phash: perceptual hash, 16 hexadecimal digits.
        width: pixels.
        height: pixels.
        label: the class that counts: the decided one, or the one it was found as.
        found_as: the class whose search found it.
        image: address it was fetched from.
        page: address of the page it stands on.
        licence: as the engine told it, or an empty string.
        author: as the engine told it, or an empty string.
        action: the decision that counts, or an empty string.
        path: the file.
    """

    sha256: str
    phash: str
    width: int
    height: int
    label: str
    found_as: str
    image: str
    page: str
    licence: str
    author: str
    action: str
    path: Path


@dataclass(frozen=True)
class Issue:
    """What a check thinks of a photo.

    Args:
        photo: its sha256.
        check: the check's name.
        score: from 0 (fine) to 1 (surely wrong).
        label: a better label, where the check has one.
        twin: sha256 of the photo that it is a copy of, where it is one.
    """

    photo: str
    check: str
    score: float
    label: str | None = None
    twin: str | None = None


@dataclass(frozen=True)
class Suspect:
    """A photo for a person to look at, as one check sees it.

    Args:
        photo: its sha256.
        label: the class that counts.
        check: the check that finds it suspicious, or an empty string.
        score: the check's score, or 0.
        by: who made the decision that counts: `auto`, a person's name, or an empty string.
    """

    photo: str
    label: str
    check: str
    score: float
    by: str


@dataclass(frozen=True)
class Decision:
    """What is done with a photo, by the rules or by a person.

    Args:
        photo: its sha256.
        action: `keep`, `drop` or `relabel`.
        reason: why, in a few words.
        label: the new label of a `relabel`.
        by: `auto`, or a person's name.
    """

    photo: str
    action: Action
    reason: str
    label: str | None = None
    by: str = AUTO


class PhotoStore:
    """The photos of one work folder.

    Args:
        work: the work folder; made if it is missing.
        labels: the classes in the recipe's order. Bytes found under two of them belong to the first.
    """

    def __init__(self, work: Path, labels: Sequence[str]) -> None:
        self.work = work
        self._order = {label: number for number, label in enumerate(labels)}
        work.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(work / "photos.db", timeout=30, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._turn = threading.RLock()  # one connection can have one transaction at a time
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA.read_text())

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> "PhotoStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Searching

    def add_page(self, engine: str, query: str, label: str, page: int, hits: Iterable[Hit]) -> None:
        """Record one page of search results; an address that the label has already is a duplicate at once."""
        with self._transaction():
            rank = self._number("SELECT coalesce(max(rank), 0) FROM hits WHERE label = ?", label)
            found = 0
            for found, hit in enumerate(hits, start=1):
                self._add_hit(engine, query, label, rank + found, hit)
            self._db.execute(
                "INSERT INTO searches VALUES (?, ?, ?, ?, ?, ?)", (engine, query, label, page, found, _now())
            )

    def _add_hit(self, engine: str, query: str, label: str, rank: int, hit: Hit) -> None:
        known = self._number("SELECT count(*) FROM hits WHERE label = ? AND image = ?", label, hit.image)
        state = ("duplicate", "same_address") if known else ("waiting", "")
        self._db.execute(
            "INSERT INTO hits (label, rank, engine, query, image, page, title, licence, author, status, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (label, rank, engine, query, hit.image, hit.page, hit.title, hit.licence, hit.author, *state),
        )

    def next_page(self, engine: str, query: str, label: str) -> int | None:
        """Return the number of the first page not fetched yet, or None when the query has no more hits."""
        row = self._db.execute(
            "SELECT page, found FROM searches WHERE engine = ? AND query = ? AND label = ? ORDER BY page DESC LIMIT 1",
            (engine, query, label),
        ).fetchone()
        if row is None:
            return 1
        return row["page"] + 1 if row["found"] else None

    def waiting(self, label: str, most: int) -> list[WaitingHit]:
        """Return at most `most` hits of a label that are still to be fetched, in the engines' order."""
        rows = self._db.execute(
            "SELECT id, engine, image FROM hits WHERE label = ? AND status = 'waiting' ORDER BY rank LIMIT ?",
            (label, most),
        )
        return [WaitingHit(**row) for row in rows]

    # Storing

    def add_photo(self, hit: int, photo: PreparedPhoto) -> None:
        """Store a fetched photo: its file, then its row. The same bytes are stored once, under the earliest hit."""
        label, _ = self._rank_of(hit)
        self._write(self.path(label, photo.sha256), photo.jpeg)
        with self._transaction():
            owner = self._owner(photo.sha256)
            if owner is None:
                self._insert_photo(hit, label, photo)
            first, second = sorted((owner or hit, hit), key=self._rank_key)
            self._give(photo.sha256, first, second)
        self._remove_stray(photo.sha256, first, second)

    def _insert_photo(self, hit: int, label: str, photo: PreparedPhoto) -> None:
        self._db.execute(
            "INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?)",
            (photo.sha256, photo.phash, photo.width, photo.height, label, hit),
        )

    def _give(self, sha256: str, first: int, second: int) -> None:
        """Give a photo to the earlier of two hits, so that the order in which downloads end makes no difference."""
        label, _ = self._rank_of(first)
        self._db.execute("UPDATE photos SET label = ?, hit = ? WHERE sha256 = ?", (label, first, sha256))
        self._settle(second, "duplicate", "same_bytes", sha256)
        self._settle(first, "stored", "", sha256)

    def _remove_stray(self, sha256: str, first: int, second: int) -> None:
        label, other = self._rank_of(first)[0], self._rank_of(second)[0]
        if other != label:
            self.path(other, sha256).unlink(missing_ok=True)

    def fail(self, hit: int, reason: str) -> None:
        """Record why a hit did not become a photo."""
        self._settle(hit, "failed", reason, None)

    def _settle(self, hit: int, status: str, reason: str, photo: str | None) -> None:
        self._db.execute("UPDATE hits SET status = ?, reason = ?, photo = ? WHERE id = ?", (status, reason, photo, hit))

    def _owner(self, sha256: str) -> int | None:
        row = self._db.execute("SELECT hit FROM photos WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else int(row["hit"])

    def _rank_of(self, hit: int) -> tuple[str, int]:
        row = self._db.execute("SELECT label, rank FROM hits WHERE id = ?", (hit,)).fetchone()
        return row["label"], row["rank"]

    def _rank_key(self, hit: int) -> tuple[int, int]:
        label, rank = self._rank_of(hit)
        return self._order.get(label, len(self._order)), rank

    def repair(self) -> None:
        """Put right what a stop or a lost file left: photos without a file wait again, files without a row go."""
        rows = self._db.execute("SELECT sha256, label FROM photos").fetchall()
        for row in rows:
            if not self.path(row["label"], row["sha256"]).is_file():
                self._forget_lost(row["sha256"])
        owned = {self.path(row["label"], row["sha256"]) for row in rows}
        for file in (self.work / "photos").glob("*/*"):
            if file not in owned and file.is_file():
                file.unlink()

    def _forget_lost(self, sha256: str) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM issues WHERE photo = ?", (sha256,))
            self._db.execute("UPDATE hits SET status = 'waiting', reason = '', photo = NULL WHERE photo = ?", (sha256,))
            self._db.execute("DELETE FROM photos WHERE sha256 = ?", (sha256,))

    # Reading

    def photos(self) -> list[Photo]:
        """Return every stored photo, in the order of classes and ranks."""
        return self._photos("described_photos")

    def kept(self) -> list[Photo]:
        """Return the stored photos less the dropped ones, under their decided labels."""
        return self._photos("kept_photos")

    def photo(self, sha256: str) -> Photo | None:
        """Return one stored photo, or None where there is none."""
        row = self._db.execute("SELECT * FROM described_photos WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else self._photo(row)

    def _photos(self, view: str) -> list[Photo]:
        rows = self._db.execute(f"SELECT * FROM {view}").fetchall()
        rows.sort(key=lambda row: (self._order.get(row["found_as"], len(self._order)), row["rank"]))
        return [self._photo(row) for row in rows]

    def _photo(self, row: sqlite3.Row) -> Photo:
        values = {key: row[key] for key in row.keys() if key != "rank"}  # noqa: SIM118 - a Row is no dict
        return Photo(**values, path=self.path(row["found_as"], row["sha256"]))

    def path(self, label: str, sha256: str) -> Path:
        """Return where the file of a photo lies."""
        return self.work / "photos" / label / f"{sha256[:16]}.jpg"

    def count(self, status: str, label: str | None = None) -> int:
        """Count the hits with a status, of one label or of all."""
        if label is None:
            return self._number("SELECT count(*) FROM hits WHERE status = ?", status)
        return self._number("SELECT count(*) FROM hits WHERE status = ? AND label = ?", status, label)

    def failures(self) -> dict[str, int]:
        """Count the failed hits by reason, most frequent first."""
        rows = self._db.execute(
            "SELECT reason, count(*) FROM hits WHERE status = 'failed' GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return dict(rows.fetchall())

    # Cleaning

    def replace_issues(self, check: str, issues: Iterable[Issue]) -> None:
        """Put a check's new issues in the place of its former ones."""
        with self._transaction():
            self._db.execute('DELETE FROM issues WHERE "check" = ?', (check,))
            self._db.executemany(
                "INSERT INTO issues VALUES (?, ?, ?, ?, ?)",
                [(issue.photo, check, issue.score, issue.label, issue.twin) for issue in issues],
            )

    def issues(self, photo: str | None = None) -> list[Issue]:
        """Return all issues, or those of one photo, worst first."""
        rows = self._db.execute(
            'SELECT photo, "check", score, label, twin FROM issues WHERE photo = coalesce(?, photo)'
            " ORDER BY score DESC, photo",
            (photo,),
        )
        return [Issue(**row) for row in rows]

    def suspects(self, least: float) -> list[Suspect]:
        """Return the photos for a person to look at, worst first, one for each check that finds them suspicious.

        Args:
            least: the score from which an issue counts; photos that a person decided about are always there.
        """
        rows = self._db.execute(
            """SELECT sha256 AS photo, described_photos.label, coalesce("check", '') AS "check",
                coalesce(score, 0.0) AS score, coalesce("by", '') AS "by"
            FROM described_photos
            LEFT JOIN issues ON issues.photo = sha256 AND score >= ?
            LEFT JOIN current_decisions ON current_decisions.photo = sha256
            WHERE "check" IS NOT NULL OR "by" <> ? ORDER BY 4 DESC, 1, 3""",
            (least, AUTO),
        )
        return [Suspect(**row) for row in rows]

    def replace_automatic(self, decisions: Iterable[Decision]) -> None:
        """Make these the automatic decisions that stand: the same ones stay, others are undone, new ones are added."""
        wanted = {(d.photo, d.action, d.label, d.reason): d for d in decisions}
        with self._transaction():
            rows = self._db.execute(
                'SELECT id, photo, action, label, reason FROM decisions WHERE "by" = ? AND undone = 0', (AUTO,)
            ).fetchall()
            for row in rows:
                if wanted.pop((row["photo"], row["action"], row["label"], row["reason"]), None) is None:
                    self._db.execute("UPDATE decisions SET undone = 1 WHERE id = ?", (row["id"],))
            for decision in wanted.values():
                self._insert_decision(decision)

    def decide(self, decision: Decision) -> None:
        """Record one decision; the last one of a person counts."""
        with self._transaction():
            self._insert_decision(decision)

    def _insert_decision(self, decision: Decision) -> None:
        self._db.execute(
            'INSERT INTO decisions (photo, action, label, "by", reason, at) VALUES (?, ?, ?, ?, ?, ?)',
            (decision.photo, decision.action, decision.label, decision.by, decision.reason, _now()),
        )

    def undo(self, by: str) -> str | None:
        """Undo the last decision of a person that still stands.

        Returns:
            The sha256 of the photo it was about, or None when there is nothing to undo.
        """
        with self._transaction():
            row = self._db.execute(
                'SELECT id, photo FROM decisions WHERE "by" = ? AND undone = 0 ORDER BY id DESC LIMIT 1', (by,)
            ).fetchone()
            if row is None:
                return None
            self._db.execute("UPDATE decisions SET undone = 1 WHERE id = ?", (row["id"],))
            return str(row["photo"])

    def decisions(self, photo: str | None = None) -> list[Decision]:
        """Return the decision that counts for each photo that has one, or for one photo."""
        rows = self._db.execute(
            'SELECT photo, action, reason, label, "by" FROM current_decisions WHERE photo = coalesce(?, photo)'
            " ORDER BY photo",
            (photo,),
        )
        return [Decision(**row) for row in rows]

    # Plumbing

    def _number(self, query: str, *values: object) -> int:
        return int(self._db.execute(query, values).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        """Write a file under another name, then rename it, so that no half file ever has the right name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{secrets.token_hex(4)}.part")
        half.write_bytes(data)
        half.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
