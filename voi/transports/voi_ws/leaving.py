"""Calls whose clients can come back leave this process: for the next one at a planned restart of the server, or for
another worker to which the client was led."""

import asyncio
import logging

from voi.calls.handover import Handover
from voi.core.end_reason import EndReason
from voi.session.session import Session
from voi.transports.resumables import Resumables
from voi.transports.voi_ws.moved import Moved, pack
from voi.transports.voi_ws.resumption import RESTARTING, SERVICE_RESTART, Resumable

SETTLE_S = 3.0
"""How long a call may take to reach a good moment: the person's words are known, and the reply is written."""
WANTED_SETTLE_S = 0.5
"""The same for a call whose client already waits at another worker."""
LOOK_EVERY_S = 0.05
WANTED_EVERY_S = 0.1
AT_ONCE = 8
"""How many calls are written at the same time."""

log = logging.getLogger(__name__)


async def hand_over(resumables: Resumables[Resumable], handover: Handover, hurry: asyncio.Event) -> None:
    """Keep all calls that can be resumed, and tell their clients to come back. A call that cannot be kept ends. `hurry`
    set: do not wait for good moments."""
    gate = asyncio.Semaphore(AT_ONCE)
    calls = [each for each in resumables if each.init.input_audio_format == "pcm16"]
    kept = await asyncio.gather(*(_leave(each, handover, hurry, gate, SETTLE_S) for each in calls))
    if calls:
        log.info("%d of %d calls are kept for the next process", sum(kept), len(calls))


async def give_up_wanted(resumables: Resumables[Resumable], handover: Handover, hurry: asyncio.Event) -> None:
    """For as long as the server runs: a call that another worker asks for is put where that one finds it. A proxy leads
    clients by the address, and to another worker while theirs is renewed; where they are led later is not where their
    call is."""
    gate = asyncio.Semaphore(AT_ONCE)
    while True:
        await asyncio.sleep(WANTED_EVERY_S)
        if not len(resumables):
            continue
        try:
            wanted = await asyncio.to_thread(handover.wanted)
        except OSError as error:
            log.debug("the folder of VOI_RESUME_DIR cannot be read: %s", error)  # `keep_swept` warns of it
            continue
        calls = [each for each in resumables if handover.name_of(each.id) in wanted] if wanted else []
        left = await asyncio.gather(*(_leave(each, handover, hurry, gate, WANTED_SETTLE_S) for each in calls))
        if any(left):
            log.info("%d calls go on at other workers, where their clients are", sum(left))


async def _leave(
    resumable: Resumable, handover: Handover, hurry: asyncio.Event, gate: asyncio.Semaphore, settle_s: float
) -> bool:
    call = resumable.call
    session = call.session
    if session is None or call.ending or resumable.init.input_audio_format != "pcm16":
        return False  # other formats are in the middle of a container
    await _settled(session, hurry, settle_s)
    if call.ending:
        return False
    try:
        moved = _moved(resumable, session)
        async with gate:
            await asyncio.to_thread(lambda: handover.put(resumable.id, pack(moved)))
    except (OSError, ValueError) as error:
        log.error("call %s cannot be kept for the next process: %s", call.id, error)
        call.end(EndReason.DRAINED)
        return False
    call.afterwards.clear()  # it is not over
    resumable.outbox.leave(SERVICE_RESTART, RESTARTING)
    call.end(EndReason.DRAINED)
    return True


async def _settled(session: Session, hurry: asyncio.Event, within_s: float) -> None:
    loop = asyncio.get_running_loop()
    until_s = loop.time() + within_s
    session.settle()
    while not (session.settled or hurry.is_set() or loop.time() >= until_s):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_EVERY_S)


def _moved(resumable: Resumable, session: Session) -> Moved:
    """The call as it is now. From here on it does nothing more in this process."""
    session.hold()
    resumable.socket = None  # whatever the client still sends is for the next process
    sent, frames, ends = resumable.outbox.moved()
    init = resumable.init
    return Moved(
        app=resumable.call.app, person=resumable.call.person,
        agent_name=init.agent_name, agent_config=init.agent_config, session=init.session, options=init.options,
        kept=session.keep(), sent=sent, frames=frames, ends=ends,
        messages=resumable.messages, audio_bytes=resumable.audio_bytes, proof=resumable.call.proof,
        began_ms=resumable.call.began_ms, captured=session.captured,
    )  # fmt: skip
