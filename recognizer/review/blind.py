"""The blind sample in review: a person is asked what held-out photos show, before anything else, and sees no label.

What is answered becomes no decision, so that nothing but the sample's own figures rests on it. Once the sample is
whole, the page can offer as decisions what it says of labels.
"""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from recognizer.recipe import Recipe
from recognizer.review.requests import ByPerson, Sight, check_label, read_body, sender
from recognizer.review.standing import StandingRecipe
from recognizer.splits.blind import blind_sample
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import BlindAnswer, Photo

Json = dict[str, Any]
AHEAD = 4  # photos that are told of before they are asked for, the next one among them


class BlindReview:
    """Answers the page's questions about the blind sample.

    Args:
        recipe: the recipe.
        store: the photo store.
        standing: whether the recipe's classes still stand.
    """

    def __init__(self, recipe: Recipe, store: PhotoStore, standing: StandingRecipe) -> None:
        self._recipe = recipe
        self._store = store
        self._standing = standing

    def ask(self, _: Request) -> Response:
        """Tell which photos are to be looked at next, and how far the sample is."""
        return JSONResponse(self._describe())

    async def answer(self, request: Request) -> Response:
        """Save what a person sees in a photo; it is saved when the answer is sent."""
        sight = await read_body(request, Sight)
        return await run_in_threadpool(self._save, sight)

    def _save(self, sight: Sight) -> Response:
        by, label = sender(sight), sight.label if sight.seen == "class" else None
        if sight.seen == "class":
            check_label(label, self._recipe.labels)
        self._standing.check_classes()
        if sight.photo not in {photo.sha256 for photo in self._sample()}:
            raise HTTPException(409, "This photo is not in the blind sample any more; reload the page.")
        self._store.blind_answers.add(BlindAnswer(sight.photo, sight.seen, label, by))
        return JSONResponse(self._describe())

    async def undo(self, request: Request) -> Response:
        """Take a person's last answer back; its photo is the next one then."""
        back = await read_body(request, ByPerson)
        return await run_in_threadpool(self._undo, back)

    def _undo(self, back: ByPerson) -> Response:
        photo = self._store.blind_answers.undo(sender(back))
        return JSONResponse({**self._describe(first=photo), "undone": photo})

    def _sample(self) -> list[Photo]:
        """Return the sample; none before copies and broken pictures are found, which would be asked for in vain, and
        none where there are no classes to choose from."""
        if self._recipe.has_outputs or not self._store.issues.exist():
            return []
        return blind_sample(self._recipe, self._store)

    def _describe(self, first: str | None = None) -> Json:
        sample, answers = self._sample(), self._store.blind_answers.all()
        left = [photo for photo in sample if photo.sha256 not in answers]
        left.sort(key=lambda photo: photo.sha256 != first)
        return {
            "drawn": len(sample),
            "answered": len(sample) - len(left),
            "photos": [photo.sha256 for photo in left[:AHEAD]],
            "corrections": [] if left else corrections(sample, answers),
        }


def corrections(sample: list[Photo], answers: dict[str, BlindAnswer]) -> list[Json]:
    """Return the decisions that would give photos the label that a person saw, for those that have another one now.

    Args:
        sample: the blind sample.
        answers: what people saw, by the sha256 of the photos.
    """
    found = [(photo, answers[photo.sha256]) for photo in sample if photo.action != "drop"]
    return [
        {"photo": photo.sha256, "action": "relabel" if one.label else "drop", "label": one.label}
        for photo, one in found
        if one.seen == "none" or one.label not in (None, photo.label)
    ]
