"""Collect with fastai: with_fastai.py ADDRESSES FOLDER prints photos and seconds as JSON."""

import recognizer.networks.torchvision_cure  # noqa: F401

import json
import os
import sys
import time
from pathlib import Path

from fastai.vision.utils import download_images, get_image_files, resize_images, verify_images

LONGEST_SIDE = 640
MOST = 1_000_000  # photos; 1,000 by default

addresses, folder = Path(sys.argv[1]), Path(sys.argv[2])
begun = time.monotonic()
folder.mkdir()
download_images(folder / "raw", url_file=addresses, max_pics=MOST, preserve_filename=False)
raw = get_image_files(folder / "raw")
broken = set(verify_images(raw))
for photo in broken:
    photo.unlink()
resize_images(folder / "raw", max_workers=os.cpu_count(), max_size=LONGEST_SIDE, dest=folder / "photos")
seconds = time.monotonic() - begun
print(json.dumps({"photos": len(list((folder / "photos").iterdir())), "seconds": seconds}))
