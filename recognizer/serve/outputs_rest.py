"""Plain HTTP for a model with several outputs.

POST /predict    a photo as multipart field `image`, `file` or `fileup`, or as the body itself, to what every output
                 says (`?evidence=true` adds what each place speaks for; `?form=` gives it as earlier systems did,
                 forms.py)
GET  /how        how it works, and how well
GET  /data       the data set: how often each class is in it, crossed with the others
GET  /docs       how to ask, for people; /openapi.json for programs
GET  /healthz    whether it answers

The pages are made of model.json: the recipe and its report (outputs_pages.py); `?lang=` names their language, else the
browser does. How to ask is told in English.
"""

from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from recognizer.serve.answers import answer_json, model_facts
from recognizer.serve.forms import OldForm, check_form, in_form
from recognizer.serve.outputs import OutputsClassifier
from recognizer.serve.outputs_pages import render
from recognizer.serve.queue import Queue
from recognizer.serve.refusals import speak_plainly
from recognizer.serve.rest import BODY, FIELDS, NO_EVIDENCE, NO_STORE, REFUSALS, ask, evidence_json, photo_of
from recognizer.words.words import SOURCE, languages, words_in

PAGES = ("how", "data", "docs")
NOT_ONE_FACE = {"description": "It is no picture, or a broken one, or it shows no face, or several."}


def make_outputs_rest(classifier: OutputsClassifier, queue: Queue) -> FastAPI:
    """Return an app with the plain routes; Gradio is mounted on it afterwards.

    Args:
        classifier: the opened model folder.
        queue: where photos wait for a free processor.
    """
    facts = classifier.facts
    app = FastAPI(docs_url=None, redoc_url=None, title=facts["title"], description=facts["description"])
    speak_plainly(app)
    told_of_model = model_facts(classifier)

    @app.post("/predict", openapi_extra=BODY, responses=_refusals(classifier), response_class=JSONResponse)
    @app.post("/predict/", include_in_schema=False)
    async def predict(request: Request, evidence: bool = False, form: OldForm = "") -> Response:
        """Compare a photo with the photos of the data set; `evidence` adds what each place speaks for."""
        check_form(form, evidence)
        explained = await ask(queue, request, await photo_of(request))
        if evidence and not explained.evidence:
            raise HTTPException(400, NO_EVIDENCE)
        answer = answer_json(explained.readings, told_of_model)
        if form:
            return in_form(form, answer["outputs"])
        return JSONResponse(answer | (evidence_json(explained.evidence) if evidence else {}), headers=NO_STORE)

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that photos are answered."""
        return {"status": "ok", "runtime": classifier.runtime}

    _add_pages(app, classifier)
    return app


def _refusals(classifier: OutputsClassifier) -> dict[int | str, dict[str, Any]]:
    """Return the refusals by their status, each with what it means to this model."""
    return REFUSALS | {415: NOT_ONE_FACE} if classifier.looks_for_faces else REFUSALS


def _add_pages(app: FastAPI, classifier: OutputsClassifier) -> None:
    def page(request: Request, name: str, lang: str = "") -> HTMLResponse:
        lang = lang if lang in languages() else ""
        words = words_in(lang or _preferred(request.headers.get("Accept-Language", "")))
        told: dict[str, Any] = {
            "address": str(request.base_url).rstrip("/"),
            "fields": FIELDS,
            "refusals": _refusals(classifier),
            "own": name,
        }
        told |= {"looks_for_faces": classifier.looks_for_faces, "query": f"?lang={words.language}" if lang else ""}
        text = render(f"outputs_{name}.html", classifier.facts, words, **told)
        return HTMLResponse(text, headers={"Vary": "Accept-Language"})

    for name in PAGES:
        app.add_api_route(f"/{name}", partial(page, name=name), methods=["GET", "HEAD"], include_in_schema=False)


def _preferred(accepted: str) -> str:
    """Return the first language of a browser's list that is spoken here; English where none is."""
    wanted = [tag.partition(";")[0].strip().lower().partition("-")[0] for tag in accepted.split(",")]
    return next((language for language in wanted if language in languages()), SOURCE)
