"""Alone: one build at a time works in a project; what the system refuses is worded."""

import fcntl
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from literate.sources import fault


def end_on_request() -> None:
    """Take a request to end, or the end of the terminal, as Ctrl-C: what was started is ended first."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Word what the system refuses."""
    try:
        yield
    except OSError as error:
        rule = "outputs/ and the folder for temporary files must be writable, with room left"
        raise fault(str(error.filename or root / "outputs"), error.strerror or str(error), rule) from None


@contextmanager
def alone(root: Path, say: Callable) -> Iterator[None]:
    """Let one build at a time work in a project."""
    with explained(root):
        (root / "outputs").mkdir(exist_ok=True)
        lock = (root / "outputs/.lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is at work here; waiting for its end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
