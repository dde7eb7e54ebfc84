"""A port to serve at, or a sentence why it cannot be had."""

import errno
import socket

from recognizer.errors import RecognizerError


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address, so that no other program can; whoever asks waits until it is served.

    Args:
        host: of this machine, by name or address, of IPv4 or IPv6.
        port: the port; 0 for a free one.

    Raises:
        RecognizerError: there is no such address, or its port cannot be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise RecognizerError(_nowhere(host)) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()  # two programs may be bound to one port as long as neither listens
    except OSError as error:
        bound.close()
        raise RecognizerError(_unheard(host, port, error)) from error
    return bound


def address_of(listening: socket.socket, host: str) -> str:
    """Return the web address of a socket.

    Args:
        listening: bound.
        host: the address, as the user calls it.
    """
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}"


def _nowhere(host: str) -> str:
    return f"{host} is no address of this machine; use --host 127.0.0.1."


def _unheard(host: str, port: int, error: OSError) -> str:
    """Return why nobody can listen at an address, and the way out."""
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return _nowhere(host)
    if error.errno == errno.EACCES:
        return f"Port {port} is for administrators; use --port with a number over 1023."
    return (
        f"Port {port} at {host} cannot be used ({error.strerror or error}); another program may have it: use another "
        "--port, or --port 0 for a free one."
    )
