"""Where the photos of a recipe come from, in words: a search, one's own disk, or this program."""

from collections.abc import Sequence
from typing import NamedTuple


class Source(NamedTuple):
    """Words about photos that a model learned from.

    Args:
        kind: "found", "sorted", "listed" or "drawn"; the pages have sentences for each.
        photos: what they are, to be followed by the names of classes: "photos that image search returned for".
        like: how an answer begins, to be followed by the name of a class.
        label: what the label of a held-out photo is.
        wrong: how a label can be wrong.
        leaning: what they show more of than the world does; may be empty.
        dataset: the kind of data set, as the Hub lists it.
    """

    kind: str
    photos: str
    like: str
    label: str
    wrong: str
    leaning: str
    dataset: str


SEARCHED = Source(
    "found",
    "photos that image search returned for",
    "Most like the photos found for",
    "the label that the search gave",
    "found under a wrong name",
    "They lean towards what is photographed and published: festivals, tourism, fashion.",
    "image-search",
)
OWN = Source(
    "sorted",
    "photos that whoever made this sorted under",
    "Most like the photos sorted under",
    "the label of the folder that it lay in",
    "sorted under a wrong name",
    "They show what whoever made this had photos of.",
    "own-photos",
)
LISTED = Source(
    "listed",
    "photos that a data set lists under",
    "Most like the photos listed under",
    "the label that the data set gives",
    "listed under a wrong label",
    "They show what the makers of the data set chose.",
    "own-photos",
)
DRAWN = Source(
    "drawn",
    "pictures that a program drew of",
    "Most like the pictures drawn of",
    "the label that it was drawn for",
    "drawn with a wrong label on purpose",
    "No photo is among them.",
    "drawn-pictures",
)
_BY_ENGINE = {"folder": OWN, "dataset": LISTED, "sample": DRAWN}


def describe_source(engines: Sequence[str]) -> Source:
    """Return the words for a recipe's engines; those of a search wherever one is among them."""
    sources = {_BY_ENGINE.get(engine, SEARCHED) for engine in engines}
    return sources.pop() if len(sources) == 1 else SEARCHED
