"""What classes, recipes, links and contacts may be called, and the folders that a class's photos lie in.

check_class_name("AC/DC")               # as it was typed, or ValueError with what is wrong
free_folder("ac/dc", {"ac%2fdc"})       # "ac%2Fdc~cacecb", since another's is the same on some disks
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import PurePath
from urllib.parse import quote

LABEL = "label"  # what the one output of a recipe of classes is called
LONGEST = 60  # characters of a class: file systems take 255 bytes, which is as many of any script
NOT_SURE = "Not sure"  # the answer where no class is likely enough, so no class may be called so
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # make text look like another
_ODD = frozenset(["Cc", "Cs", "Zl", "Zp"])  # control characters, half characters, ends of lines: no part of a name
# What some file system does not take or means something else by, and what looks like something quoted here.
_UNSAFE = re.compile(r'[/\\:*?"<>|]|%(?=[0-9A-Fa-f]{2})|^\.|[. ]$')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)  # on Windows


def few(names: Sequence[str], most: int = 3) -> str:
    """Return names for a sentence: the first of them, and how many more there are.

    Args:
        names: of anything.
        most: that are named.
    """
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def check_class_name(name: str) -> str:
    """Return a class's name as it was typed.

    Args:
        name: in any script, with any sign in it.

    Raises:
        ValueError: it has characters that nobody sees, or it is what the answer is called where there is none.
    """
    if any(letter in _TURNS or unicodedata.category(letter) in _ODD for letter in name):
        raise ValueError("may have no control characters, which nobody sees")
    if not any(letter.isprintable() and not letter.isspace() for letter in name):
        raise ValueError("needs a character that can be seen")
    if " ".join(name.split()).casefold() == NOT_SURE.casefold():
        raise ValueError(f"may not be “{NOT_SURE}”, which is the answer where no class is likely enough; use another")
    return name


def check_recipe_name(name: str) -> str:
    """Return a recipe's name, which is its file's and the work folder's; ValueError for control characters and .x."""
    if not name.isprintable() or name.startswith("."):
        raise ValueError(
            "is the file's, and names the work folder: it may have no control character and no dot in front"
        )
    return name


def check_link(link: str) -> str:
    """Return a web address or ""; ValueError for anything else."""
    if link and not link.startswith(("https://", "http://")):
        raise ValueError("has to begin with https:// or http://")
    return link


def check_contact(contact: str) -> str:
    """Return a mail address, a web address or ""; ValueError for anything else."""
    is_plain = contact.isascii() and contact.isprintable() and not set(contact) & set(' ()<>"\\')
    if contact and not (is_plain and ("@" in contact or contact.startswith(("https://", "http://")))):
        raise ValueError("has to be a mail address or a web address that begins with https:// or http://")
    return contact


def free_folder(name: str, taken: Collection[str]) -> str:
    """Return the folder of a name, with a mark of its own where another name has that one.

    Args:
        name: of a class.
        taken: folders of other names, folded.
    """
    folder = folder_name(name)
    return f"{folder}~{hashlib.sha256(name.encode()).hexdigest()[:6]}" if folded(folder) in taken else folder


def folder_name(name: str) -> str:
    """Return the folder of a name on any system: the name, with what some system does not take percent-encoded.

    Args:
        name: of a class; different names have different folders.
    """
    safe = _UNSAFE.sub(lambda found: _encoded(found[0]), name)
    return _encoded(safe[0]) + safe[1:] if _DEVICE.match(safe) else safe


def _encoded(letter: str) -> str:
    return quote(letter, safe="") if quote(letter, safe="") != letter else f"%{ord(letter):02X}"


def stays_below(name: PurePath) -> bool:
    """Tell whether a path leads below a folder that it is joined to; one with a drive or a root does not."""
    return not name.anchor and ".." not in name.parts


def folded(name: str) -> str:
    """Make names alike that differ in case, or in how a file system spells letters with accents."""
    return unicodedata.normalize("NFC", name).casefold()


def loosely(name: str) -> str:
    """Make names alike that differ only in spaces, or in what a file system does not take: “AC/DC” and “AC_DC”, too."""
    plain = " ".join(name.split())
    return folded(re.sub(r'[/\\:*?"<>|]', "_", plain).strip(" ._") or plain)
