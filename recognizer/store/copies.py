"""What the stages have copied of photos goes when they are forgotten: features, runs, sheets, examples, credits.

Also from the folders that publish wrote, as far as they are still there (spaces.py).
"""

import io
import logging
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.errors import Damaged
from recognizer.files import write_whole, writing
from recognizer.images.decode import sha256
from recognizer.report import read_json, write_json
from recognizer.store.credits import FILE, without_rows
from recognizer.store.pushed import FILE_DIGITS, noted_pushes, similar_in
from recognizer.store.spaces import MODEL, PUBLISHED, is_space, note_changed, noted_spaces

# Files of numbers, each with a row a photo and `photos`, the sha256 of each row (networks/cache.py).
FEATURES = "features/*/*.npz"
METRICS, OUT_OF_USE = "metrics.json", "metrics.forgotten.json"  # of a run
FORMER = ("features/*.npz", "features/*/*.npy")  # of earlier versions; nothing reads them any more
FACTS = "model.json"  # of a model folder
SIMILAR = "similar.npz"  # of a model folder: which of its photos are shown beside an answer
SHEETS = ("reports/*.jpg", "reports/mistakes.png", "reports/*.html")  # pictures that show photos
# What a run learned from photos or says of them, beside its figures; the list of its photos goes last, so that a stop
# before that is made good by doing the same again.
DECISIONS = "decisions.json"  # of rounds before, about labels
LEARNED = ("weights.pth", "judged.npz", DECISIONS, "photos.json")


def remove_copies(work: Path, gone: set[str]) -> dict[str, int]:
    """Remove what the stages have copied of photos into the work folder.

    Args:
        work: the work folder.
        gone: the sha256 of the photos.

    Returns:
        How many there were of each kind.

    Raises:
        Unwritable: a file may not be removed.
    """
    with writing(work):
        for file in _found(work, FORMER):
            file.unlink()
        emptied = _put_runs_out_of_use(work, gone)
        rows = {file: _remove_rows(file, gone) for file in work.glob(FEATURES)}
        maps = sum(number for file, number in rows.items() if "-maps-" in file.parent.name)
        for credits in _found(work, (FILE, f"{MODEL}*/{FILE}")):
            _remove_credits(credits, gone)
        examples = sum(_remove_examples(model, gone) for model in work.glob(f"{MODEL}*"))
    features = sum(rows.values()) - maps
    return {"trained_runs_emptied": emptied, "examples": examples, "features": features, "maps": maps}


def remove_sheets(work: Path) -> int:
    """Remove the pictures and pages that show photos; their stages draw them again. Return how many there were."""
    with writing(work):
        return sum(_remove(sheet) for sheet in _found(work, SHEETS))


def clean_spaces(work: Path, gone: set[str]) -> dict[str, list[str]]:
    """Remove examples and credits of photos from the folders that publish wrote.

    Args:
        work: the work folder.
        gone: the sha256 of the photos.

    Returns:
        `changed`, those that something was forgotten from since they were written; `away`, those that are not where
        publish wrote them, or no Spaces any more.

    Raises:
        Unwritable: one of them may not be written.
    """
    spaces = noted_spaces(work)
    there = [space for space in spaces if is_space(space)]
    changed = note_changed(work, [space for space in there if _holds_some(space / MODEL, gone)])
    for space in there:
        with writing(space):
            _remove_examples(space / MODEL, gone)
            _remove_credits(space / MODEL / FILE, gone)
    return {"changed": changed, "away": [str(space) for space in spaces if space not in there]}


def models_made(work: Path) -> dict[str, Any]:
    """Return where models are that were made of what was learned in a work folder.

    Args:
        work: the work folder.

    Returns:
        `model`, the model folder, "" where there is none; `published`, the folders and repositories that a model was
        published into, as far as they are known and there.
    """
    # Folders of what was pushed are told as repositories.
    folders = [space for space in noted_spaces(work) if space.parent.name != PUBLISHED]
    published = [str(space) for space in folders if is_space(space) and (space / MODEL / FACTS).is_file()]
    pushed = [entry["repository"] for entry in noted_pushes(work) if _may_hold_model(work, entry)]
    model = work / MODEL
    return {"model": str(model) if (model / FACTS).is_file() else "", "published": [*published, *pushed]}


def _may_hold_model(work: Path, entry: Mapping[str, Any]) -> bool:
    """Tell whether a repository has a model: a site that asks another page has none."""
    folder = work / PUBLISHED / entry["repository"].replace("/", "--")
    is_without = folder.is_dir() and not (folder / MODEL / FACTS).is_file()
    return entry["kind"] == "model" or (entry["kind"] == "space" and not is_without)


def _holds_some(model: Path, gone: set[str]) -> bool:
    credits = _read_credits(model / FILE)
    return bool(_example_names(model, gone)) or without_rows(credits, gone) != credits


def _read_credits(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _found(work: Path, patterns: Sequence[str]) -> list[Path]:
    return [file for pattern in patterns for file in work.glob(pattern)]


def _remove_examples(model: Path, gone: set[str]) -> int:
    """Remove a model folder's example pictures that are such photos, and their mention."""
    names = _example_names(model, gone)
    facts_file = model / FACTS
    facts = _read_json(facts_file, {"examples": [dict]}) if names else None
    if facts:
        for shown in {"examples", "similar"} & facts.keys():
            facts[shown] = [photo for photo in facts[shown] if photo["file"] not in names]
        write_json(facts_file, facts)
    if (model / SIMILAR).is_file():
        _remove_rows(model / SIMILAR, gone)
    return sum(_remove(model / name) for name in names if (model / name).is_file())


def _example_names(model: Path, gone: set[str]) -> set[str]:
    """Return the pictures in a model folder that are such photos, or small copies of them, by their names there.

    Small copies that its model.json names are among them, even where the picture itself is not there.
    """
    examples = {f"examples/{file.name}" for file in model.glob("examples/*") if sha256(file.read_bytes()) in gone}
    small = {f"similar/{digest[:FILE_DIGITS]}.jpg" for digest in gone}
    named = similar_in((model / FACTS).read_bytes()) if (model / FACTS).is_file() else set()
    listed = small & {f"similar/{digits}.jpg" for digits in named}
    return examples | listed | {name for name in small if (model / name).is_file()}


def _remove_credits(file: Path, gone: set[str]) -> None:
    before = _read_credits(file)
    after = without_rows(before, gone)
    if after != before:
        write_whole(file, after.encode())


def _put_runs_out_of_use(work: Path, gone: set[str]) -> int:
    """Leave of runs that learned from such photos only their figures, and so of the later rounds of one training.

    Returns:
        How many of them were whole until now; half ones, which a stop left, are no trained runs.
    """
    emptied = 0
    before = 0  # the round of the last run that was put out of use, where this one may follow it
    for run in run_folders(work):
        number = _round(run)
        if _has_learned(run, gone) or (before and number == before + 1):
            emptied += (run / METRICS).is_file()
            _put_out_of_use(run)
            before = number
        else:
            before = 0
    return emptied


def run_folders(work: Path) -> list[Path]:
    """List the folders of a work folder that are called like runs, by their numbers."""
    folders = [folder for folder in work.glob("runs/*") if folder.name.isascii() and folder.name.isdigit()]
    return sorted(folders, key=lambda folder: int(folder.name))


def is_last_run_emptied(work: Path) -> bool:
    """Tell whether the last finished run of a work folder had learned from a photo that was forgotten since."""
    finished = [run for run in run_folders(work) if any((run / name).is_file() for name in (METRICS, OUT_OF_USE))]
    return bool(finished) and (finished[-1] / OUT_OF_USE).is_file()


def _put_out_of_use(run: Path) -> None:
    if (run / METRICS).is_file():
        (run / METRICS).replace(run / OUT_OF_USE)
    for name in LEARNED:
        (run / name).unlink(missing_ok=True)


def _round(run: Path) -> int:
    """Return the number of a run's round in its training; 0 where it says none, as one that a stop left half done."""
    found = [_read_json(run / name, {"round": int}) for name in (METRICS, OUT_OF_USE)]
    return next((int(metrics["round"]) for metrics in found if metrics), 0)


def _has_learned(run: Path, gone: set[str]) -> bool:
    """Tell whether a run learned from some of the photos, or was told of them by a round that did; as it may have where
    what it says of them is damaged."""
    told = _read_json(run / DECISIONS, [{"photo": str}]) if (run / DECISIONS).is_file() else []
    if told is None or any(decision["photo"] in gone for decision in told):
        return True
    if (run / "photos.json").is_file():
        photos = _read_json(run / "photos.json", [str])
        return photos is None or bool(gone & set(photos))
    judged = run / "judged.npz"  # of an earlier version, or of a run that was stopped
    arrays = _read_arrays(judged) if judged.is_file() else {"photos": np.array([])}
    return arrays is None or bool(gone & set(arrays["photos"].tolist()))


def _read_json(file: Path, shape: Any) -> Any:
    """Return what a JSON file holds; None where it is not there, or damaged."""
    try:
        return read_json(file, shape, "it is not used any more") if file.is_file() else None
    except Damaged as error:
        logging.getLogger(__name__).warning(str(error))
        return None


def _read_arrays(file: Path) -> dict[str, Any] | None:
    """Return the arrays with a row a photo in a file; None where it is damaged."""
    try:
        with np.load(file) as stored:
            return {"photos": stored["photos"], **stored}
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        logging.getLogger(__name__).warning("%s is damaged; it is not used any more.", file)
        return None


def _remove_rows(file: Path, gone: set[str]) -> int:
    """Remove the photos' rows from a file of arrays; all of it where it is damaged, since it is made anew."""
    arrays = _read_arrays(file)
    if arrays is None:
        file.unlink()
        return 0
    stays = ~np.isin(arrays["photos"], list(gone))
    if stays.all():
        return 0
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array[stays] for name, array in arrays.items()})
    write_whole(file, buffer.getvalue())
    return int((~stays).sum())


def _remove(file: Path) -> bool:
    file.unlink()
    return True
