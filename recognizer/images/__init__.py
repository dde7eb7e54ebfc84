"""Bytes from strangers become safe, upright RGB pictures; these become photos, fingerprints and a network's input.

bytes -> decode.py        read_picture: within limits, the EXIF turn applied, transparent parts white
      -> prepare.py       prepare_photo: a JPEG without metadata, its sha256 and its perceptual hash
file  -> pixels.py        square_pixels: a stored photo as the numbers that a network takes
picture -> fingerprints.py  fingerprint, copy_hashes, near_any: all perceptual hashing
"""
