"""Makes the engines that a recipe names."""

from collections.abc import Callable, Sequence
from pathlib import Path

from recognizer.collect.engines.bing import Bing
from recognizer.collect.engines.commons import Commons
from recognizer.collect.engines.dataset import Dataset
from recognizer.collect.engines.duckduckgo import DuckDuckGo
from recognizer.collect.engines.engine import Engine
from recognizer.collect.engines.folder import Folder
from recognizer.collect.engines.openverse import Openverse
from recognizer.collect.engines.sample import SampleEngine
from recognizer.collect.http.retries import Patience
from recognizer.errors import RecipeError
from recognizer.outputs import Output
from recognizer.recipe import CollectSettings


def make_engines(
    settings: CollectSettings, patience: Patience | None = None, outputs: Sequence[Output] = ()
) -> dict[str, Engine]:
    """Make the engines that a recipe names, in its order.

    Args:
        settings: the recipe's `[collect]`.
        patience: how often a busy engine is asked again, and how long it may be waited for; `Patience()` by default.
        outputs: of the recipe, which a data set has values of.

    Returns:
        Name to engine.

    Raises:
        RecipeError: the folder engine is asked for and there is no word of a folder; or the data set.
    """
    makers = {**MAKERS, Dataset.name: lambda *_: Dataset(settings, outputs)}
    return {name: makers[name](settings, patience or Patience()) for name in settings.engines}


def _folder(settings: CollectSettings, _: Patience) -> Engine:
    if not settings.folder:
        raise RecipeError(
            "The engine folder needs to know which: name it with --folder DIR, or set folder under [collect] in the "
            "recipe."
        )
    return Folder(Path(settings.folder).expanduser())


# One for each name in `recipe.ENGINES`.
MAKERS: dict[str, Callable[[CollectSettings, Patience], Engine]] = {
    "duckduckgo": lambda _, patience: DuckDuckGo(patience),
    "bing": lambda _, patience: Bing(patience),
    "openverse": lambda settings, patience: Openverse(settings.contact, patience),
    "commons": lambda settings, patience: Commons(settings.contact, patience),
    "folder": _folder,
    Dataset.name: lambda settings, _: Dataset(settings, ()),
    "sample": lambda settings, _: SampleEngine(alone=settings.engines == [SampleEngine.name]),
}
