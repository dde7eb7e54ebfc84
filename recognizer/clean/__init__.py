"""What is wrong with the photos: stored photos go in, issues and the rules' decisions come out.

Call `clean(recipe, store)` in clean.py; no file is deleted, and every decision can be undone.

    clean.py              the stage: all checks, then the rules
      features.py           the features that the checks go by
      duplicates.py         candidates for copies, and which copy is the best
        registration.py       lays one picture over the other, which tells a copy from a similar photo
      quality.py            pictures that are empty, tiny, blurred, dark, light or drawn
      no_person.py          photos without people in recipes about people
      label_quality.py      how likely each label is right
        cross_validation.py   out-of-fold predictions by discriminants (LDA)
        label_noise.py        how wrong labels come about, and the least that labels say of it
        pair_noise.py         the same where some classes are listed as some others
      conflicts.py          copies under different labels
      rules.py              what is sure enough to be decided without a person
      contact_sheet.py      one page with the worst photos of a check
        words.py              what each check finds, in words
    outputs.py            the stage of several outputs: copies alone
"""
