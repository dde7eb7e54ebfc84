"""What the review page sends: read, checked, and refused in a sentence where it is wrong."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from recognizer.review.queue import person_name
from recognizer.store.rows import AUTO, Action, Seen

Sent = TypeVar("Sent", bound="ByPerson")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ByPerson(_Strict):
    """What is sent in a person's name; that alone where the last choice is undone."""

    by: str = Field(max_length=60)


class Choice(_Strict):
    """What a person wants done with one photo."""

    photo: str
    action: Action
    label: str | None = None


class Choices(ByPerson):
    """What the page sends when a person decides about one photo or many."""

    choices: list[Choice] = Field(min_length=1)


class Sight(ByPerson):
    """What the page sends when a person has looked at a photo of the blind sample."""

    photo: str
    seen: Seen
    label: str | None = None


async def read_body(request: Request, kind: type[Sent]) -> Sent:
    """Return what was sent.

    Raises:
        HTTPException: it is not of this kind.
    """
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        raise HTTPException(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error


def sender(sent: ByPerson) -> str:
    """Return the name of the person in whose name something was sent.

    Raises:
        HTTPException: it is no name for a person.
    """
    if not person_name(sent.by):
        raise HTTPException(422, f"Write your name first; “{AUTO}” is what the rules are called.")
    return person_name(sent.by)


def check_label(label: str | None, labels: list[str]) -> str:
    """Return a label that is one of the recipe's classes.

    Raises:
        HTTPException: it is none.
    """
    if label is None or label not in labels:
        raise HTTPException(422, f"“{label}” is no class of the recipe; choose one of its classes.")
    return label
