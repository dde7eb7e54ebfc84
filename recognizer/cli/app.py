"""The command itself, and what it says of all commands; they are in building.py, keeping.py and using.py."""

import typer

from recognizer.cli import options
from recognizer.cli.sentences import BY_CTRL_C, Commands

EXITS = (
    "Exit codes: 0 done; 1 it could not be done, and a line on stderr says why; 2 wrong usage; "
    f"{BY_CTRL_C} stopped with Ctrl-C."
)
ADDRESS = "127.0.0.1"
PORT = 7860

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    epilog=EXITS,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(version: options.Version = False) -> None:
    """Turn a list of words into a public, honest photo classifier.

    To try it: recognizer demo
    """
