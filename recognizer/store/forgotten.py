"""What was forgotten: kept as fingerprints alone, so that it can be known again and not be shown."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from recognizer.errors import PictureError
from recognizer.picture import read_picture, sha256
from recognizer.prepare import PreparedPhoto
from recognizer.store.copies import copy_hashes, near_any
from recognizer.store.part import StorePart, now
from recognizer.store.rows import Photo

FORGOTTEN = ("failed", "forgotten")  # status and reason of a hit
_HASH = "sha256:"


class ForgottenPhotos(StorePart):
    """The fingerprints of a photo store's forgotten photos."""

    def remember(self, photos: Sequence[Photo], addresses: Iterable[str]) -> None:
        """Keep fingerprints of photos and addresses, so that none of them is stored or fetched again."""
        hashes = {phash for photo in photos for phash in _hashes(photo)}
        with self._db.transaction():
            for photo in photos:
                self._db.execute("INSERT OR IGNORE INTO forgotten_photos VALUES (?, ?)", photo.sha256, now())
            for phash in hashes:
                self._db.execute("INSERT OR IGNORE INTO forgotten_hashes VALUES (?)", phash)
            self._remember_addresses(addresses)

    def _remember_addresses(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            self._db.execute("INSERT OR IGNORE INTO forgotten_addresses VALUES (?)", hash_of(address))

    def is_forgotten(self, what: str) -> bool:
        """Tell whether a photo was forgotten that has this sha256 (12 digits or more) or was at this address."""
        if is_digest(what):
            return bool(self._db.number("SELECT count(*) FROM forgotten_photos WHERE sha256 GLOB ?", f"{what}*"))
        return self._is_forgotten_address(what)

    def _is_forgotten_address(self, address: str) -> bool:
        return bool(self._db.number("SELECT count(*) FROM forgotten_addresses WHERE address = ?", hash_of(address)))

    def _are_forgotten(self, photos: Sequence[Photo | PreparedPhoto]) -> list[bool]:
        """Tell which photos are forgotten ones, or near copies of such."""
        gone = {row["sha256"] for row in self._db.rows("SELECT sha256 FROM forgotten_photos")}
        hashes = [row["phash"] for row in self._db.rows("SELECT phash FROM forgotten_hashes")]
        near = near_any([photo.phash for photo in photos], hashes).tolist()
        return [photo.sha256 in gone or is_near for photo, is_near in zip(photos, near, strict=True)]

    def _empty_hits(self, hits: Iterable[int]) -> None:
        """Leave of hits only that they were, and a hash of where."""
        for hit in hits:
            image = self._db.rows("SELECT image FROM hits WHERE id = ?", hit)[0]["image"]
            self._db.execute(
                "UPDATE hits SET image = ?, page = '', title = '', licence = '', author = '', photo = NULL,"
                " status = ?, reason = ? WHERE id = ?",
                *(image if image.startswith(_HASH) else hash_of(image), *FORGOTTEN, hit),
            )


def is_digest(what: str) -> bool:
    """Tell whether a word is a sha256, or the first 12 or more digits of one."""
    return 12 <= len(what) <= 64 and set(what) <= set("0123456789abcdef")


def _hashes(photo: Photo) -> set[str]:
    """Return the hashes of a photo and of its likely copies; these can be made only while its file is whole."""
    hashes = {photo.phash}
    if photo.path.is_file():
        with suppress(PictureError):
            hashes |= copy_hashes(read_picture(photo.path.read_bytes()))
    return hashes


def hash_of(address: str) -> str:
    """Return what is kept of a forgotten address."""
    return _HASH + sha256(address.encode())
