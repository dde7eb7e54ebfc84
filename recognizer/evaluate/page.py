"""`reports/evaluate.html`: the evaluation as one page that holds its charts and photos itself."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from recognizer.calibration.calibrate import BINS, Calibration
from recognizer.evaluate.cautions import cautions
from recognizer.evaluate.charts import Charts
from recognizer.evaluate.metrics import MANY
from recognizer.faces.detector import INSTALL
from recognizer.files import write_whole
from recognizer.recipe import Recipe
from recognizer.words.sources import describe_source
from recognizer.words.words import NO_BREAK, SOURCE, words_in

TEMPLATE = "evaluate.html"
# How a photo came by its label.
UNDER = {"found": "found under", "sorted": "sorted under", "listed": "listed under", "drawn": "drawn as"}


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
    pages.filters |= {
        "percent": _percent,
        "interval": _interval,
        "count": _count,
        "certainty": words_in(SOURCE).percent,
    }
    shown = {"recipe": recipe, "report": report, "calibration": calibration, "charts": charts}
    page = pages.get_template(TEMPLATE).render(
        **shown,
        **_source_words(recipe),
        blind=report["blind"],
        cautions=cautions(recipe, report),
        wrong_labels=round(report["likely_wrong_labels"]),
        bins=BINS,
        many=MANY,
        install=INSTALL,
    )
    file = folder / TEMPLATE
    write_whole(file, page.encode())
    return file


def _source_words(recipe: Recipe) -> dict[str, Any]:
    """Return the words that depend on where the photos come from."""
    source = describe_source(recipe.collect.engines)
    noun = "picture" if source.kind == "drawn" else "photo"
    return {"source": source, "under": UNDER[source.kind], "noun": noun}


def _percent(share: float | None) -> str:
    """Return a share that was counted; one that is an estimate is never called certain (`certainty`)."""
    return "–" if share is None else f"{share * 100:.1f}{NO_BREAK}%"


def _interval(interval: list[float]) -> str:
    low, high = interval
    return f"{low * 100:.1f} to {_percent(high)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
