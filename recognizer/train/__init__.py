"""Kept photos to a fine-tuned network: a store goes in, a folder of `runs/` for each round comes out.

Call `train(recipe, store)` in train.py, and `load_trained(recipe, store)` for the network that it settled on.

    train.py          the stage: round after round
      cached.py         fits the last layer in closed form, with cross-validation: for two cores
      classes_tuning.py     tunes a branch beside the last layers, and says whether that helps
      tuning.py             one fine-tuning of a branch, of classes or of several outputs
      whole.py          fine-tunes all layers on newly augmented photos: for a GPU, or several
      covered.py        features of what is learned from: faces blurred where that is wanted, and fewer views if many
      likeliest.py      which class a photo is learned as: its label, or a likelier one
      learner.py        the fastai learner, which the pickle holds
      examples.py       labels, their quality, and how often a photo is drawn
      mixing.py         how much of a fine-tuning is kept
      helped.py         whether another round helped, and what is said where nothing did
      fitting.py        one fine-tuning, its callbacks and its progress
      relabel.py        between two rounds, labels that the network finds wrong
      figures.py        what a round's metrics say
      runs.py           what a round leaves in its folder, and which is used; writing.py puts it there
      fingerprints.py   what tells a run's network from others
      loading.py        what is checked before a run's network is used
      curves.py         how training went, as a picture
      outputs.py        the stage of a recipe with several outputs
      outputs_learning.py   their network: outputs_head.py fits heads in closed form, outputs_tuning.py tunes a
                            branch beside them, outputs_losses.py says what they lose together,
                            outputs_drawing.py how often a photo is drawn
      outputs_distributions.py  numbers that are told, next to the true ones, as a picture
      processes.py      several processes, of which rank 0 writes; distributed.py is their loader
"""
