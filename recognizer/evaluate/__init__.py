"""What the trained network does on held-out photos: a run goes in, the report and a page with charts come out.

Call `evaluate(recipe, store)` in evaluate.py.

    evaluate.py      the stage
      measured.py      which photos it is of, and whether it still is of just these
      metrics.py       accuracy with its interval, coverage, selective accuracy, per class
      blind.py         what people saw in photos whose label was hidden: accuracy and wrong labels, with intervals
      cautions.py      what makes figures mean less than they seem to, and what to do about it
      dependence.py    how far answers rest on faces
      charts.py        confusion, reliability, coverage, mistakes, in numbers; charts.svg.jinja draws them
      page.py          evaluate.html, which holds them all
    outputs.py       the stage of several outputs
      outputs_metrics.py  each next to the constant guess, and for each group of every other
      distributions.py    numbers that are told, next to the true ones
"""
