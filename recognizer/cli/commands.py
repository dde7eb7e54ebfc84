"""All commands, in the order of --help; what they take is in options.py, what they run in stages.py.

Exit codes: 0 done, 1 it could not be done (one line says what, why and what to do), 2 wrong usage, 130 stopped
with Ctrl-C.
"""

from recognizer.cli import building, keeping, using
from recognizer.cli.app import app

__all__ = ["app", "building", "keeping", "using"]
