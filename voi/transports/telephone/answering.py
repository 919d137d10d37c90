"""A telephone call that comes in becomes a conversation: the same steps for every protocol that brings calls."""

from collections.abc import Mapping
from functools import partial

from voi.calls.call import Call
from voi.calls.calls import Calls
from voi.calls.proof import Proof
from voi.config.agents import Agent
from voi.config.phones import PhoneNumber
from voi.core.end_reason import EndReason
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.session.door import Door
from voi.session.events import Ended
from voi.session.session import Session
from voi.transports.telephone.door import TelephoneDoor


def admit_call(
    calls: Calls, door: Door, app: str, client: str, call_id: str, caller: str, callers: Mapping[str, str]
) -> Call:
    """Give the call its place. `caller`: the number that the person calls from; "": it is not known. `callers`: who
    calls, by their number; it proves nothing. Raises Refused."""
    call = calls.admit(app, client, door, call_id, callers.get(caller, "") if caller else "", Proof.NUMBER)
    call.caller = caller
    return call


def open_call(call: Call, number: PhoneNumber, heard_rate_hz: int) -> Session | None:
    """Make the session of the agent that answers that number. `heard_rate_hz`: of the caller's sound. None: the agent
    cannot be run, and the call is over; its door was told why."""
    options = CallOptions(mode="call", reports_playback=True, returns_echo=True, input_rate_hz=heard_rate_hz)
    try:
        return call.open(number.agent, None, options, adapt=partial(_adapted, number))
    except ClientError as error:
        call.refuse(Ended(EndReason.BAD_START, f"The call cannot begin: {error}"))
        return None


def left(call: Call) -> None:
    """The other side of that call has hung up, or can no longer be heard."""
    door = call.door
    if isinstance(door, TelephoneDoor) and door.passed_on:
        call.end(EndReason.TRANSFERRED)
    else:
        call.hang_up()


def _adapted(number: PhoneNumber, agent: Agent) -> Agent:
    return agent.on_telephone(number.greeting, number.language)
