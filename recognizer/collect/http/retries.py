"""How long to wait before a busy server is asked again.

Waits grow twofold and are jittered, so that many clients do not come back at the same moment, and a server that says
when to come back (`Retry-After`, RFC 9110, section 10.2.3) is obeyed. The scheme is "equal jitter" of
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.

    seconds = pause_before(attempt=1, asked=retry_after(response.headers))
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 30.0  # seconds; a server that asks for more is not waited for
FIRST_WAIT = 2.0  # seconds, at most, before the second try


def pause_before(attempt: int, asked: float | None = None, longest: float = LONGEST_WAIT) -> float | None:
    """Return how long to wait before trying again.

    Args:
        attempt: how many tries have failed so far, from 1.
        asked: seconds that the server asked for, or None.
        longest: seconds; more than this is not waited.

    Returns:
        Seconds, never fewer than asked for; None where the server asks for more than `longest`.
    """
    if asked is not None and asked > longest:
        return None
    # The exponent is held down so that no number of attempts overflows.
    wait = FIRST_WAIT * 2.0 ** min(attempt - 1, 16) * random.uniform(0.5, 1.0)
    return min(max(wait, asked or 0.0), longest)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the `Retry-After` header, which holds seconds or a date.

    Args:
        headers: of the response, with names in any case where the mapping does not care for it, else in lower case.

    Returns:
        Seconds from now, at least 0; None where there is no such header or it says neither.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter where a year or a zone has too many digits
        return None
    if date.tzinfo is None:  # "-0000" and dates without a zone are meant as GMT
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


@dataclass(frozen=True)
class Patience:
    """How often a search engine is asked again, and how long that may take.

    Args:
        tries: how often a page is asked for in all.
        longest: seconds; an engine that asks for a longer wait has refused.
        ended: set it to end every wait, since a program that is told to stop shall not wait.
        sleep: waits so many seconds; until `ended` by default.
    """

    tries: int = 4
    longest: float = 60.0
    ended: threading.Event = field(default_factory=threading.Event)
    sleep: Callable[[float], object] | None = None

    def wait(self, attempt: int, asked: float | None = None) -> bool:
        """Wait before another try, and tell whether there is to be one.

        Args:
            attempt: how many tries have failed so far.
            asked: seconds that the engine asked for, or None.
        """
        pause = pause_before(attempt, asked, self.longest) if attempt < self.tries else None
        if pause is None:
            return False
        (self.sleep or self.ended.wait)(pause)
        return not self.ended.is_set()
