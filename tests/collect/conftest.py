"""Two runs that nothing disturbed, made once."""

import pytest

from tests.collect.collecting import (
    CLASSES,
    PLAIN,
    Run,
    collected,
    read_state,
    set_environment,
    share_a_photo,
    take_no_time,
    write_recipe,
)
from tests.drawn_web import draw_web
from tests.web import SmallWeb


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Everything that the small web has, faults included."""
    folder = tmp_path_factory.mktemp("collected")
    draw_web(folder / "web", CLASSES, PLAIN, faults=True)
    share_a_photo(folder / "web")
    recipe, work = write_recipe(folder, photos=60), folder / "work"
    with pytest.MonkeyPatch.context() as environment, SmallWeb(folder / "web") as web:
        set_environment(environment, web.environment)
        report, state, asked = collected(recipe, work), read_state(work), web.requests
        collected(recipe, work)
        return Run(folder, recipe, work, report, state, asked, read_state(work), web.requests)


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two queries for each class, more photos than wanted, and no trouble that depends on time."""
    folder = tmp_path_factory.mktemp("quick")
    draw_web(folder / "web", [*CLASSES, *(f"{label} cloth" for label in CLASSES)], PLAIN, faults=True)
    share_a_photo(folder / "web")
    take_no_time(folder / "web")
    queries = {label: [label, f"{label} cloth"] for label in CLASSES}
    recipe, work = write_recipe(folder, 10, queries, timeout=60), folder / "work"
    with pytest.MonkeyPatch.context() as environment, SmallWeb(folder / "web") as web:
        set_environment(environment, web.environment)
        report, state = collected(recipe, work), read_state(work)
        return Run(folder, recipe, work, report, state, web.requests, state, web.requests)
