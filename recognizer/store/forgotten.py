"""What was forgotten: kept as fingerprints alone, so that it is known again (tables `forgotten_*`)."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from recognizer.errors import PictureError
from recognizer.images.decode import read_picture, sha256
from recognizer.images.fingerprints import copy_hashes, near_any
from recognizer.images.prepare import PreparedPhoto
from recognizer.store.database import Database, now
from recognizer.store.rows import DIGITS, Photo

_HASH = "sha256:"


class Forgotten:
    """The fingerprints of a store's forgotten photos, and hashes of their addresses.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, photos: Sequence[Photo], addresses: Iterable[str], examples: Sequence[Photo] = ()) -> None:
        """Keep fingerprints of photos and addresses, so that none of them is stored or fetched again.

        Args:
            photos: the photos, while their files are still there.
            addresses: that led to them, and to the examples.
            examples: the same for photos that nothing was learned from.
        """
        hashes = {phash for photo in (*photos, *examples) for phash in _hashes(photo)}
        with self._database.transaction():
            self.remember_digests(photos)
            self.remember_digests(examples, at="")
            for phash in hashes:
                self._database.execute("INSERT OR IGNORE INTO forgotten_hashes VALUES (?)", phash)
            self.remember_addresses(addresses)

    def remember_digests(self, photos: Iterable[Photo], at: str | None = None) -> None:
        """Keep the sha256 of photos, so that what is left of them anywhere is known as theirs.

        Args:
            photos: the photos.
            at: when they were forgotten, now by default; "" for those that nothing was learned from.
        """
        when = now() if at is None else at
        for photo in photos:
            self._database.execute("INSERT OR IGNORE INTO forgotten_photos VALUES (?, ?)", photo.sha256, when)

    def digests(self) -> set[str]:
        """Return the sha256 of all photos that were ever forgotten."""
        return {row["sha256"] for row in self._database.rows("SELECT sha256 FROM forgotten_photos")}

    def last(self) -> float | None:
        """Return when a photo was last forgotten that may have been learned from, in seconds since 1970, or None."""
        row = self._database.row("SELECT max(at) AS at FROM forgotten_photos")
        return datetime.fromisoformat(row["at"]).timestamp() if row and row["at"] else None

    def remember_addresses(self, addresses: Iterable[str]) -> None:
        """Keep hashes of addresses, so that none of them is fetched again."""
        for address in addresses:
            self._database.execute("INSERT OR IGNORE INTO forgotten_addresses VALUES (?)", hash_of(address))

    def has(self, what: str) -> bool:
        """Tell whether a photo was forgotten that has this sha256 (12 digits or more) or was at this address."""
        if is_digest(what):
            return bool(self._database.number("SELECT count(*) FROM forgotten_photos WHERE sha256 GLOB ?", f"{what}*"))
        return self.has_address(what)

    def has_address(self, address: str) -> bool:
        """Tell whether nothing is to be fetched from an address any more."""
        return bool(
            self._database.number("SELECT count(*) FROM forgotten_addresses WHERE address = ?", hash_of(address))
        )

    def are_known(self, photos: Sequence[Photo | PreparedPhoto]) -> list[bool]:
        """Tell which photos are forgotten ones, or near copies of such.

        Args:
            photos: the photos to compare with all that was forgotten.

        Returns:
            A boolean for each.
        """
        gone = self.digests()
        hashes = [row["phash"] for row in self._database.rows("SELECT phash FROM forgotten_hashes")]
        near = near_any([photo.phash for photo in photos], hashes).tolist()
        return [photo.sha256 in gone or is_near for photo, is_near in zip(photos, near, strict=True)]


def is_digest(what: str) -> bool:
    """Tell whether a word is a sha256, or the first 12 or more digits of one."""
    return DIGITS <= len(what) <= 64 and _is_hexadecimal(what)


def is_too_short(what: str) -> bool:
    """Tell whether a word may be the beginning of a sha256, with too few digits to name a photo."""
    return 0 < len(what) < DIGITS and _is_hexadecimal(what)


def _is_hexadecimal(what: str) -> bool:
    return set(what) <= set("0123456789abcdef")


def hash_of(address: str) -> str:
    """Return what is kept of a forgotten address."""
    return _HASH + sha256(address.encode())


def is_hash(address: str) -> bool:
    """Tell whether an address is what is kept of a forgotten one."""
    return address.startswith(_HASH)


def _hashes(photo: Photo) -> set[str]:
    """Return the hashes of a photo and of its likely copies; these can be made only while its file is whole."""
    hashes = {photo.phash}
    if photo.path.is_file():
        with suppress(PictureError):
            hashes |= copy_hashes(read_picture(photo.path.read_bytes()))
    return hashes
