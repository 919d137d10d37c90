"""Continues calls that the server's previous process kept, or that another worker has (`leaving.py`)."""

import asyncio
import logging
import time
from collections.abc import Callable

from voi.calls.call import Call
from voi.calls.handover import Handover
from voi.core.facts import CameBack, Continued
from voi.errors import ClientError
from voi.transports.voi_ws.door import VoiDoor
from voi.transports.voi_ws.from_client import Init, ResumeCall
from voi.transports.voi_ws.moved import Moved, heard_of, shown, unpack
from voi.transports.voi_ws.resumption import Resumable
from voi.transports.websocket import WebSocket

log = logging.getLogger(__name__)

ASK_S = 2.0
"""How long another worker may take to give up a call."""
ASK_EVERY_S = 0.05


async def fetch(
    handover: Handover, resume_id: str, app: str, person: str | None, wanted: Callable[[], bool]
) -> Moved | None:
    """The call that was kept under that id for that app and person, or that another worker gives up; None if there is
    none, or it cannot be read. A call of another app or person (None: anybody), or one that is no longer `wanted`
    once it was read, is put back."""
    try:
        data = await asyncio.to_thread(handover.take, resume_id)
        if data is None and handover.shared:
            data = await _ask(handover, resume_id, wanted)
        moved = unpack(data) if data is not None else None
    except OSError as error:
        log.error("calls of the process before cannot be read: %s", error)
        return None
    except ClientError as error:
        log.error("%s", error)
        return None
    if data is None or moved is None:
        return None
    if wanted() and moved.app == app and person in (None, moved.person):
        return moved
    await asyncio.to_thread(handover.put, resume_id, data)
    return None


async def _ask(handover: Handover, resume_id: str, wanted: Callable[[], bool]) -> bytes | None:
    """Ask the other workers for the call. Raises OSError."""
    until_s, data = asyncio.get_running_loop().time() + ASK_S, None
    await asyncio.to_thread(handover.want, resume_id)
    try:
        while data is None and wanted() and asyncio.get_running_loop().time() < until_s:
            await asyncio.sleep(ASK_EVERY_S)
            data = await asyncio.to_thread(handover.take, resume_id)
    finally:
        await asyncio.to_thread(handover.want_no_more, resume_id)
    return data


def take_up(call: Call, moved: Moved, resume: ResumeCall, door: VoiDoor, socket: WebSocket) -> Resumable:
    """Open and start `call` as the one that was kept, for a client that resumes it through that door and connection.
    Raises ClientError if the client cannot have what it says, or the agent cannot be run here."""
    init = Init(moved.agent_name, moved.agent_config, moved.options, resumable=True, session=moved.session)
    resumable = Resumable(call, door, None, init, resume.resume_id)
    outbox = resumable.outbox
    lacks = outbox.take_up(moved.sent, moved.frames, moved.ends, resume.received)
    resumable.check(resume)
    heard_ms = heard_of(moved, lacks, resume.played)
    call.began_ms = moved.began_ms or call.began_ms
    session = call.open(init.agent_name, init.agent_config, init.options, Continued(moved.kept, heard_ms))
    session.take_up_captured(moved.captured)
    resumable.messages, resumable.audio_bytes = moved.messages, moved.audio_bytes
    sent = outbox.show(resume.received, None, shown(moved.kept))
    resumable.open(session, b"")
    resumable.attach(socket, sent)
    call.start()
    away_ms = max(0, round((time.time() - moved.left_s) * 1_000))
    session.tell(CameBack(away_ms))
    log.info("a call goes on that was kept %.1f s ago", away_ms / 1_000)
    return resumable
