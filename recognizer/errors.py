"""The errors that this package raises on purpose; the command line turns each into one sentence.

RecognizerError          it could not be done: what, why, what to do
 ├─ RecipeError          a recipe file is wrong
 ├─ PictureError         bytes are not a picture that may be used; carries a `reason`
 ├─ EngineRefused        a search engine would not answer
 ├─ WeightsUnavailable   pretrained weights cannot be had
 ├─ ModelError           a model folder cannot be trusted or opened
 ├─ WorkInUse            another run is at work in the work folder
 ├─ Unwritable           a disk is full, or a folder may not be written
 ├─ Damaged              a file of the work folder cannot be read
 ├─ NothingYet           the stage before has left nothing in the work folder
 └─ NotFound             nothing in the work folder is what was asked for
"""

from pathlib import Path


class RecognizerError(Exception):
    """Something could not be done; the message says what, why and what to do."""


class RecipeError(RecognizerError):
    """A recipe has a mistake; the message names the file, the key and what is allowed."""


class PictureError(RecognizerError):
    """Bytes are not a usable picture.

    Args:
        reason: one of the fixed words that a hit's `reason` may hold, such as `not_an_image`.
        message: one sentence for a person.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class EngineRefused(RecognizerError):
    """A search engine answered with a refusal or not at all."""


class WeightsUnavailable(RecognizerError):
    """Pretrained weights cannot be had; the message names the ways out."""


class ModelError(RecognizerError):
    """A model folder is missing, altered or made with versions that do not fit."""


class WorkInUse(RecognizerError):
    """Another run is at work in the work folder; the message names it."""


class Unwritable(RecognizerError):
    """A folder cannot be written: its disk is full, it is read-only, or it belongs to somebody else."""


class Damaged(RecognizerError):
    """A file of the work folder is not as it was left, or is of a newer kind; the message names it and the way out."""


class NothingYet(RecognizerError):
    """The stage before has left nothing to go on with.

    Args:
        work: the work folder.
        missing: what it lacks, such as "photos".
        command: what makes it.
    """

    def __init__(self, work: Path, missing: str, command: str) -> None:
        super().__init__(f"{work} has no {missing} yet; run {command} first.")


class NotFound(RecognizerError):
    """Nothing in the work folder is what was asked for."""
