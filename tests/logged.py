"""The process's log, taken down for a test, and everything about it as it was afterwards."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot import logs


@contextmanager
def logged(*secret_values: str, level: int = logging.INFO) -> Iterator[io.StringIO]:
    """What is logged meanwhile, one JSON object a line."""
    root, quiet = logging.getLogger(), {name: logging.getLogger(name).level for name in logs._QUIET}
    before, was, stream = list(root.handlers), root.level, io.StringIO()
    logs.configure(stream, secret_values, level)
    try:
        yield stream
    finally:
        root.handlers = before
        root.setLevel(was)
        for name, each in quiet.items():
            logging.getLogger(name).setLevel(each)
        logging.captureWarnings(False)
        structlog.reset_defaults()
        logs._secrets = ()
