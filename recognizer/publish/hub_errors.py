"""What the Hub refuses, as one sentence that names the way out; no token ever stands in it.

with told(repository):
    api.create_repo(…)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.utils._http import parse_ratelimit_headers

from recognizer.errors import RecognizerError

AGAIN = "run the command again: what was sent already is not sent twice"


class Named(Protocol):
    """A repository, as far as a sentence needs it."""

    @property
    def name(self) -> str:
        """OWNER/NAME."""


def no_token() -> RecognizerError:
    """Return the error that nobody is logged in."""
    return RecognizerError(f"There is no token for {_host()}; {_new_token()}")


def no_whole_token() -> RecognizerError:
    """Return the error that the token can be none."""
    return RecognizerError(f"The token for {_host()} has characters that none has; {_new_token()}")


def _new_token() -> str:
    return (
        f"make one that may write at {constants.ENDPOINT}/settings/tokens, and give it in the environment as HF_TOKEN, "
        "or run hf auth login once."
    )


def _host() -> str:
    return urlsplit(constants.ENDPOINT).netloc or constants.ENDPOINT


@contextmanager
def told(repository: Named) -> Iterator[None]:
    """Turn whatever the Hub, the network or the library says into one sentence.

    Args:
        repository: that was asked for.

    Raises:
        RecognizerError: for any such error within.
    """
    try:
        yield
    except RecognizerError:
        raise
    except Exception as error:
        sentence = _sentence(error, repository)
        if sentence is None:
            raise
        raise RecognizerError(sentence) from None  # a story of it would hold addresses that are signed


def _sentence(error: BaseException, repository: Named) -> str | None:
    """Return a sentence for an error, or for what it was caused by; None where this is no error of the Hub."""
    if isinstance(error, HfHubHTTPError):
        return _refused(error, repository)
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so that nothing can be pushed; unset it, and run the command again."
    if isinstance(error, httpx2.HTTPError | httpx2.InvalidURL | ConnectionError | TimeoutError):
        return (
            f"The connection to {_host()} failed ({type(error).__name__}); see to the network, HTTPS_PROXY and "
            f"HF_ENDPOINT, and {AGAIN}."
        )
    if type(error).__module__.startswith("hf_xet"):
        return f"{_host()} did not take a large file ({type(error).__name__}); {AGAIN}."
    cause = error.__cause__ or error.__context__
    return _sentence(cause, repository) if cause else None


def _refused(error: HfHubHTTPError, repository: Named) -> str:
    status, host, name = error.response.status_code, _host(), repository.name
    sentences = {
        401: f"{host} does not take this token; {_new_token()}",
        402: f"{host} wants to be paid for {name}: new Gradio and Docker Spaces need a subscription or paid hardware; "
        "--form static is free, and so is --form zero for accounts older than thirty days.",
        403: f"This token may not write to {name} on {host}; give it the right to write there, or name a repository of "
        "your own account.",
        404: f"There is no {name} on {host}, or this token may not see it; see whether it is called so.",
        409: f"Something else is changing {name} on {host} at this moment; wait for it, and {AGAIN}.",
        412: f"Something else has changed {name} on {host} meanwhile; {AGAIN}.",
        429: f"{host} was asked too often; wait {_waiting(error)}, and {AGAIN}.",
    }
    if status >= 500:
        return f"{host} is in trouble (HTTP {status}); try it again later, and {AGAIN}."
    why = " ".join((error.server_message or "it does not say why").split())
    return sentences.get(status) or f"{host} refuses {name} (HTTP {status}: {why}); see to that, and {AGAIN}."


def _waiting(error: HfHubHTTPError) -> str:
    limit = parse_ratelimit_headers(error.response.headers)
    seconds = limit.reset_in_seconds if limit else error.response.headers.get("Retry-After", "")
    return f"{seconds} seconds" if str(seconds).isdigit() else "some minutes"
