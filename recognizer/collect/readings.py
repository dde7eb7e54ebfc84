"""What a data set says of the photos that were stored, and what was counted on the way."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from recognizer.collect.engines.dataset import Dataset, file_of
from recognizer.collect.labels import Row, disagree
from recognizer.store.photo_store import PhotoStore
from recognizer.store.readings import Values


def store_readings(dataset: Dataset, store: PhotoStore) -> dict[str, Any]:
    """Store the values of the photos that came from a data set.

    Args:
        dataset: the engine, checked.
        store: the photo store, filled.

    Returns:
        `rows` of the labels, and of them the `failed`, reason to how many; `photos` with a value; `contradicting`, how
        many photos have none since the same picture stands there with other values; `missing`, output to photos
        without a value.
    """
    said = _values_of_photos(dataset.rows, store)
    agreed = {photo: _merged(values) for photo, values in said.items() if not disagree(values)}
    store.readings.replace(agreed)
    outputs = {name for values in agreed.values() for name in values}
    return {
        "rows": len(dataset.rows),
        "failed": dict(Counter(row.reason for row in dataset.rows.values() if row.reason).most_common()),
        "photos": len(agreed),
        "contradicting": len(said) - len(agreed),
        "missing": {name: sum(name not in values for values in agreed.values()) for name in sorted(outputs)},
    }


def _values_of_photos(rows: Mapping[str, Row], store: PhotoStore) -> dict[str, list[Values]]:
    """Return what the rows of each photo's files say: several, where they are the same picture.

    A row that was mended has another address, under which its file is read again only where photos are lacking. Until
    then the photos that the file led to before have its values; afterwards only the one that it leads to now.
    """
    photos = store.hits.photos_by_address()
    read_now = {file_of(address) for address in photos if address in rows}
    values: defaultdict[str, list[Values]] = defaultdict(list)
    for address, row in rows.items():
        if not row.reason:
            values[file_of(address)].append(row.values)
    said: defaultdict[str, list[Values]] = defaultdict(list)
    for address, photo in photos.items():
        file = file_of(address)
        if file in values and (address in rows or file not in read_now):
            said[photo] += values[file]
    return said


def _merged(values: list[Values]) -> Values:
    return {name: value for one in values for name, value in one.items()}
