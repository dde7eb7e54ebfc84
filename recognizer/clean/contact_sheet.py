"""Contact sheets: one page with the worst photos that a check finds, for a quick look; names in any script."""

import html
from collections.abc import Sequence, Set
from pathlib import Path

from recognizer.files import write_whole
from recognizer.images.data_url import jpeg_url
from recognizer.images.pixels import open_rgb
from recognizer.store.rows import Issue, Photo

MOST = 40  # photos
SIDE = 150  # pixels of a photo
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; font: 1rem/1.4 system-ui, sans-serif; }}
  ol {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; padding: 0; }}
  li {{ list-style: none; overflow-wrap: anywhere; }}
  img {{ display: inline-block; margin-right: .2rem; vertical-align: bottom; }}
</style>
<main>
<h1>{title}</h1>
<p>{count}, the surest first{left_out}. Nothing has been deleted; the review is where a person decides.</p>
<ol>
{tiles}
</ol>
</main>
</html>
"""


def write_sheet(
    path: Path, check: str, photos: dict[str, Photo], issues: Sequence[Issue], hidden: Set[str] = frozenset()
) -> None:
    """Write a page of a check's worst photos, each with its label, the score and the better label or the copy.

    Args:
        path: the HTML file to write; the photos are in it.
        check: its name.
        photos: by sha256.
        issues: of the check.
        hidden: the sha256 of the photos of the blind sample that wait for an answer, and so are not shown.
    """
    shown = [issue for issue in issues if hidden.isdisjoint((issue.photo, issue.twin))]
    worst = sorted(shown, key=lambda issue: (-issue.score, issue.photo))[:MOST]
    count = f"{len(worst)} of {len(issues)} photos" if len(worst) < len(issues) else f"{len(issues)} photos"
    left = len(issues) - len(shown)
    left_out = f"; {left} left out, since the blind sample waits for an answer about them" if left else ""
    title = html.escape(f"Found by the check “{check.replace('_', ' ')}”")
    tiles = "\n".join(_tile(photos, issue) for issue in worst)
    write_whole(path, PAGE.format(title=title, count=count, left_out=left_out, tiles=tiles).encode())


def _tile(photos: dict[str, Photo], issue: Issue) -> str:
    photo, twin = photos[issue.photo], photos.get(issue.twin or "")
    shown = "".join(_picture(one, SIDE // 2 if twin else SIDE) for one in ([photo, twin] if twin else [photo]))
    better = f" → {html.escape(issue.label)}" if issue.label else ""
    return f"<li>{shown}<br><b>{html.escape(photo.found_as)}</b>{better}<br>{issue.score:.2f}</li>"


def _picture(photo: Photo, width: int) -> str:
    """Return a small picture in a page."""
    small = open_rgb(photo.path)
    small.thumbnail((width, SIDE))
    size = f'width="{small.width}" height="{small.height}"'
    return f'<img src="{jpeg_url(small, quality=85)}" {size} alt="{html.escape(photo.label)}">'
