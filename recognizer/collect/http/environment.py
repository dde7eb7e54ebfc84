"""What the environment says of the network, looked at before anything is asked: proxies and certificates.

check_environment()                     # or one sentence that names the variable
"""

import os
import re
import ssl

import httpx
import yarl

from recognizer.collect.http.addresses import proxy_of
from recognizer.errors import RecognizerError


def check_environment() -> None:
    """See that the proxies and the file of certificates which the environment names can be used.

    Raises:
        RecognizerError: a proxy is of another kind, such as SOCKS, or one of them is written wrongly.
    """
    for scheme in ("https", "http"):
        _check_proxy(scheme, proxy_of(scheme))
    try:
        httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        raise RecognizerError(
            f"There are no certificates in {named}, as SSL_CERT_FILE or SSL_CERT_DIR has it: correct that, or unset it."
        ) from error


def _check_proxy(scheme: str, proxy: str | None) -> None:
    if proxy and not _is_usable(proxy):
        raise RecognizerError(
            f"The proxy {_without_password(proxy)} of the environment cannot be used, only one that is called like "
            f"http://proxy.example:3128: set {scheme.upper()}_PROXY to such a one, or unset it and ALL_PROXY."
        )


def _is_usable(proxy: str) -> bool:
    try:
        url = yarl.URL(proxy)
        return proxy.isprintable() and url.scheme in ("http", "https") and bool(url.raw_host) and url.port is not None
    except ValueError:
        return False


def _without_password(proxy: str) -> str:
    return re.sub(r"(?<=://)[^/@]*@", "", proxy)
