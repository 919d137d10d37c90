"""Chooses uvicorn's HTTP protocol: Voi's, which limits silent connections, or uvicorn's own if that does not fit.

Voi's is built on a class of uvicorn that is not public. If another version of uvicorn has a different class, the server
still starts, with uvicorn's public settings. WebSockets work then too, but silent connections are not limited.
"""

import logging
from functools import partial
from importlib import import_module
from typing import Any

from voi.transports.forwarded import TrustedProxies

UVICORNS_MODULE = "uvicorn.protocols.http.httptools_impl"
UVICORNS_CLASS = "HttpToolsProtocol"
OVERRIDDEN = (
    "connection_made", "data_received", "on_message_begin", "on_headers_complete", "on_message_complete",
    "on_response_complete", "handle_websocket_upgrade", "connection_lost", "_unset_keepalive_if_required",
    "send_400_response", "pause_writing", "resume_writing",
)  # fmt: skip
"""Methods of uvicorn's class that Voi's overrides or calls."""

log = logging.getLogger(__name__)


def http_protocol(proxies: TrustedProxies) -> Any:
    """The protocol for `uvicorn.Config(http=…)`."""
    if missing := _missing():
        log.warning("this uvicorn is another than Voi knows (%s): silent connections are not limited", missing)
        return "auto"
    from voi.server.http import HttpProtocol, WaitingConnections

    return partial(HttpProtocol, waiting=WaitingConnections(proxies.trusts))


def _missing() -> str:
    """What uvicorn's class lacks for Voi's protocol; "": nothing."""
    try:
        base = getattr(import_module(UVICORNS_MODULE), UVICORNS_CLASS, None)
    except ImportError:
        return f"no {UVICORNS_MODULE}"
    if base is None:
        return f"no {UVICORNS_CLASS}"
    return ", ".join(f"no {UVICORNS_CLASS}.{name}" for name in OVERRIDDEN if not callable(getattr(base, name, None)))
