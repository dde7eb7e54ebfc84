"""Pictures that show nothing: one flat colour, or nearly so."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from recognizer.photos import Decision, Issue, Photo

CHECK = "empty"
FLAT = 8.0  # grey levels: a picture whose brightness varies less shows nothing
SURE = 0.5


def find_empty(photos: Sequence[Photo]) -> list[Issue]:
    """Return an issue for each photo that shows next to nothing; the score grows as it gets flatter."""
    issues = []
    for photo in photos:
        with Image.open(photo.path) as image:
            image.draft("L", (64, 64))
            spread = float(np.asarray(image.convert("L").resize((64, 64))).std())
        score = 0.5 ** (spread / FLAT)
        if score >= SURE:
            issues.append(Issue(photo.sha256, CHECK, score))
    return issues


def decide_empty(issues: Sequence[Issue]) -> list[Decision]:
    """Drop every empty picture."""
    return [Decision(issue.photo, "drop", "empty picture") for issue in issues]
