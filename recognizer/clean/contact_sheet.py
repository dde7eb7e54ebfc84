"""Contact sheets: one picture with the worst photos that a check finds, for a quick look."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from recognizer.files import write_whole
from recognizer.store.rows import Issue, Photo

COLUMNS = 8
MOST = 40  # photos
SIDE = 150  # pixels of a photo
LINE = 30  # pixels below it, for words


def write_sheet(path: Path, photos: dict[str, Photo], issues: Sequence[Issue]) -> None:
    """Draw a check's worst photos, each with its label, the score and the better label or the copy.

    Args:
        path: the JPEG to write.
        photos: by sha256.
        issues: of one check.
    """
    worst = sorted(issues, key=lambda issue: (-issue.score, issue.photo))[:MOST]
    rows = -(-len(worst) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, max(rows, 1) * (SIDE + LINE)), "white")
    for place, issue in enumerate(worst):
        _draw(sheet, place % COLUMNS * SIDE, place // COLUMNS * (SIDE + LINE), photos, issue)
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=85)
    write_whole(path, buffer.getvalue())


def _draw(sheet: Image.Image, left: int, top: int, photos: dict[str, Photo], issue: Issue) -> None:
    photo = photos[issue.photo]
    twin = photos.get(issue.twin or "")
    for part, one in enumerate([photo, twin] if twin else [photo]):
        width = SIDE // 2 if twin else SIDE
        with Image.open(one.path) as image:
            small = ImageOps.contain(image.convert("RGB"), (width - 4, SIDE - 4))
        sheet.paste(small, (left + part * width, top))
    better = f" > {issue.label}" if issue.label else ""
    words = f"{photo.found_as}{better}\n{issue.score:.2f}"
    ImageDraw.Draw(sheet).text((left + 2, top + SIDE - 2), words, fill="black")
