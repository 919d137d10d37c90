"""Signals beside those that end a server."""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator

HEEDED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)

log = logging.getLogger(__name__)


@contextlib.contextmanager
def heeding(reload: Callable[[], object]) -> Iterator[None]:
    """SIGHUP calls `reload`, as is usual for servers. By default it, SIGUSR1 and SIGUSR2 would end the process
    silently. Signals that `nohup` ignores stay ignored. Enter it in the event loop; beside the main thread it does
    nothing."""
    loop = asyncio.get_running_loop()

    def on_signal(sig: signal.Signals) -> None:
        if sig is signal.SIGHUP:
            reload()
        else:
            log.warning("%s has no meaning here; SIGHUP reads the configuration again.", sig.name)

    if threading.current_thread() is threading.main_thread():
        for sig in HEEDED:
            if signal.getsignal(sig) is not signal.SIG_IGN:
                loop.add_signal_handler(sig, on_signal, sig)
    try:
        yield
    finally:
        for sig in HEEDED:
            loop.remove_signal_handler(sig)
