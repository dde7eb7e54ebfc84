"""`reports/evaluate.html`: the evaluation as one page that holds its pictures itself."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from recognizer.calibration.calibrate import Calibration
from recognizer.files import write_whole
from recognizer.recipe import Recipe

TEMPLATE = "evaluate.html"
PICTURES = {
    "confusion": "Which class is taken for which",
    "reliability": "Whether probabilities mean what they say",
    "coverage": "Accuracy of the answers against how many are given",
    "mistakes": "The surest mistakes: where the photo was found, and what it was taken for",
}


def write_html(recipe: Recipe, report: dict[str, Any], calibration: Calibration, folder: Path) -> Path:
    """Write the page.

    Args:
        recipe: the recipe.
        report: of the evaluation.
        calibration: of the network.
        folder: where the pictures lie, and where the page goes.

    Returns:
        The page.
    """
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    pages.filters["percent"] = _percent
    pictures = [(name, caption, _data_uri(folder / f"{name}.png")) for name, caption in PICTURES.items()]
    page = pages.get_template(TEMPLATE).render(recipe=recipe, report=report, calibration=calibration, pictures=pictures)
    file = folder / TEMPLATE
    write_whole(file, page.encode())
    return file


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _data_uri(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode('ascii')}"
