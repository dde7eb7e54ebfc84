"""Which photos are for training, for validation, or held out: kept photos go in, a `Split` comes out.

Call `split_kept(recipe, store)` in split.py once a stage, and hand the split on. A photo is held out if its own
fingerprint says so; what belongs together with it is set aside.

    blind.py     the held-out photos in which people name the class without knowing the label
    groups.py    what belongs together: copies, and photos of one page
    split.py     the split, and the folds of cross-validation
    values.py    the same of photos with several values, and these as numbers
"""
