"""The environment that writes TFLite files: litert-torch asks for versions that this program cannot use.

    python = converter(watch)       # made the first time: about 1 GB in the user's cache, in one to three minutes

It is `.venv-tflite` in the user's cache, one for all recipes. Torch is not installed there again: what is missing there
is taken from the environment that this program runs in, so that both read one another's networks.
"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recognizer.errors import RecognizerError
from recognizer.files import hold, writing
from recognizer.report import Watch, unwatched

NAME = ".venv-tflite"
PACKAGES = ("litert-torch==0.10.*",)
STAMP = "made-of.json"  # written last, and only then is the folder called as it is: a stop leaves no half environment
PATIENCE = 900.0  # seconds that a second run waits for the first one, which makes it
SAYING = "making the environment for TFLite, once ({size} in {place})"
SIZE = "1 GB"


def environment_folder() -> Path:
    """Return where the environment is, or will be."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "recognizer" / NAME


def converter(watch: Watch = unwatched) -> Path:
    """Return the Python that has litert-torch; its environment is made where it is missing or made of other versions.

    Args:
        watch: told that it is being made.

    Raises:
        RecognizerError: its packages cannot be installed, as without a network.
        Unwritable: the disk is full, or the cache may not be written.
    """
    place = environment_folder()
    with hold(place.parent / f"{NAME}.lock", PATIENCE):
        if not is_made():
            _make(place, watch)
    return _python(place)


def is_made() -> bool:
    """Tell whether the environment is there, made of what is wanted now."""
    return bool(_stamp(environment_folder()) == _wanted())


def _make(place: Path, watch: Watch) -> None:
    what = SAYING.format(size=SIZE, place=place)
    watch(what, 0, 2)
    with writing(place.parent), _new_folder(place) as half:
        venv.create(half, with_pip=True)
        _share_ours(half)
        watch(what, 1, 2)
        _install(_python(half))
        (half / STAMP).write_text(json.dumps(_wanted()), encoding="utf-8")
    watch(what, 2, 2)


@contextmanager
def _new_folder(place: Path) -> Iterator[Path]:
    """Give a folder that takes the place of the old one when all is in it, and is gone otherwise.

    Each has a name of its own: where this program was killed, its pip may still be at work in the one before.
    """
    for left in place.parent.glob(f"{NAME}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    half = Path(tempfile.mkdtemp(".part", f"{NAME}.", place.parent))
    try:
        yield half
        shutil.rmtree(place, ignore_errors=True)
        half.replace(place)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _wanted() -> dict[str, Any]:
    """Return what the environment has to be made of, to be the one that is wanted now."""
    torch = importlib.metadata.version("torch").split("+")[0]
    return {"packages": [*PACKAGES, f"torch=={torch}"], "python": sys.version, "shared": _our_folders()}


def _stamp(place: Path) -> Any:
    try:
        return json.loads((place / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # it is made then


def _our_folders() -> list[str]:
    """Return the folders that this program's packages are in, and the one that the program itself is in."""
    packages = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    return [*packages, str(Path(__file__).parents[2])]


def _share_ours(environment: Path) -> None:
    """Let an environment find in ours what it has not itself: its own packages come first."""
    site = sysconfig.get_path("purelib", "venv", {"base": str(environment)})
    (Path(site) / "shared.pth").write_text("\n".join(_our_folders()), encoding="utf-8")


def _python(environment: Path) -> Path:
    return Path(sysconfig.get_path("scripts", "venv", {"base": str(environment)})) / Path(sys.executable).name


def _install(python: Path) -> None:
    """Install the packages; pip finds those that are shared, and fetches the others.

    Raises:
        RecognizerError: pip could not.
    """
    how = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"]
    command = [str(python), "-m", "pip", "install", *how, *_wanted()["packages"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise RecognizerError(
            f"The packages that write TFLite files could not be installed ({(said or ['pip failed'])[-1]}); they are "
            "fetched once, so connect to the network and run this command again, or leave out --tflite."
        )
