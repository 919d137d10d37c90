"""A log that is silent while a command reports failures itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[None]:
    """Voi logs nothing below critical meanwhile."""
    log = logging.getLogger("voi")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
