"""What the trained network does on held-out photos: a run goes in, the report, its pictures and a page come out.

Call `evaluate(recipe, store)` in evaluate.py.

    evaluate.py      the stage
      metrics.py       accuracy with its interval, coverage, selective accuracy, per class
      figures.py       confusion, reliability, coverage, mistakes, as pictures
      page.py          evaluate.html, which holds them all
"""
