"""What a classifier tells of a photo: its outputs, and how what stands in a data set becomes their values.

    read_value(output, {"age": "23", "gender": "0"})        # "20-29", "Male", or "" where the value is missing

A recipe of classes has one output, which is called `label`. A recipe with `[[outputs]]` has as many as it names; each
is one of classes, or a number.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from recognizer.names import LABEL as LABEL  # where others look for it
from recognizer.names import LONGEST, check_class_name, check_link

ALL_PHOTOS = "photos"  # under which the photos of a recipe with several outputs are stored
TAKEN = ("pixels", "logits", "energy", "evidence", "embedding", "probabilities")  # what else a network has names for
# What a spreadsheet makes of “3-9” and “10-19” without being asked.
_DATE = re.compile(r"\d{1,2}-[a-z]{3}|[a-z]{3}-\d{1,2}|\d{1,4}[-/]\d{1,2}[-/]\d{1,4}", re.IGNORECASE)
_RANGE = re.compile(r"(\d+)(?:-(\d+)|\+)")  # the name of a class that holds numbers: 20-29, or 70+

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[Words, Field(max_length=LONGEST)]
Link = Annotated[str, AfterValidator(check_link)]


class BadValue(Exception):
    """What stands in a data set is no value of an output.

    Args:
        reason: `unknown_value`, `out_of_range` or `spreadsheet_date`, as the report of collecting counts it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Part(BaseModel):
    """A table of a recipe: all its keys are known, and none changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PhotoClass(Part):
    """One class: its name, the searches that find photos of it, and what to tell visitors about it.

    Photos of one's own need no search, so there may be no queries; an engine that needs some says so.
    """

    name: Annotated[Name, AfterValidator(check_class_name)]
    queries: list[Words] = []
    description: str = ""
    region: str = ""
    link: Link = ""


def _check_output_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError("may have small letters a to z, digits and _ only, and begins with a letter")
    if name in TAKEN:
        raise ValueError(f"may not be one of {', '.join(TAKEN)}, which are other things of the network")
    return name


def _as_class(entry: Any) -> Any:
    """Return a class's table where only its name is written."""
    return {"name": entry} if isinstance(entry, str) else entry


class Output(Part):
    """One thing that is told of a photo.

    Args:
        name: as the network's output and the API call it.
        kind: `classes`, of which one is told, or `number`.
        description: what it is, for visitors.
        column: of the labels, or part of the files' names; as `name` if empty.
        values: what stands there to the class or number that it means; what is not among them has to be one itself.
        decades: whether what stands there is a number, and classes are called like ranges of numbers: 20-29, 70+.
        classes: at least two, of `kind = "classes"`, in the network's order; a name alone will do.
        range: least and largest value of a number; what is beyond is an error of the data set.
        unit: of a number, such as years.
    """

    name: Annotated[Name, AfterValidator(_check_output_name)]
    kind: Literal["classes", "number"] = "classes"
    description: str = ""
    column: str = ""
    values: dict[str, str | float] = {}
    decades: bool = False
    classes: list[Annotated[PhotoClass, BeforeValidator(_as_class)]] = []
    range: Annotated[list[float], Field(max_length=2)] = []
    unit: str = ""

    @property
    def labels(self) -> list[str]:
        """The names of its classes, in order; none of a number."""
        return [one.name for one in self.classes]

    @property
    def width(self) -> int:
        """How many of the network's logits are its own."""
        return len(self.classes) or 1

    @property
    def source(self) -> str:
        """The column or part of a name that its values stand in."""
        return self.column or self.name

    @model_validator(mode="after")
    def _check(self) -> "Output":
        if self.kind == "classes" and len(set(self.labels)) < max(2, len(self.labels)):
            raise ValueError("needs at least two classes, each with a name of its own")
        if self.kind == "classes" and self.range:
            raise ValueError('has a range, which only kind = "number" has')
        if self.kind == "number" and (self.classes or len(self.range) != 2 or self.range[0] >= self.range[1]):
            raise ValueError("is a number: it needs range = [least, largest], and has no classes")
        if odd := [name for name in self.labels if self.decades and not _RANGE.fullmatch(name)]:
            raise ValueError(f"has decades, so that its classes are called like 20-29 or 70+, and not “{odd[0]}”")
        return self


def read_value(output: Output, row: Mapping[str, str]) -> str:
    """Return the value of an output: the name of a class, or a number as text; "" where it is missing.

    Args:
        output: the output.
        row: of a data set, column to what stands there.

    Raises:
        BadValue: what stands there is no value.
    """
    found = row[output.source].strip()
    if not found:
        return ""
    value = str(output.values.get(found, found))
    if output.kind == "number":
        return str(_number(output, value))
    if output.decades:
        return _decade(output.labels, value)
    if value not in output.labels:
        raise BadValue(_why(value))
    return value


def _number(output: Output, text: str) -> float:
    least, largest = output.range
    value = _parse(text)
    if not least <= value <= largest:
        raise BadValue("out_of_range")
    return value


def _decade(labels: Sequence[str], text: str) -> str:
    value = _parse(text)
    for label in labels:
        least, most = _RANGE.fullmatch(label).groups()  # type: ignore[union-attr]  # checked by the recipe
        if int(least) <= value and (most is None or value < int(most) + 1):
            return label
    raise BadValue("out_of_range")


def _parse(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadValue(_why(text)) from error


def _why(text: str) -> str:
    return "spreadsheet_date" if _DATE.fullmatch(text) else "unknown_value"
