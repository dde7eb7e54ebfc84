"""Questions that nobody waits for are not answered, and answers that nobody fetches are not kept.

A visitor asks with one request and listens for the answer with another. Gradio drops the question of one who stops
listening, but answers all who never began; they would hold up the next visitor. Here whoever listens goes first.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any

import gradio as gr
from gradio.server_messages import ProcessCompletedMessage

GRACE = 15.0  # seconds between a question and its listener; clients take one round trip, more where much is going on
KEPT_FOR = 60.0  # seconds; an answer that nobody fetched is dropped
MOST_WAITING = 300  # questions; further ones are refused
NOBODY = "Nobody waited for this answer; ask again."


def open_queue(page: gr.Blocks) -> None:
    """Give a page its queue, in which a question of a session with an empty name gets one.

    Gradio would look for such a question under two names, and after the error take no question any more.

    Args:
        page: whole, and not served yet.
    """
    page.queue(max_size=MOST_WAITING, api_open=False)
    push = page._queue.push

    async def push_named(body: Any, *args: Any, **kwargs: Any) -> Any:
        body.session_hash = body.session_hash or None
        return await push(body, *args, **kwargs)

    page._queue.push = push_named  # type: ignore[method-assign]


class Waiting:
    """Who listens, for a Gradio queue.

    Args:
        grace: seconds that a question is kept without a listener.
    """

    kept_for = KEPT_FOR

    def __init__(self, grace: float = GRACE) -> None:
        self.grace = grace
        self._listening: Counter[str] = Counter()
        self._inline: dict[str, int] = {}

    @contextmanager
    def listening(self, queue: Any, key: str) -> Iterator[None]:
        """Count a listener while it is there, and put questions with one before those without.

        Args:
            queue: Gradio's.
            key: the session, or the event, that is listened for.
        """
        self._listening[key] += 1
        for one in queue.event_queue_per_concurrency_id.values():
            one.queue.sort(key=lambda event: not self._heard(event.session_hash, event._id))
        try:
            yield
        finally:
            self._listening[key] -= 1
            self._listening += Counter()  # drops those at 0
            self._look_later(queue, key)

    def asked(self, queue: Any, event_id: str, size: int) -> None:
        """Look after a question that has been put into the queue.

        Args:
            queue: Gradio's.
            event_id: the question.
            size: bytes of memory that it takes until it is answered.
        """
        self._inline[event_id] = size
        event = queue.event_ids_to_events.get(event_id)
        self._look_later(queue, event.session_hash if event else event_id)

    def inline(self, queue: Any) -> int:
        """Return the bytes of all questions that wait in the queue."""
        self._inline = {name: size for name, size in self._inline.items() if name in queue.event_ids_to_events}
        return sum(self._inline.values())

    def _look_later(self, queue: Any, session: str) -> None:
        loop = asyncio.get_running_loop()
        empty = Context()  # else each keeps all of the request for so long
        loop.call_later(self.grace, lambda: loop.create_task(self._drop_unheard(queue)), context=empty)
        loop.call_later(self.kept_for, self._drop_unfetched, queue, session, context=empty)

    async def _drop_unheard(self, queue: Any) -> None:
        """Drop all questions that have waited without a listener; whoever comes after all is told."""
        now = time.monotonic()
        waiting = [event for one in queue.event_queue_per_concurrency_id.values() for event in one.queue]
        for event in waiting:
            if now - event.enqueue_time >= self.grace and not self._heard(event.session_hash, event._id):
                queue.send_message(event, ProcessCompletedMessage(output={"error": NOBODY}, success=False))
                await queue.clean_events(event_id=event._id)

    def _drop_unfetched(self, queue: Any, session: str) -> None:
        """Drop what Gradio keeps for a session to which nobody listens, once all is answered."""
        events = queue.pending_event_ids_session.get(session, set())
        if self._heard(session, *events):
            return  # looked at again when they leave
        if any(name in queue.event_ids_to_events for name in events):
            asyncio.get_running_loop().call_later(self.kept_for, self._drop_unfetched, queue, session)
        else:
            queue.pending_event_ids_session.pop(session, None)
            queue.pending_messages_per_session.pop(session, None)

    def _heard(self, *keys: str) -> bool:
        return any(key in self._listening for key in keys)
