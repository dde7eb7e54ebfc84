"""Which command comes after the review: training, or evaluating at once.

is_to_train(store)      # from reports and the run folders alone, so that torch is not imported
"""

from datetime import datetime

from recognizer.store.copies import is_last_run_emptied
from recognizer.store.photo_store import PhotoStore


def is_to_train(store: PhotoStore) -> bool:
    """Tell whether training comes next: it has never run, or what it learns from may have changed since.

    It may have by collecting, by cleaning (and what the rules decided then), and by a person's decision. Where `forget`
    has emptied the last run, there is no network to evaluate.

    Args:
        store: the photo store.
    """
    reports = store.work / "reports"
    times = {file.stem: file.stat().st_mtime for file in reports.glob("*.json")}
    if "train" not in times or is_last_run_emptied(store.work):
        return True
    changed = max(times.get("collect", 0.0), times.get("clean", 0.0))
    # Times of decisions are whole seconds; one made while the report was written has not been learned.
    return changed > times["train"] or _last_decision(store) >= int(times["train"])


def _last_decision(store: PhotoStore) -> float:
    """Return when a person last decided something that still stands, in seconds since 1970; 0 where nobody has."""
    at = store.decisions.last_of_people()
    return datetime.fromisoformat(at).timestamp() if at else 0.0
