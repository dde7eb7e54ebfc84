"""Photos a second and memory of collecting: ours, fastai's and img2dataset's, in one run on the same photos.

    python -m benchmarks.collect ../shared/photos
    python -m benchmarks.collect ../shared/photos --side 3000

Each fetches the same photos over plain http through the same proxy on loopback (all three honour HTTP_PROXY, and ours
connects to nothing private without one), and scales them to 640 pixels at most, JPEG quality 90:

- ours is the real collector with its store: rows of hits, checks, fingerprints, one file and one row for each photo;
- fastai's way is `download_images`, `verify_images`, `resize_images`;
- img2dataset writes files, with as many processes as there are cores and shards enough for them.

A search is no part of it: our hits are in the store before. The rate is of the call alone, without imports; memory is
of all processes, imports included. img2dataset gets a virtual environment of its own, below data/benchmarks.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PIL import Image

from benchmarks.plain_web import PlainWeb
from benchmarks.processes import Cost, measure
from recognizer.errors import PictureError
from recognizer.images.decode import read_picture
from tests.drawn_web import PATTERNS, Painter

ENVIRONMENT = Path("data/benchmarks/img2dataset")
PEER = "img2dataset==1.47.0"
HOSTS = 40
DRAWN = 400  # photos, where there is no folder of them
CONTENDERS = ("ours", "fastai", "img2dataset")


def main() -> None:
    arguments = _arguments()
    pythons = dict.fromkeys(("ours", "fastai"), sys.executable)
    pythons["img2dataset"] = str(_img2dataset())
    with tempfile.TemporaryDirectory() as scratch:
        served = Path(scratch, "served")
        addresses = _serve_from(served, arguments.folder, arguments.side, arguments.most)
        listed = Path(scratch, "addresses.txt")
        listed.write_text("\n".join(addresses))
        print(f"{len(addresses)} photos, {_average(served):.0f} kB on average, {os.cpu_count()} cores")
        with PlainWeb(served) as web:
            for number, name in enumerate(CONTENDERS * arguments.times):
                script = Path(__file__).with_name("collect_contenders") / f"with_{name}.py"
                command = [pythons[name], str(script), str(listed), str(Path(scratch, f"{name}{number}"))]
                cost = measure(command, web.environment | {"PYTHONPATH": os.curdir})
                _print(name, cost)


def _print(name: str, cost: Cost) -> None:
    result = json.loads(cost.output.splitlines()[-1])
    photos, seconds = result["photos"], result["seconds"]
    print(
        f"{name:12} {photos / seconds:6.0f} photos/s ({photos} photos in {seconds:.1f} s; {cost.seconds:.1f} s with "
        f"start-up), {cost.processor_seconds:.1f} s of processor, {cost.peak_mb:.0f} MB",
        flush=True,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="a small web; drawn photos without it")
    parser.add_argument("--side", type=int, default=0, help="pixels that photos are enlarged to, as cameras give them")
    parser.add_argument("--most", type=int, help="photos; all of them by default")
    parser.add_argument("--times", type=int, default=1, help="rounds")
    return parser.parse_args()


def _img2dataset() -> Path:
    """Return a Python that has img2dataset."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
    return python.absolute()


def _serve_from(served: Path, folder: Path | None, side: int, most: int | None) -> list[str]:
    """Write the photos to serve; return their addresses, on many hosts."""
    served.mkdir()
    names: list[str] = []
    for data in islice(_photos(folder / "files") if folder else _drawn(), most):
        names.append(f"{len(names)}.jpg")
        (served / names[-1]).write_bytes(_enlarged(data, side) if side else data)
    return [f"http://host{number % HOSTS}.example/{name}" for number, name in enumerate(names)]


def _photos(files: Path) -> Iterator[bytes]:
    """Give every JPEG that can be read and is no copy of another."""
    for path in sorted(files.glob("*.jpg")):
        data = path.read_bytes()
        try:
            read_picture(data)
        except PictureError:
            continue
        yield data


def _drawn() -> Iterator[bytes]:
    painters = [Painter(pattern, number / len(PATTERNS), (0, number)) for number, pattern in enumerate(PATTERNS)]
    for number in range(DRAWN):
        yield _jpeg(painters[number % len(painters)].paint())


def _enlarged(data: bytes, side: int) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    scale = side / max(image.size)
    return _jpeg(image.resize((round(image.width * scale), round(image.height * scale))))


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _average(folder: Path) -> float:
    sizes = [path.stat().st_size for path in folder.iterdir()]
    return sum(sizes) / len(sizes) / 1000


if __name__ == "__main__":
    main()
