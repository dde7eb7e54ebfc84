"""What each check finds, in words for people: on the contact sheets, and on the page of the review."""

WORDS = {
    "duplicate": "Copy of another photo",
    "conflict": "Copy of a photo under another label",
    "empty": "Shows next to nothing",
    "tiny": "Very small",
    "blurred": "Blurred",
    "dark": "Very dark",
    "light": "Very light",
    "text": "Text, a logo or another drawing",
    "off_topic": "Unlike the photos of every class",
    "label": "Unlike the other photos under its label",
}


def check_words(check: str) -> str:
    """Return what a check finds, in words for people; for a check that is not known here, its name."""
    return WORDS.get(check, check.replace("_", " ").capitalize())
