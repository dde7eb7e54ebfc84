"""The command line in; stages run, progress, a table and an exit code out. Nothing else prints or exits.

commands.py -> options.py     what each command takes, and what it changes in a recipe
            -> stages.py      a stage with its progress and its summary; errors as sentences
               -> progress.py    how far long work is: bars or a table on a terminal, plain lines elsewhere
               -> summaries.py   the short table at the end of a command

`recognizer.cli.commands.app` is the command. Every --help is instant, so what a stage needs is imported as it runs.
"""
