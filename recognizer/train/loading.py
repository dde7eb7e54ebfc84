"""What is checked before a run's network is used, of one output or several."""

from torch import nn

from recognizer.errors import RecognizerError
from recognizer.recipe import Recipe
from recognizer.train.runs import Run


def check_format(recipe: Recipe, run: Run, current: int) -> None:
    """Refuse a run that another version of this program left.

    Args:
        recipe: the recipe.
        run: the run; one that does not say its format is of the current one.
        current: the format of such runs now.

    Raises:
        RecognizerError: its format is another.
    """
    if run.metrics.get("format", current) != current:
        raise RecognizerError(f"{run.folder} was trained by another version; run {recipe.command('train')} again.")


def put_weights(recipe: Recipe, run: Run, network: nn.Module) -> None:
    """Put a run's weights into a network that is made like its own.

    Raises:
        RecognizerError: they do not fit.
        Damaged: they cannot be read.
    """
    try:
        network.load_state_dict(run.weights)
    except RuntimeError as error:  # of another version of the network, which torch tells in many lines
        raise RecognizerError(
            f"The weights in {run.folder} do not fit {recipe.train.backbone} any more; delete that folder, and run "
            f"{recipe.command('train')} again."
        ) from error
