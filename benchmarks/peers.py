"""How well other tools do on the same photos and features as cleaning."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr

from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from benchmarks.cleaning import Figures, Known, Pairs, as_pairs, count_pairs, linear_classifier, rank
from recognizer.recipe import Recipe
from recognizer.store.rows import Photo


def judge_peers(recipe: Recipe, known: Known) -> Figures:
    """Return how well cleanlab ranks and chooses bad photos, and imagededup and cleanvision find copies."""
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=recipe.train.seed)
    model, numbers = linear_classifier(known.all_features), known.numbers
    unseen = cross_val_predict(
        model, known.all_features, numbers, groups=known.groups, cv=folds, method="predict_proba"
    )  # fmt: skip
    chosen = find_label_issues(numbers, unseen, n_jobs=1)
    return {
        **rank(1 - get_label_quality_scores(numbers, unseen), known.bad, "cleanlab "),
        "cleanlab filter": chosen.sum(),
        "cleanlab rightly": known.bad[chosen].mean(),
        **count_pairs("imagededup", _imagededup(known.photos), known),
        **count_pairs("cleanvision", _cleanvision(known.photos), known),
    }


def _imagededup(photos: Sequence[Photo]) -> Pairs:
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    codes = {photo.sha256: hasher.encode_image(str(photo.path)) for photo in photos}
    found = hasher.find_duplicates(encoding_map=codes, max_distance_threshold=10)
    return as_pairs((one, other) for one, others in found.items() for other in others)


def _cleanvision(photos: Sequence[Photo]) -> Pairs:
    from cleanvision import Imagelab

    names = {str(photo.path): photo.sha256 for photo in photos}
    lab = Imagelab(filepaths=list(names))
    with redirect_stderr(io.StringIO()):  # its progress bars
        lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=1, verbose=False)
    sets = [found for kind in ("exact_duplicates", "near_duplicates") for found in lab.info[kind]["sets"]]
    return as_pairs((names[one], names[other]) for found in sets for one in found for other in found)
