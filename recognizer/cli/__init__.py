"""The command line in; stages run, progress, a table and an exit code out. Nothing else prints or exits.

commands.py -> building.py      new, the stages, and build
            -> keeping.py       what is stored: undo, forget, credits
            -> using.py         what a model is for: serve, demo, classify, publish
               -> app.py           the command itself
                  -> sentences.py     whatever goes wrong as one line, on any terminal
               -> options.py       what each command takes, and what makes no sense; of publishing: publishing.py
               -> engines.py       where photos come from: the command, the one before, or the recipe
               -> new.py           a recipe from words, asked for if need be
               -> classifying.py   an answer for each photo, also for what is none
               -> stages.py        a stage with its progress and its summary
                  -> changes.py       what a changed recipe leaves valid
                  -> progress.py      how far long work is: bars or a table on a terminal, plain lines elsewhere
                  -> summaries.py     the short table at the end of a command; of collecting: collecting.py
               -> output.py        tables, or reports as JSON; and a log

`recognizer.cli.commands.app` is the command. Every --help is instant, so what a stage needs is imported as it runs.
"""
