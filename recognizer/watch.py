"""How a stage tells how far it is, without knowing who listens."""

from collections.abc import Callable

Watch = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is in all."""


def unwatched(what: str, done: int, total: int) -> None:
    """Listen to nothing."""
