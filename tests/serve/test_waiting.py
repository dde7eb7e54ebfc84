"""Questions that nobody waits for do not hold up the next visitor."""

import base64
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.waiting import MOST_WAITING, NOBODY, Waiting
from tests.conftest import Served
from tests.serve.asking import answered, ask, client, listen, of_upload, serving, upload, wait_for

QUESTIONS = 40


@pytest.fixture(scope="module")
def slow_photo() -> dict[str, str]:
    """A photo that takes a good part of a second, and few bytes."""
    written = io.BytesIO()
    Image.new("RGB", (7000, 7000), "teal").save(written, "PNG")
    return {"url": "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()}


@pytest.fixture
def served_here(served: Served) -> Iterator[tuple[str, Any]]:
    """The address and the queue of a page that waits a short time until somebody listens."""
    with serving(served.model, grace=0.3) as (address, app):
        yield address, app.get_blocks()._queue


def test_whoever_waits_goes_before_questions_that_nobody_waits_for(served: Served, slow_photo: dict[str, str]) -> None:
    """200 of them; each of the 3 visitors who come after all is answered next."""
    with serving(served.model) as (address, app), client(address) as page:
        queue = app.get_blocks()._queue
        path = [upload(page, served.photos[0].read_bytes()) for _ in range(3)]
        for _ in range(200):
            ask(page, slow_photo)
        waiting = len(queue)
        for each in path:
            assert answered(page, of_upload(each))[0] == "complete"
        assert waiting > 100 and waiting - len(queue) < 20


def test_questions_that_nobody_waits_for_are_dropped(served_here: tuple[str, Any], slow_photo: dict[str, str]) -> None:
    address, queue = served_here
    with client(address) as page:
        asked = [ask(page, slow_photo) for _ in range(QUESTIONS)]
        assert wait_for(lambda: not queue.event_ids_to_events, 30)
        # A processor that was just then free may have taken one of the last, each of them no second.
        last = [listen(page, one) for one in asked[-1 - usable_processors() :]]
        assert ("error", {"error": NOBODY}) in last
        assert _answers(queue) < QUESTIONS / 2


def test_questions_of_those_who_left_are_dropped(
    served_here: tuple[str, Any], served: Served, slow_photo: dict[str, str]
) -> None:
    address, queue = served_here
    with client(address) as page:
        path = upload(page, served.photos[0].read_bytes())
        for _ in range(QUESTIONS):
            event = ask(page, slow_photo).json()["event_id"]
            with page.stream("GET", f"/gradio_api/call/predict/{event}"):
                pass  # and away
        assert answered(page, of_upload(path))[0] == "complete"
        assert wait_for(lambda: not queue.event_ids_to_events, 30)
        assert len(queue.process_time_per_fn) and _answers(queue) < QUESTIONS / 2


def test_whoever_waits_is_answered_however_long_it_takes(
    served_here: tuple[str, Any], slow_photo: dict[str, str]
) -> None:
    """Longer than the time in which to begin listening."""
    address, _ = served_here
    with client(address) as page, ThreadPoolExecutor(8) as visitors:
        answers = visitors.map(lambda _: answered(page, slow_photo)[0], range(8))
        assert list(answers) == ["complete"] * 8


def test_an_answer_that_nobody_fetches_is_not_kept(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Waiting, "kept_for", 0.3)
    with serving(served.model) as (address, app), client(address) as page:
        queue = app.get_blocks()._queue
        for _ in range(5):
            ask(page, of_upload(upload(page, served.photos[0].read_bytes())))
        assert wait_for(lambda: not queue.event_ids_to_events, 10)
        assert wait_for(lambda: not queue.pending_event_ids_session and not len(queue.pending_messages_per_session), 10)


def test_more_questions_than_there_is_room_for_are_refused(served_here: tuple[str, Any]) -> None:
    address, queue = served_here
    assert queue.max_size == MOST_WAITING
    queue.max_size = 2
    queue.active_jobs = []  # no worker: they wait
    with client(address) as page:
        assert [ask(page, None).status_code for _ in range(4)] == [200, 200, 503, 503]


def _answers(queue: Any) -> int:
    return sum(time.count for time in queue.process_time_per_fn.values())
