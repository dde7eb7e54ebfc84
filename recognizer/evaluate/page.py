"""`reports/evaluate.html`: the evaluation as one page that holds its charts and photos itself."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from recognizer.calibration.calibrate import BINS, Calibration
from recognizer.evaluate.charts import Charts
from recognizer.evaluate.metrics import MANY
from recognizer.files import write_whole
from recognizer.recipe import Recipe

TEMPLATE = "evaluate.html"


def write_html(recipe: Recipe, report: dict[str, Any], calibration: Calibration, charts: Charts, folder: Path) -> Path:
    """Write the page.

    Args:
        recipe: the recipe.
        report: of the evaluation.
        calibration: of the network.
        charts: what is drawn.
        folder: where the page goes.

    Returns:
        The page.
    """
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    pages.filters["percent"] = _percent
    page = pages.get_template(TEMPLATE).render(
        recipe=recipe, report=report, calibration=calibration, charts=charts, bins=BINS, many=MANY
    )
    file = folder / TEMPLATE
    write_whole(file, page.encode())
    return file


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
