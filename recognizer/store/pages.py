"""The pages of hits that engines gave for a query, round after round (table `searches`).

A query is asked page by page until it has no more hits. Later it may be asked again from its first page on: another
round, whose pages take the place of the earlier ones.
"""

from dataclasses import dataclass

from recognizer.store.database import Database, now

_QUERY = "engine = ? AND query = ? AND label = ?"


@dataclass(frozen=True)
class Asked:
    """How far a query was asked in its present round.

    Args:
        page: the last page.
        found: hits on it.
        fresh: how many of them the query had not given before.
        furthest: the last page of any round.
        at: when it was asked for, ISO 8601 with a zone.
    """

    page: int
    found: int
    fresh: int
    furthest: int
    at: str


class Pages:
    """The pages of a photo store. A query is one of an engine for a class: each method begins with the three.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def asked(self, engine: str, query: str, label: str) -> Asked | None:
        """Return how far a query was asked; None where it never was.

        Args:
            engine: its name.
            query: the words.
            label: the class.
        """
        row = self._database.row(
            f"""SELECT page, found, coalesce(fresh, found) AS fresh, at,
                (SELECT max(page) FROM searches WHERE {_QUERY}) AS furthest
            FROM searches WHERE {_QUERY} ORDER BY round DESC, page DESC LIMIT 1""",
            *(engine, query, label) * 2,
        )
        return None if row is None else Asked(**row)

    def round_of(self, engine: str, query: str, label: str, page: int) -> int:
        """Return the round that a page to be recorded belongs to, counted from 1; a first page begins one.

        Args:
            engine: its name.
            query: the words.
            label: the class.
            page: the page.
        """
        last = self._database.number(
            f"SELECT coalesce(max(round), 0) FROM searches WHERE {_QUERY}", engine, query, label
        )
        return last + 1 if page == 1 else max(last, 1)

    def add(
        self, engine: str, query: str, label: str, page: int, *, found: int, fresh: int, round_: int, rank: int
    ) -> None:
        """Record a page, in the place of the one that an earlier round had.

        Args:
            engine: its name.
            query: the words.
            label: the class.
            page: the page.
            found: hits on it.
            fresh: how many of them the query had not given before.
            round_: of `round_of`.
            rank: after which the label's hits may be of this page: of the last hit before it, or before the first
                photo that an earlier page gave and this one gives again.
        """
        self._database.execute(
            "INSERT OR REPLACE INTO searches (engine, query, label, page, found, at, fresh, round, rank)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(engine, query, label, page, found, now(), fresh, round_, rank),
        )

    def are_useless(self, engine: str, query: str, label: str, most: int) -> bool:
        """Tell whether the last pages of a query led to no photo at all, neither a new one nor one that is there.

        Args:
            engine: its name.
            query: the words.
            label: the class.
            most: how many pages; where the present round has fewer, they are not useless.
        """
        ranks = self._database.rows(
            f"""SELECT rank FROM searches WHERE {_QUERY} AND round =
                (SELECT max(round) FROM searches WHERE {_QUERY}) ORDER BY page DESC LIMIT ?""",
            *(engine, query, label) * 2,
            most,
        )
        if len(ranks) < most:
            return False
        photo = self._database.row(
            f"SELECT 1 FROM hits WHERE {_QUERY} AND rank > ? AND photo IS NOT NULL LIMIT 1",
            *(engine, query, label, min(row["rank"] for row in ranks)),
        )
        return photo is None
