"""A model whose answers are about photos of one face, and photos with none, one and several."""

import io
import json
import shutil
from pathlib import Path

from PIL import Image

from recognizer.faces.any_size import any_size
from recognizer.faces.counting import FACES
from recognizer.faces.detector import weights_file
from recognizer.images.decode import sha256
from tests.faces.painted import portrait


def of_one_face(model: Path, folder: Path, finds: bool = True) -> Path:
    """Copy a model of several outputs so that its answers are about photos of one face.

    Args:
        model: the model folder.
        folder: the copy will be `model` in it.
        finds: whether it holds what finds faces.
    """
    to = Path(shutil.copytree(model, folder / "model"))
    facts = json.loads((to / "model.json").read_text()) | {"one_face": True}
    if finds:
        (to / FACES).write_bytes(any_size(weights_file()))
        facts["sha256"][FACES] = sha256((to / FACES).read_bytes())
    (to / "model.json").write_text(json.dumps(facts))
    return to


def with_faces(count: int) -> bytes:
    """Return a JPEG of so many portraits side by side; of a grey wall where there are none."""
    one = portrait()
    picture = Image.new("RGB", (one.width * max(count, 1), one.height), "grey")
    for place in range(count):
        picture.paste(one, (place * one.width, 0))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=95)
    return written.getvalue()
