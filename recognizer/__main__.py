"""`python -m recognizer` is the `recognizer` command."""

from recognizer.cli import app

app()
