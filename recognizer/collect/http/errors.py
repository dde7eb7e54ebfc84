"""Why a download failed, in the fixed words of a hit's reason."""

import ssl

import aiohttp

# The first that fits counts: most of these are kinds of later ones.
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "bad_certificate"),
    (aiohttp.ClientConnectorError, "connection_failed"),
    (aiohttp.ClientHttpProxyError, "connection_failed"),
    (aiohttp.ServerDisconnectedError, "connection_reset"),
    (aiohttp.ClientOSError, "connection_reset"),
    (ConnectionError, "connection_reset"),
)


class DownloadError(Exception):
    """A download that did not give bytes.

    Args:
        reason: one of the fixed words of a hit's reason; `download.py` lists them.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def reason_of(error: BaseException) -> str:
    """Return the reason for an error of the HTTP client or of the network; `bad_answer` for any other.

    Args:
        error: what was raised while an address was asked.
    """
    if isinstance(error, aiohttp.ClientPayloadError):
        return _broken_off(error)
    if isinstance(error.__cause__, ssl.SSLError) and not isinstance(error, aiohttp.ClientConnectorError):
        return "bad_answer"
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "bad_answer")


def _broken_off(error: aiohttp.ClientPayloadError) -> str:
    """Tell why a body did not come whole; aiohttp keeps what became of the connection in its message only."""
    if ConnectionResetError.__name__ in str(error):
        return "connection_reset"
    return "bad_answer" if "SSLError" in str(error) else "incomplete"
