"""`python -m recognizer` is the `recognizer` command."""

from recognizer.cli.commands import app

app()
