"""How the review page looks: one photo as HTML, the style sheet, and the keys. All text is escaped here."""

from html import escape
from pathlib import Path
from urllib.parse import quote

from recognizer.clean.review_queue import CHECKS, Entry, Queue
from recognizer.photos import AUTO, Issue, Photo

LINKS = ("http://", "https://")

CSS = """
.gradio-container { padding: 8px 16px !important; }
.gradio-container .main { padding: 0; }
#review, #desk, #choices, #labels, #moving { gap: 10px; }
#review .html-container { padding: 0; }
#filters .block { padding: 6px 8px; }
#head h1 { font-size: 1.15rem; margin: 0; }
#head .line { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; justify-content: space-between; }
#head progress { display: block; width: 100%; height: 8px; margin-top: 6px; appearance: none; border: 0;
    border-radius: 4px; overflow: hidden; background: var(--border-color-primary); }
#head progress::-webkit-progress-bar { background: var(--border-color-primary); }
#head progress::-webkit-progress-value { background: var(--color-accent); }
#head progress::-moz-progress-bar { background: var(--color-accent); }
#picture .pair { display: flex; gap: 10px; }
#picture figure { flex: 1; min-width: 0; margin: 0; text-align: center; }
#picture img { width: 100%; height: calc(100vh - 215px); min-height: 240px; object-fit: contain; margin: 0;
    background: var(--block-background-fill); border-radius: 8px; }
#picture figcaption { padding-top: 4px; font-size: .9rem; overflow-wrap: anywhere; }
#why h2 { font-size: 1.25rem; margin: 0 0 6px; overflow-wrap: anywhere; }
#why p, #origin p { margin: 0 0 4px; overflow-wrap: anywhere; }
#origin { font-size: .85rem; }
#origin a { margin: 0; padding: 0; }
#note p { min-height: 1.6em; margin: 0; }
#picture .finished { padding: 12vh 12px; text-align: center; }
#picture .finished p { margin: 8px 0; overflow-wrap: anywhere; }
#desk button { min-height: 52px; white-space: normal; overflow-wrap: anywhere; }
#target { padding: 4px; }
#target .secondary-wrap { min-height: 36px; }
@media (min-width: 700px) and (pointer: fine) {
    #desk button::after { margin-left: 8px; padding: 0 6px; border: 1px solid; border-radius: 4px; font-size: .75rem;
        opacity: .7; }
    #keep::after { content: "k"; }
    #drop::after { content: "d"; }
    #relabel::after { content: "r"; }
    #undo::after { content: "u"; }
    #next::after { content: "→"; }
    #previous::after { content: "←"; }
}
@media (max-width: 699px) {
    .gradio-container { padding: 8px !important; }
    #picture img { height: 34vh; min-height: 160px; }
    #why h2 { font-size: 1.1rem; }
    #desk button { padding: 4px; font-size: 1rem; }
    #filters { order: 9; }
}
"""

# A press that comes before the answer to the last one is about a photo that nobody has seen yet: it is left out.
BUSY = 5000  # milliseconds after which a press is taken although no answer came
JS = """() => {
    const keys = {k: "keep", d: "drop", r: "relabel", u: "undo", ArrowLeft: "previous", ArrowRight: "next"};
    let since = -Infinity;
    window.reviewAnswered = () => { since = -Infinity; };
    document.addEventListener("click", (event) => {
        if (!event.target.closest(Object.values(keys).map((id) => "#" + id).join(", "))) return;
        if (performance.now() - since < BUSY) event.stopImmediatePropagation();
        else since = performance.now();
    }, true);
    document.addEventListener("keydown", (event) => {
        const {target} = event;
        if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
        if (target.isContentEditable || target.closest("input, textarea, select")) return;
        const button = document.getElementById(keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]);
        if (!button || button.disabled) return;
        event.preventDefault();
        button.click();
    });
}""".replace("BUSY", str(BUSY))


def head(title: str, queue: Queue, entry: Entry | None) -> str:
    """Return the title and how far it is."""
    total = queue.left + queue.done
    place = queue.place(entry.photo.sha256) if entry else None
    here = f"Photo {place + 1} of {len(queue.photos)}" if place is not None else ""
    if entry and place is None:
        here = "Not in this list"
    return (
        f'<div class="line"><h1>{escape(title)}</h1><span>{here}</span>'
        f'<span id="left"><strong>{queue.left} left</strong>, {queue.done} of {total} decided by people</span></div>'
        f'<progress max="{total or 1}" value="{queue.done}" aria-label="Decided by people"></progress>'
    )


def picture(entry: Entry) -> str:
    """Return the photo, and beside it the one that it is a copy of."""
    figures = [_figure(entry.photo, "This photo" if entry.twin else "")]
    if entry.twin:
        figures.append(_figure(entry.twin, f"It is a copy of: {_standing(entry.twin)}"))
    return f'<div class="pair">{"".join(figures)}</div>'


def why(entry: Entry) -> str:
    """Return why the photo is here, its label, the suggested one, and what is decided."""
    reasons = [_reason(issue, entry) for issue in entry.issues] or ["No check finds it suspicious now"]
    also = "".join(f"<p>Also: {escape(reason)}.</p>" for reason in reasons[1:])
    suggestion = f"<p>Suggested: <strong>{escape(entry.suggestion)}</strong></p>" if entry.suggestion else ""
    return (
        f"<h2>{escape(reasons[0])}</h2>{also}"
        f"<p>Label: <strong>{escape(entry.photo.label)}</strong>{_found(entry.photo)}</p>"
        f'{suggestion}<p id="decided">{escape(_decided(entry))}</p>'
    )


def origin(photo: Photo) -> str:
    """Return where the photo comes from."""
    address = photo.page or photo.image
    link = escape(address)
    if address.lower().startswith(LINKS):
        link = f'<a href="{link}" target="_blank" rel="noopener noreferrer">{link}</a>'
    rights = [words for words in (photo.author, photo.licence) if words]
    facts = [f"{photo.width} × {photo.height} pixels", *rights]
    return f"<p>From {link or 'an unknown page'}</p><p>{escape(', '.join(facts))}</p>"


def note(words: str) -> str:
    """Return what became of the last choice."""
    return f'<p role="status">{escape(words)}</p>'


def finished(recipe: str, waiting: int, checked: bool) -> str:
    """Return what stands in the place of a photo when the list is empty.

    Args:
        recipe: its name.
        waiting: photos of all checks and classes that wait for a person.
        checked: whether any check has run.
    """
    if not checked:
        title, command = "No check has looked at the photos yet.", "clean"
    elif waiting:
        words = f"{waiting} wait elsewhere: choose another check, class or state."
        return f'<div class="finished"><h2>Nothing in this list</h2><p>{words}</p></div>'
    else:
        title, command = "Everything is decided. Thank you!", "train"
    next_step = f"<p>Next: <code>recognizer {command} {escape(recipe)}</code></p>"
    return f'<div class="finished"><h2>{title}</h2>{next_step}</div>'


def _figure(photo: Photo, caption: str) -> str:
    address = "gradio_api/file=" + quote(photo.path.resolve().as_posix())
    alt = f"Photo found in a search for {photo.found_as}"
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="{escape(address)}" alt="{escape(alt)}">{words}</figure>'


def _standing(photo: Photo) -> str:
    dropped = " (dropped)" if photo.action == "drop" else ""
    return f"{photo.label}{dropped}, {photo.width} × {photo.height}"


def _found(photo: Photo) -> str:
    return "" if photo.label == photo.found_as else f" (found as {escape(photo.found_as)})"


def _reason(issue: Issue, entry: Entry) -> str:
    words = CHECKS.get(issue.check, issue.check)
    if issue.twin and not entry.twin:
        words += " that is no longer here"
    return f"{words[0].upper()}{words[1:]} (score {issue.score:.2f})"


def _decided(entry: Entry) -> str:
    decision = entry.decision
    if decision is None:
        return "Not decided yet"
    done = {"keep": "kept", "drop": "dropped", "relabel": f"relabelled to {decision.label}"}[decision.action]
    by = f"the rules: {decision.reason}" if decision.by == AUTO else decision.by
    return f"Decided: {done} by {by}"


def file_folders(work: Path) -> list[str]:
    """Return the folders that the page may show files from."""
    return [str((work / "photos").resolve())]
