"""Photos and issues in, decisions of people out: `serve_review(make_review(recipe, store, name, host), …)`.

photo store -> queue.py       read_entries: every photo, those that most need a person first
            -> neighbours.py  Neighbours: the photos most like one, from kept features
            -> next_command.py    is_to_train: whether training comes next, or evaluating
            -> answers.py     what the page is told about them, as JSON
            -> blind.py       BlindReview: photos of the blind sample, which are asked for first and without label
            -> review.py      make_review, serve_review: the page's server, behind guard.py; decisions go to the store
requests.py reads what the page sends; standing.py sees whether the recipe's classes are still those that the page
knows. page/ is the page itself: plain HTML, CSS and ES modules. notebook.py is fastai's widget for the same in a
notebook.
"""
