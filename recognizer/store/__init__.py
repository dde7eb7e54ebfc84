"""One work folder's photos and their database. Hits and pictures come in; photos, issues and decisions go out.

Open `photo_store.PhotoStore`; every other room goes through its parts.

    photo_store.py -> hits.py, photos.py, issues.py, decisions.py, blind_answers.py, readings.py, forgotten.py,
                       sound_files.py, examples.py    a part each
                           photos.py -> folders.py   the folder of each class
                           hits.py -> pages.py       the pages that hits came on, and how far each query was asked
                       -> database.py, schema.sql    the SQLite file and its transactions
                       -> rows.py                    what the parts take and give
    forget.py      removes photos for good
        -> copies.py   what the stages have copied of them, also into the folders that publish wrote (spaces.py)
                      and what was pushed (pushed.py)
    renaming.py    a class that is called otherwise keeps its photos
    credits.py     writes where the kept photos come from
"""
