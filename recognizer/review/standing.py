"""Whether the classes that a page was opened with still stand: a command beside it may know others meanwhile.

standing = StandingRecipe(recipe, work)
standing.check_label("Tartan")      # before that is saved
standing.check_classes()            # before something is saved that rests on all of them
"""

from pathlib import Path

from starlette.exceptions import HTTPException

from recognizer.recipe import NOTED, Recipe
from recognizer.report import read_json


class StandingRecipe:
    """The recipe of a page, beside what the work folder knows of it.

    Args:
        recipe: as the page was opened with it.
        work: the work folder.
    """

    def __init__(self, recipe: Recipe, work: Path) -> None:
        self._labels = set(recipe.labels)
        self._file = work / NOTED
        # Not always the page's own: while another command is at work, none writes down its recipe.
        self._at_first = self._known()

    def check_label(self, label: str) -> None:
        """See to it that a class of the page's recipe is still one.

        Raises:
            HTTPException: it is none.
        """
        known = self._known()
        if known != self._at_first and label not in known:
            raise _changed()

    def check_classes(self) -> None:
        """See to it that the classes are still those of the page's recipe.

        Raises:
            HTTPException: they are not.
        """
        if self._known() not in (self._at_first, self._labels):
            raise _changed()

    def _known(self) -> set[str]:
        if not self._file.is_file():
            return self._labels
        return set(read_json(self._file, {"classes": {}}, "delete it")["classes"])


def _changed() -> HTTPException:
    return HTTPException(409, "The recipe has changed; start review again.")
