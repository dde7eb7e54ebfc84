"""Bytes from strangers become safe, upright RGB pictures; these become photos, fingerprints and a network's input.

bytes -> decode.py        read_picture: within limits, in sRGB, the EXIF turn applied, transparent parts white
             bounds.py        check_work: the work that a file asks for, counted before it is decoded; its
             directories.py   directories are those of TIFF and EXIF
             apart.py         read_apart: HEIC, AVIF, TIFF and the large, in a process that is ended where need be,
             decoding_process.py
             cut_off.py       JPEGs whose end is missing
             colours.py       more than 8 bits, and the profiles of colours
      -> prepare.py       prepare_photo: a JPEG without metadata, its sha256 and its perceptual hash
file  -> pixels.py        square_pixels: a stored photo as the numbers that a network takes
picture -> fingerprints.py  fingerprint, copy_hashes, near_any: all perceptual hashing
        -> data_url.py      a small picture within a page
"""
