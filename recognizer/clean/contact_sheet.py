"""Contact sheets: one page with the worst photos that a check finds, for a quick look; names in any script."""

import html
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from recognizer.clean.duplicates import CONFLICT
from recognizer.clean.words import check_words
from recognizer.files import write_whole
from recognizer.images.data_url import jpeg_url
from recognizer.images.pixels import open_rgb
from recognizer.recipe import Recipe
from recognizer.store.rows import AUTO, DIGITS, WORTH_A_LOOK, Decision, Issue, Photo

MOST = 40  # photos
SIDE = 150  # pixels of a photo
WAITS = "waits for a person"
DONE = {"keep": "kept", "drop": "dropped"}
# The colours and cards are those of evaluate.html.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; --ground: #f4f3ef; --card: #fff; --ink: #21262b; --quiet: #59636d;
    --line: #d9d6ce; }}
  @media (prefers-color-scheme: dark) {{
    :root {{ --ground: #15171a; --card: #1e2125; --ink: #e9e8e4; --quiet: #a3adb6; --line: #343a41; }}
  }}
  * {{ box-sizing: border-box; }}
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem;
    background: var(--ground); color: var(--ink); }}
  h1 {{ line-height: 1.25; }}
  code {{ overflow-wrap: anywhere; }}
  small, .quiet {{ color: var(--quiet); }}
  ol {{ display: grid; grid-template-columns: repeat(auto-fill, minmax({width}rem, 1fr)); gap: 1rem; padding: 0;
    list-style: none; }}
  li {{ background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .75rem;
    font-size: .9rem; overflow-wrap: anywhere; }}
  .pair {{ display: flex; gap: .75rem; }}
  figure {{ flex: 1; margin: 0; min-width: 0; }}
  img {{ display: block; max-width: 100%; height: auto; border-radius: 8px; margin-bottom: .25rem; }}
  li p {{ margin: .25rem 0 0; }}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>Found by the check “{check}”: {count}, the surest first{left_out}. “How surely” goes from {least}, worth a look, to
1, surely so.</p>
<p class="quiet">What was decided is as the last <code>{clean}</code> left it. Nothing has been deleted; a person
decides with <code>{review}</code>.</p>
</header>
<main>
<ol>
{tiles}
</ol>
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Shown:
    """What the sheets of all checks go by.

    Args:
        recipe: the recipe.
        photos: by sha256.
        decisions: that count, by the sha256 of the photo.
        hidden: the sha256 of the photos of the blind sample that wait for an answer, and so are not shown.
        waiting: the sha256 of the photos that a check found something about, and nobody has decided about.
    """

    recipe: Recipe
    photos: Mapping[str, Photo]
    decisions: Mapping[str, Decision]
    hidden: Set[str] = frozenset()
    waiting: Set[str] = frozenset()


def write_sheet(path: Path, check: str, issues: Sequence[Issue], shown: Shown) -> None:
    """Write a page of a check's worst photos, each with its label, state, sha256 and score.

    Beside it stands the best copy, or the better label, where the check knows one.

    Args:
        path: the HTML file to write; the photos are in it.
        check: its name.
        issues: of the check.
        shown: what the sheets of all checks go by.
    """
    visible = [issue for issue in issues if shown.hidden.isdisjoint((issue.photo, issue.twin))]
    worst = sorted(visible, key=lambda issue: (-issue.score, issue.photo))[:MOST]
    found, left = _photos(len(issues)), len(issues) - len(visible)
    about = "it" if left == 1 else "them"
    words = check_words(check)
    page = PAGE.format(
        title=html.escape(f"{shown.recipe.title}: {words[0].lower()}{words[1:]}"),
        check=html.escape(check.replace("_", " ")),
        count=f"{len(worst)} of {found}" if len(worst) < len(issues) else found,
        left_out=f"; {left} left out, since the blind sample waits for an answer about {about}" if left else "",
        least=WORTH_A_LOOK,
        clean=html.escape(shown.recipe.command("clean")),
        review=html.escape(shown.recipe.command("review")),
        width=16 if any(issue.twin for issue in worst) else 10,
        tiles="\n".join(_tile(issue, shown) for issue in worst),
    )
    write_whole(path, page.encode())


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


def _tile(issue: Issue, shown: Shown) -> str:
    photo, twin = shown.photos[issue.photo], shown.photos.get(issue.twin or "")
    width = SIDE * 3 // 4 if twin else SIDE
    pictures = _figure(photo, width, _state(photo, shown, WAITS))
    if twin:
        pictures += _figure(twin, width, _state(twin, shown, _undecided_twin(issue, shown)))
    better = f"<p>perhaps rather <b>{html.escape(issue.label)}</b></p>" if issue.label else ""
    return f'<li><div class="pair">{pictures}</div>{better}<p>how surely: {issue.score:.2f}</p></li>'


def _undecided_twin(issue: Issue, shown: Shown) -> str:
    """Say of the best copy, where nobody decided about it, whether it waits itself or its label is in doubt."""
    if issue.twin in shown.waiting:
        return WAITS
    return "was found under another label" if issue.check == CONFLICT else "stays"


def _state(photo: Photo, shown: Shown, undecided: str) -> str:
    """Say what was decided about a photo, and by whom."""
    decision = shown.decisions.get(photo.sha256)
    if decision is None:
        return undecided
    done = DONE.get(decision.action, f"relabelled “{decision.label}”")
    return f"{done} by {'a rule' if decision.by == AUTO else 'a person'}"


def _figure(photo: Photo, width: int, state: str) -> str:
    """Return a small picture with the label that it was found as, its state, and the digits that commands take."""
    small = open_rgb(photo.path)
    small.thumbnail((width, SIDE))
    size = f'width="{small.width}" height="{small.height}"'
    picture = f'<img src="{jpeg_url(small, quality=85)}" {size} alt="{html.escape(photo.label)}">'
    told = f"<b>{html.escape(photo.found_as)}</b><br>{html.escape(state)}<br><small>{photo.sha256[:DIGITS]}</small>"
    return f"<figure>{picture}<figcaption>{told}</figcaption></figure>"
