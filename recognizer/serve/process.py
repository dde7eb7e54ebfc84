"""What a process that serves sees to for itself: it takes many visitors, and leaves no upload when it ends.

prepare_to_serve()        in the main thread, before the page is launched
"""

import atexit
import ctypes
import signal
import sys
import threading
from types import FrameType

from recognizer.serve.uploads import HERE

MOST_FILES = 65_536  # each connection is one
TRIMMED_EVERY = 10.0  # seconds


def prepare_to_serve() -> None:
    """Let as many connections be open as the system allows, give memory back, and delete the uploads at the end.

    The end may be SIGTERM, too. Without the first, 1,000 connections that ask nothing shut everybody out, since 1,024
    open files are the usual limit.
    """
    atexit.register(HERE.close)
    _open_many_files()
    threading.Thread(target=_give_memory_back, name="memory", daemon=True).start()
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _leave)


def _open_many_files() -> None:
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _give_memory_back() -> None:
    """Hand what is free to the system, again and again; after many visitors at once glibc keeps hundreds of MB."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        return
    never = threading.Event()
    while not never.wait(TRIMMED_EVERY):
        trim(0)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
