"""How this program names itself to servers."""

from recognizer import __version__

AGENT = "ethnic-group-recognizer"


def user_agent(contact: str) -> str:
    """Return the User-Agent of this program.

    Args:
        contact: a mail address or web page of whoever runs it, or "".
    """
    product = f"{AGENT}/{__version__}"
    return f"{product} ({contact})" if contact else product
