"""Plain HTTP for a model with several outputs.

POST /predict    a photo as multipart field `image` or `file`, or as the body itself, to what every output says
                 (`?form=` gives it as earlier systems did, forms.py)
GET  /how        how it works, and how to ask (also /docs)
GET  /data       the data set: how often each class is in it, crossed with the others
GET  /healthz    whether it answers

Both pages are made of model.json: the recipe and its report. They show words and figures, and no photo.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader

from recognizer.serve.forms import OldForm, check_form, in_form
from recognizer.serve.outputs import OutputsClassifier
from recognizer.serve.queue import Queue
from recognizer.serve.refusals import speak_plainly
from recognizer.serve.rest import NO_STORE, ask, photo_of

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).with_name("page")), autoescape=True, trim_blocks=True)


def make_outputs_rest(classifier: OutputsClassifier, queue: Queue) -> FastAPI:
    """Return an app with the plain routes; Gradio is mounted on it afterwards.

    Args:
        classifier: the opened model folder.
        queue: where photos wait for a free processor.
    """
    facts = classifier.facts
    app = FastAPI(docs_url=None, redoc_url=None, title=facts["title"], description=facts["description"])
    speak_plainly(app)
    model = {"title": facts["title"], "runtime": classifier.runtime, "sha256": facts["sha256"]}

    @app.post("/predict")
    @app.post("/predict/", include_in_schema=False)
    async def predict(request: Request, form: OldForm = "") -> Response:
        """Compare a photo with the photos of the data set; every output tells what it looks most like."""
        check_form(form)
        readings = await ask(queue, request, await photo_of(request))
        told = {name: reading.json() for name, reading in readings.items()}
        return in_form(form, told) if form else JSONResponse({"outputs": told, "model": model}, headers=NO_STORE)

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that photos are answered."""
        return {"status": "ok", "runtime": classifier.runtime}

    _add_pages(app, classifier)
    return app


def _add_pages(app: FastAPI, classifier: OutputsClassifier) -> None:
    @app.get("/docs", include_in_schema=False)
    @app.get("/how", include_in_schema=False)
    async def how(request: Request) -> HTMLResponse:
        address = str(request.base_url).rstrip("/")
        return HTMLResponse(render("outputs_how.html", classifier, address=address))

    @app.get("/data", include_in_schema=False)
    async def data() -> HTMLResponse:
        return HTMLResponse(render("outputs_data.html", classifier))


def render(template: str, classifier: OutputsClassifier, **more: Any) -> str:
    """Return a page about a model.

    Args:
        template: in page/.
        classifier: the opened model folder.
        more: what else it tells.
    """
    _PAGES.filters["figure"] = say_figure
    page = _PAGES.get_template(template)
    return page.render(facts=classifier.facts, looks_for_faces=classifier.looks_for_faces, **more)


def say_figure(figures: dict[str, Any]) -> str:
    """Say an accuracy, or a mean error, with its interval of 95 %."""
    if figures.get("accuracy") is not None:
        low, high = figures["accuracy_interval"]
        return f"{figures['accuracy'] * 100:.1f} % ({low * 100:.1f} to {high * 100:.1f})"
    error = figures.get("mean_absolute_error")
    return "–" if error is None else f"{error:.1f} off in the mean"
