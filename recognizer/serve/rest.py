"""Plain HTTP beside Gradio: a photo to JSON, for programs.

POST /predict        a photo as multipart field `image`, `file` or `fileup`, or as the body itself; answers.py
POST /predict?form=  face2data or text: as earlier systems answered (forms.py)
POST /run/predict    {"data": ["data:image/jpeg;base64,..."]} as Gradio 3 took and answered it (/api/predict, too)
GET  /examples/1.jpg an example picture, as `/about` names them
GET  /healthz        whether it answers
GET  /docs           how to ask, for people; /openapi.json for programs

What is wrong is {"detail": one sentence}: 400 no photo in the request, 413 too large, 415 no picture, 503 too many at
once. Only the caller's own bytes are read, never a path or an address.
"""

import asyncio
import html
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from recognizer.errors import PictureError
from recognizer.names import LABEL
from recognizer.serve.answers import answer_json, model_facts
from recognizer.serve.classifier import Classifier, Prediction
from recognizer.serve.facts import example_files
from recognizer.serve.forms import OldForm, check_form, in_form
from recognizer.serve.inline import NotInline, decode_inline
from recognizer.serve.queue import Full, Gone, Queue
from recognizer.serve.refusals import speak_plainly

FIELDS = ("image", "file", "fileup")
PAGE = Path(__file__).parent / "page" / "docs.html"
HOW = "Send the photo as multipart field `image`, or as the body itself with a type like image/jpeg."
HOW_OLD = 'Send {"data": ["data:image/jpeg;base64,..."]}, with the photo in base64.'
NO_EVIDENCE = "This model does not tell what its answers rest on; whoever made it can export it again."
NO_STORE = {"Cache-Control": "no-store"}
_PHOTO = {"type": "string", "format": "binary"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"image": _PHOTO}, "required": ["image"]}
            },
            "image/*": {"schema": _PHOTO},
        },
    }
}
_OLD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"data": {"type": "array", "items": {"type": "string", "format": "data-url"}}},
                    "required": ["data"],
                }
            }
        },
    }
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "No photo is in the request."},
    413: {"description": "The photo is too large."},
    415: {"description": "It is no picture, or a broken one."},
    503: {"description": "Too many photos are here at this moment; Retry-After tells when to ask again."},
}


def make_rest(classifier: Classifier, queue: Queue) -> FastAPI:
    """Return an app with the plain routes; Gradio is mounted on it afterwards.

    Args:
        classifier: the opened model folder.
        queue: where photos wait for a free processor.
    """
    words = {name: classifier.facts[name] for name in ("title", "description")}
    app = FastAPI(docs_url=None, redoc_url=None, **words)
    speak_plainly(app)
    _add_predict(app, queue, model_facts(classifier))
    _add_predict_as_gradio_3(app, queue)
    _add_examples(app, example_files(classifier.folder, classifier.facts))
    _add_docs(app, classifier.runtime)
    return app


def _add_predict(app: FastAPI, queue: Queue, facts: dict[str, Any]) -> None:
    @app.post("/predict", openapi_extra=BODY, responses=REFUSALS, response_class=JSONResponse)
    @app.post("/predict/", include_in_schema=False)
    async def predict(request: Request, evidence: bool = False, form: OldForm = "") -> Response:
        """Compare a photo with the photos of every class; `evidence` adds what each place of it speaks for."""
        check_form(form, evidence)
        explanation = await ask(queue, request, await photo_of(request))
        if evidence and not explanation.evidence:
            raise HTTPException(400, NO_EVIDENCE)
        if form:
            return in_form(form, {LABEL: {"kind": "classes", **answer_json(explanation.prediction, facts)}})
        answer = answer_json(explanation.prediction, facts)
        return JSONResponse(answer | (evidence_json(explanation.evidence) if evidence else {}), headers=NO_STORE)


def _add_predict_as_gradio_3(app: FastAPI, queue: Queue) -> None:
    @app.post("/run/predict", openapi_extra=_OLD_BODY, responses=REFUSALS)
    @app.post("/api/predict", openapi_extra=_OLD_BODY, responses=REFUSALS)
    @app.post("/run/predict/", include_in_schema=False)
    @app.post("/api/predict/", include_in_schema=False)
    async def predict_as_gradio_3(request: Request) -> JSONResponse:
        """Compare a photo, asked and answered as Gradio 3 did."""
        begun = time.monotonic()
        prediction = (await ask(queue, request, await _inline_photo(request))).prediction
        seconds = time.monotonic() - begun
        told = {"is_generating": False, "duration": seconds, "average_duration": seconds}
        return JSONResponse({"data": [label_form(prediction)], **told}, headers=NO_STORE)


def _add_examples(app: FastAPI, files: list[Path]) -> None:
    shown = {file.name: file for file in files}

    @app.get("/examples/{name}", include_in_schema=False)
    async def example(name: str) -> FileResponse:
        if name not in shown or not shown[name].is_file():  # it may have been forgotten
            raise HTTPException(404, "There is no such example here.")
        return FileResponse(shown[name])


def _add_docs(app: FastAPI, runtime: str) -> None:
    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that photos are answered."""
        return {"status": "ok", "runtime": runtime}

    @app.head("/docs", include_in_schema=False)
    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        address = html.escape(str(request.base_url).rstrip("/"))
        return HTMLResponse(PAGE.read_text(encoding="utf-8").replace("ADDRESS", address))


def evidence_json(evidence: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, Any]:
    """Return `evidence`, in rows; the places lie as in the photo, however it is shaped.

    Args:
        evidence: name of a class to what each place of the photo adds to its logit (all of a class add up to it), or
            name of an output to what speaks for its answer at each place.
    """
    return {"evidence": {name: grid.tolist() for name, grid in evidence.items()}}


def label_form(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as Gradio's Label has it: `label`, and `confidences`, likeliest first."""
    likely = [{"label": name, "confidence": p} for name, p in prediction.probabilities.items()]
    return {"label": prediction.label, "confidences": likely}


async def ask(queue: Queue, request: Request, photo: bytes) -> Any:
    """Return what a classifier says of a photo, once a processor is free.

    Args:
        queue: where photos wait.
        request: that the photo came with.
        photo: its bytes.

    Raises:
        HTTPException: it is no picture, too many wait, or the caller has gone.
    """
    try:
        return await queue.explain(photo, request.is_disconnected)
    except PictureError as error:
        raise HTTPException(413 if error.reason == "too_large" else 415, str(error)) from error
    except Full as error:
        raise HTTPException(503, str(error), {"Retry-After": str(error.seconds)}) from error
    except Gone as error:
        raise HTTPException(499, "Nobody waits for this answer.") from error


async def photo_of(request: Request) -> bytes:
    """Return the photo that a request carries.

    Args:
        request: a form, or the photo itself.

    Raises:
        HTTPException: 400, there is none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("image/") or kind == "application/octet-stream":
        photo = await request.body()
    elif kind == "multipart/form-data":
        photo = await _field(request)
    else:
        raise HTTPException(400, HOW)
    if not photo:
        raise HTTPException(400, f"There is no photo in this request. {HOW}")
    return photo


async def _field(request: Request) -> bytes:
    try:
        async with request.form(max_files=4, max_fields=20) as form:
            for name in FIELDS:
                if isinstance(part := form.get(name), UploadFile):
                    return await part.read()
    except FormParserError as error:
        raise HTTPException(400, f"This is no multipart form. {HOW}") from error
    return b""


async def _inline_photo(request: Request) -> bytes:
    """Return the photo that a question of Gradio 3's kind holds."""
    try:
        found = await request.json()
        written = found["data"][0]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise HTTPException(400, HOW_OLD) from error
    if not isinstance(written, str) or not written.startswith("data:"):
        raise HTTPException(400, HOW_OLD)
    try:
        return await asyncio.to_thread(decode_inline, written)
    except NotInline as error:
        raise HTTPException(error.status, str(error)) from error
