"""The forms of answers that earlier systems of this family gave, so that their callers only change an address.

POST /predict?form=face2data    {"race": {"White": 0.7, …}, "gender": {"Male": 0.9, …}, "age": 31.5}
POST /predict?form=text         plain text: one line an output, or the answer alone where there is only one output
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from recognizer.words.figures import round_within

FACE2DATA, TEXT = "face2data", "text"
FORMS = (FACE2DATA, TEXT)
NO_STORE = {"Cache-Control": "no-store"}
WHAT = (
    "The form of the answer, for callers of earlier systems: `face2data` gives each output's probabilities, or its "
    "number; `text` gives plain text. Left out, the answer is as below."
)
OldForm = Annotated[str, Query(description=WHAT, json_schema_extra={"enum": ["", *FORMS]})]
Told = Mapping[str, Mapping[str, Any]]


def check_form(form: str, evidence: bool) -> None:
    """Refuse a form that there is not, or that has no place for evidence, before a photo is compared.

    Raises:
        HTTPException: 400.
    """
    if form and form not in FORMS:
        raise HTTPException(400, f"There is no such form of an answer; ask for {' or '.join(FORMS)}, or for none.")
    if form and evidence:
        raise HTTPException(400, "This form of an answer has no place for evidence; ask for one of the two.")


def in_form(form: str, told: Told) -> Response:
    """Return an answer in an earlier system's form.

    Args:
        form: one of `FORMS`.
        told: name of each output to what is told of it: `kind` ("classes" or "number"); then `label` and
            `probabilities`, or `value`, `low` and `high`.
    """
    if form == TEXT:
        return PlainTextResponse(_text(told), headers=NO_STORE)
    return JSONResponse({name: _data(one) for name, one in told.items()}, headers=NO_STORE)


def _data(one: Mapping[str, Any]) -> Any:
    return one["value"] if one["kind"] == "number" else one["probabilities"]


def _text(told: Told) -> str:
    words = {name: _words(one) for name, one in told.items()}
    if len(words) == 1:
        return next(iter(words.values()))
    return "\n".join(f"{name}: {said}" for name, said in words.items())


def _words(one: Mapping[str, Any]) -> str:
    return round_within(one["value"], one["low"], one["high"]) if one["kind"] == "number" else str(one["label"])
