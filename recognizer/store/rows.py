"""What the photo store takes and gives."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

AUTO = "auto"
DIGITS = 12  # of a photo's sha256, which name it; fewer do not
NAMED_BY = f"its sha256, or at least its first {DIGITS} digits"
WORTH_A_LOOK = 0.5  # score of an issue; below it, a check has nothing against the photo
Action = Literal["keep", "drop", "relabel"]
Seen = Literal["class", "none", "unclear"]  # what a person sees in a photo of the blind sample


@dataclass(frozen=True)
class Hit:
    """One search result.

    Args:
        image: address of the picture.
        page: address of the page that it stands on.
        title: the title that the engine gives.
        licence: the licence, where the engine tells it.
        author: the author, where the engine tells it.
    """

    image: str
    page: str = ""
    title: str = ""
    licence: str = ""
    author: str = ""


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
        title: as the engine told it, or an empty string.
        label_quality: how likely `label` is right: 1 where a person decided; where nobody did and no check estimated
            it, as likely as the other labels of its class, or 1 where no label was ever estimated.
        label_rated: whether a person decided about the label, or a check estimated it.
        likelier: a class that is likelier than `label`, where a check knows one and nobody decided; or an empty string.
        likelier_quality: how likely that one is right, or 0.
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
    title: str = ""
    label_quality: float = 1.0
    label_rated: bool = True
    likelier: str = ""
    likelier_quality: float = 0.0


@dataclass(frozen=True)
class Issue:
    """What a check thinks of a photo.

    Args:
        photo: its sha256.
        check: the check's name.
        score: from 0 (fine) to 1 (surely wrong).
        label: a better label, where the check has one.
        twin: sha256 of the photo that it is a copy of, where it is one.
        probability: of `label`, where the check knows it.
    """

    photo: str
    check: str
    score: float
    label: str | None = None
    twin: str | None = None
    probability: float | None = None


@dataclass(frozen=True)
class LabelQuality:
    """The estimated probability that a photo's label is right.

    Args:
        photo: its sha256.
        label: the label that this is about.
        probability: that it is the right one.
        likelier: the likeliest class, where that is another one.
        likelier_probability: that this is the right one.
    """

    photo: str
    label: str
    probability: float
    likelier: str = ""
    likelier_probability: float = 0.0


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


@dataclass(frozen=True)
class BlindAnswer:
    """What a person saw in a photo of the blind sample, without knowing its label.

    Args:
        photo: its sha256.
        seen: a `class`, `none` of them, or `unclear`: it cannot be told.
        label: the class, where one was seen.
        by: the person's name.
        decided_before: whether a person had decided about the photo before, and so had seen its label.
    """

    photo: str
    seen: Seen
    label: str | None = None
    by: str = ""
    decided_before: bool = False
