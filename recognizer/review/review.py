"""The page where a person looks at photos, those that most need it first, and decides: keep, drop, relabel, undo.

    serve_review(make_review(recipe, store, "ada", host), listening, host, print)

Each choice is in the photo store before the page gets its answer. The page keeps nothing that counts, so it can be
closed, reloaded, or opened by several people at any time; the last choice about a photo wins, and all are recorded.
The page itself is in page/: plain HTML, CSS and ES modules.
"""

import getpass
import io
import mimetypes
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from recognizer.errors import RecognizerError
from recognizer.recipe import Recipe
from recognizer.review.answers import HELD_OUT, Json, describe_decision, describe_photo, describe_queue
from recognizer.review.blind import BlindReview
from recognizer.review.guard import Guard
from recognizer.review.neighbours import Neighbours
from recognizer.review.next_command import is_to_train
from recognizer.review.queue import ANY, STATES, Filter, State, person_name, read_entries
from recognizer.review.requests import ByPerson, Choice, Choices, check_label, read_body, sender
from recognizer.review.standing import StandingRecipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import AUTO, Decision, Photo

PAGE = Path(__file__).with_name("page")
# Whatever the system's registry calls the files of the page: a browser runs a script only if it is called one.
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
THUMB = 320  # pixels, the longest side
PRIVATE = {"Cache-Control": "private, max-age=3600"}  # a file never changes: its name is its fingerprint
GRACE = 2  # seconds that a stop waits for requests under way


def make_review(recipe: Recipe, store: PhotoStore, name: str, host: str) -> Starlette:
    """Return the review page, a Starlette app.

    Args:
        recipe: the recipe, for its classes and names.
        store: the photo store; it must stay open as long as the page runs.
        name: who decides, unless the page says otherwise.
        host: the address that the page will listen at.
    """
    standing = StandingRecipe(recipe, store.work)
    review, blind = _Review(recipe, store, name, standing), BlindReview(recipe, store, standing)
    for ending, kind in KINDS.items():
        mimetypes.add_type(kind, ending)
    routes = [
        Route("/", _page),
        Route("/api/queue", review.queue),
        Route("/api/photos/{sha256}", review.detail),
        Route("/api/decisions", review.decide, methods=["POST"]),
        Route("/api/undo", review.undo, methods=["POST"]),
        Route("/api/blind", blind.ask),
        Route("/api/blind", blind.answer, methods=["POST"]),
        Route("/api/blind/undo", blind.undo, methods=["POST"]),
        Route("/photo/{sha256}.jpg", review.photo),
        Route("/thumb/{sha256}.jpg", review.thumb),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    errors = {HTTPException: _refuse, RecognizerError: _refuse, OSError: _refuse}
    return Starlette(routes=routes, middleware=[Middleware(Guard, host=host)], exception_handlers=errors)


def reviewer_name(name: str | None) -> str:
    """Return the name to decide by: the named one, or the login name.

    Args:
        name: as --name has it; None for the login name.

    Raises:
        RecognizerError: it is no name for a person, or the system has no login name.
    """
    try:
        found = person_name(getpass.getuser() if name is None else name)
    except (ImportError, KeyError, OSError) as error:
        raise RecognizerError("This system knows no login name; say with --name who decides.") from error
    if not found:
        raise RecognizerError(
            f"“{name}” is no name to decide by: “{AUTO}” is what the rules are called; choose another --name."
        )
    return found


def serve_review(page: Starlette, listening: socket.socket, host: str, ready: Callable[[str], None]) -> None:
    """Serve the page until the program is stopped.

    Args:
        page: the page.
        listening: at the address.
        host: the address, as the user calls it.
        ready: called with the page's web address as soon as it can be opened.
    """
    named = f"[{host}]" if ":" in host else host
    ready(f"http://{named}:{listening.getsockname()[1]}")
    config = uvicorn.Config(page, log_level="warning", timeout_graceful_shutdown=GRACE, ws="none", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


class _Review:
    """Answers the page's questions."""

    def __init__(self, recipe: Recipe, store: PhotoStore, name: str, standing: StandingRecipe) -> None:
        self._recipe = recipe
        self._store = store
        self._standing = standing
        self._name = name
        self._neighbours = Neighbours(store.work, recipe.train)

    def queue(self, request: Request) -> Response:
        """List the photos that a filter leaves, those that most need a person first, and count what there is.

        Nothing is listed for a person who is asked about the blind sample first, and is to know no label.
        """
        asked = request.query_params
        state: State = next((state for state in STATES if state == asked.get("state")), "waiting")
        wanted = Filter(asked.get("check", ANY), asked.get("label", ANY), state, asked.get("part") == HELD_OUT)
        entries = read_entries(self._store, self._recipe.train.held_out)
        answer = describe_queue(entries, wanted, self._recipe, self._is_checked(), is_to_train(self._store))
        if "blind" in asked:
            answer["photos"] = []
        return JSONResponse({**answer, "name": self._name})

    def _is_checked(self) -> bool:
        """Tell whether `clean` has looked at the photos; among those of a data set it may have found nothing."""
        return self._store.issues.exist() or (self._store.work / "reports" / "clean.json").is_file()

    def detail(self, request: Request) -> Response:
        """Tell about one photo what the list does not: origin, twins and neighbours."""
        photo = self._photo(request)
        return JSONResponse(describe_photo(self._store, photo, self._neighbours.of(photo.sha256)))

    async def decide(self, request: Request) -> Response:
        """Save a choice about one photo or many; it is saved when the answer is sent."""
        sent = await read_body(request, Choices)
        return await run_in_threadpool(self._decide, sent)

    def _decide(self, sent: Choices) -> Response:
        by = sender(sent)
        decisions = [self._decision(choice, by) for choice in sent.choices]
        before = self._counting(decision.photo for decision in decisions)
        self._store.decisions.add(*decisions)
        return JSONResponse({"decisions": {one.photo: describe_decision(one) for one in decisions}, "before": before})

    def _decision(self, choice: Choice, by: str) -> Decision:
        label = choice.label if choice.action == "relabel" else None
        if choice.action == "relabel":
            self._standing.check_label(check_label(label, self._recipe.labels))
        return Decision(choice.photo, choice.action, "looked at", label, by)

    async def undo(self, request: Request) -> Response:
        """Take a person's last choice back, and tell what counts for its photos now."""
        back = await read_body(request, ByPerson)
        return await run_in_threadpool(self._undo, back)

    def _undo(self, back: ByPerson) -> Response:
        photos = self._store.decisions.undo(sender(back))
        return JSONResponse({"decisions": self._counting(photos)})

    def _counting(self, photos: Iterable[str]) -> Json:
        """Tell what counts for photos now."""
        counting = {decision.photo: decision for decision in self._store.decisions.current()}
        return {photo: describe_decision(counting.get(photo)) for photo in photos}

    def photo(self, request: Request) -> Response:
        """Send a photo's file."""
        return FileResponse(self._photo(request).path, media_type="image/jpeg", headers=PRIVATE)

    def thumb(self, request: Request) -> Response:
        """Send a small copy of a photo."""
        photo, buffer = self._photo(request), io.BytesIO()
        try:
            with Image.open(photo.path) as image:
                image.thumbnail((THUMB, THUMB))
                image.convert("RGB").save(buffer, "JPEG", quality=80)
        except OSError as error:  # of Pillow, too
            again = self._recipe.command("collect")
            raise HTTPException(404, f"{photo.path} is damaged; {again} fetches it again.") from error
        return Response(buffer.getvalue(), media_type="image/jpeg", headers=PRIVATE)

    def _photo(self, request: Request) -> Photo:
        sha256 = request.path_params["sha256"]
        photo = self._store.photos.get(sha256)
        if photo is None or not photo.path.is_file():
            raise HTTPException(404, f"Photo {sha256[:16]} is not stored any more; reload the page.")
        return photo


def _page(_: Request) -> Response:
    return FileResponse(PAGE / "index.html")


async def _refuse(_: Request, error: Exception) -> Response:
    """Answer with the sentence of an error that is raised on purpose, or with what the system would not do."""
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, status_code=error.status_code)
    return JSONResponse({"error": str(error)}, status_code=500 if isinstance(error, OSError) else 409)
