"""The command line in; stages run, progress, a table and an exit code out. Nothing else prints or exits.

commands.py -> sentences.py   whatever goes wrong as one line, on any terminal
            -> output.py      tables, or reports as JSON; and a log
            -> options.py     what each command takes, and what makes no sense
            -> engines.py     where photos come from: the command, the one before, or the recipe
            -> classifying.py an answer for each photo, also for what is none
            -> stages.py      a stage with its progress and its summary
               -> progress.py    how far long work is: bars or a table on a terminal, plain lines elsewhere
               -> summaries.py   the short table at the end of a command
               -> collecting.py  that of collecting

`recognizer.cli.commands.app` is the command. Every --help is instant, so what a stage needs is imported as it runs.
"""
