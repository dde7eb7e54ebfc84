"""Who this program is to servers, and whether a photo's owner lets it take the photo.

The owner's word is the `X-Robots-Tag` header. The rule is img2dataset's
(https://github.com/rom1504/img2dataset#opt-out-directives), read as
https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag describes the header.
"""

from collections.abc import Iterable

from recognizer import __version__

AGENT = "ethnic-group-recognizer"
OPT_OUTS = {"noai", "noimageai", "noindex", "noimageindex"}
# Directives with a value; anything else before a colon names the program that the rest is meant for.
_VALUED = {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}


def user_agent(contact: str) -> str:
    """Return the User-Agent of this program.

    Args:
        contact: a mail address or web page of whoever runs it, or "".
    """
    product = f"{AGENT}/{__version__}"
    return f"{product} ({contact})" if contact else product


def has_opted_out(headers: Iterable[str], agent: str) -> bool:
    """Tell whether `X-Robots-Tag` headers keep a program from using a photo.

    Args:
        headers: the values of all headers of that name, such as "noai, noindex" or "otherbot: noai".
        agent: the name of this program.
    """
    return any(OPT_OUTS & _directives(header.lower(), agent.lower()) for header in headers)


def _directives(header: str, agent: str) -> set[str]:
    """Return the directives of one header that are meant for a program."""
    meant_for, found = agent, set()
    for part in header.split(","):
        before, colon, after = (piece.strip() for piece in part.partition(":"))
        if colon and before not in _VALUED:
            meant_for, before = before, after
        if meant_for in (agent, "*"):
            found.add(before)
    return found
