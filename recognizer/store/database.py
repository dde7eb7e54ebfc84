"""The database file of a work folder: opening it, transactions, and its errors as sentences.

database = Database(work / "photos.db")
with database.transaction():
    database.execute("UPDATE hits SET status = ? WHERE id = ?", "failed", 7)
database.number("SELECT count(*) FROM hits")
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from recognizer.errors import Damaged, RecognizerError, WorkInUse
from recognizer.files import hold, unwritable

SCHEMA = Path(__file__).with_name("schema.sql")
VERSION = 13  # of the schema; raise it with every change there
ADDED = {  # columns that version 1 had not
    "issues": ("probability REAL",),
    "decisions": ("choice INTEGER",),
    "searches": ("fresh INTEGER", "round INTEGER NOT NULL DEFAULT 1", "rank INTEGER NOT NULL DEFAULT 0"),
}
PATIENCE = 30.0  # seconds to wait for another program's transaction
READING = 2.0  # seconds to wait for a program that reads, so that the write-ahead log can be emptied

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Database:
    """One SQLite file in WAL mode, which several threads and programs may use at once.

    Args:
        file: the database file; made if it is missing, brought up to the present schema if it is older.

    Raises:
        Damaged: the file is no database, or a newer program made it.
        Unwritable: the disk is full, or the folder may not be written.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._turn = threading.RLock()  # one connection can have one transaction at a time
        # SQLite does not wait for its turn where two programs make a new file a WAL one.
        with hold(file.parent / ".opening", PATIENCE), self._sentences():
            self._db = self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
            self._bring_up_to_date(db)
            _empty_log(db, 0)  # of what a killed program left there, or one that another one kept from it
        except BaseException:
            db.close()
            raise
        return db

    def _bring_up_to_date(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise Damaged(f"{self.file} was made by a newer version of this program; install that one to open it.")
        if version < VERSION:
            steps = f"{SCHEMA.read_text()} {_missing_columns(db)} PRAGMA user_version = {VERSION};"
            db.executescript(f"BEGIN IMMEDIATE; {steps} COMMIT;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def execute(self, query: str, *values: object) -> sqlite3.Cursor:
        """Run one statement."""
        with self._sentences():
            return self._db.execute(query, values)

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._sentences():
            return self._db.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query, or None where there is none."""
        with self._sentences():
            row: sqlite3.Row | None = self._db.execute(query, values).fetchone()
            return row

    def number(self, query: str, *values: object) -> int:
        """Return the one number that a query gives."""
        with self._sentences():
            return int(self._db.execute(query, values).fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is done within, or nothing of it."""
        with self._turn:
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled back already
                    self._db.execute("ROLLBACK")
                raise

    def check(self) -> None:
        """Look through the whole file.

        Raises:
            Damaged: some of it is not as SQLite left it.
        """
        (found,) = self.rows("PRAGMA quick_check(1)")[0]
        if found != "ok":
            raise self._damaged(found)

    def settle(self) -> bool:
        """Empty the write-ahead log into the file, so that what was deleted is nowhere any more.

        Returns:
            Whether it could be done: not while another program goes on reading. The next program that opens the file
            then does it, as soon as nobody reads.
        """
        with self._turn, self._sentences():
            return _empty_log(self._db, READING)

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            sentence = self._sentence(error)
            if sentence is None:
                raise
            raise sentence from error

    def _sentence(self, error: sqlite3.DatabaseError) -> RecognizerError | None:
        """Return the error for people, or None where a program is wrong and not the machine."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more than needs to be known
        if code in _DAMAGED:
            return self._damaged(str(error))
        if code in _UNWRITABLE:
            return unwritable(self.file.parent, str(error), full=code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR))
        if code in _BUSY:
            return WorkInUse(f"Another program holds {self.file}; wait until it is done, or stop it.")
        return None

    def _damaged(self, why: str) -> Damaged:
        return Damaged(
            f"{self.file} is damaged ({' '.join(why.split())}); put a copy of it in its place, or move it away and run "
            "recognizer collect, which finds photos anew, but neither what people decided nor the fingerprints of "
            "forgotten photos, which may come back."
        )


def now() -> str:
    """Return the time as rows have it: ISO 8601, to the second, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _empty_log(db: sqlite3.Connection, seconds: float) -> bool:
    """Write the log into the file and cut it to nothing; return whether no other program kept it from that."""
    db.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
    try:
        (is_busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy
    finally:
        db.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")


def _missing_columns(db: sqlite3.Connection) -> str:
    """Return the statements that give the tables of an older file what they lack; new tables have it already."""
    statements = ""
    for table, columns in ADDED.items():
        present = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
        lacking = [column for column in columns if present and column.split()[0] not in present]
        statements += "".join(f"ALTER TABLE {table} ADD COLUMN {column};" for column in lacking)
    return statements
