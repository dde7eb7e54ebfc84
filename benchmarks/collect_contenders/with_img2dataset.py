"""Collect with img2dataset: with_img2dataset.py ADDRESSES FOLDER prints photos and seconds as JSON."""

import json
import os
import sys
import time
from pathlib import Path

from img2dataset import download

SHARDS_A_CORE = 2
LONGEST_SIDE, QUALITY = 640, 90


def main() -> None:
    addresses, folder = Path(sys.argv[1]), Path(sys.argv[2])
    cores = os.cpu_count() or 1
    photos = len(addresses.read_text().splitlines())
    begun = time.monotonic()
    download(
        url_list=str(addresses),
        input_format="txt",
        output_folder=str(folder),
        output_format="files",
        processes_count=cores,
        thread_count=64,
        number_sample_per_shard=-(-photos // (cores * SHARDS_A_CORE)),
        image_size=LONGEST_SIDE,
        resize_mode="keep_ratio_largest",
        resize_only_if_bigger=True,
        encode_quality=QUALITY,
    )
    seconds = time.monotonic() - begun
    print(json.dumps({"photos": len(list(folder.glob("*/*.jpg"))), "seconds": seconds}))


if __name__ == "__main__":
    main()
