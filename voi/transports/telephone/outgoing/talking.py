"""A call that was answered becomes a conversation: its door, its agent with the order's variables, and the screening of
its first seconds."""

from collections.abc import Callable
from functools import partial

from voi.calls.call import Call
from voi.calls.calls import Calls
from voi.calls.proof import Proof
from voi.config.agents import Agent
from voi.config.outgoing import MachinesSettings
from voi.config.parts import Phrases, choices_of
from voi.config.templates import render
from voi.core.answering_machine import AnswerVerdict, TakenBy
from voi.core.options import CallOptions
from voi.errors import ClientError, ConfigError
from voi.transports.telephone.answering import left
from voi.transports.telephone.consultation import RingUp
from voi.transports.telephone.dialing import AnsweredCall
from voi.transports.telephone.door import TelephoneDoor
from voi.transports.telephone.outgoing.destinations import Destination
from voi.transports.telephone.outgoing.order import CallOrder
from voi.transports.telephone.outgoing.screening import HeardLine, Screening

SPOKEN_MAX_CHARACTERS = 5_000
TAIL_S = 0.2
"""What the line has played, a telephone's jitter buffer still plays for so long."""


def begin_call(
    calls: Calls,
    answered: AnsweredCall,
    order: CallOrder,
    order_id: str,
    app: str,
    destination: Destination,
    machines: MachinesSettings,
    on_verdict: Callable[[AnswerVerdict], None],
    on_fault: Callable[[str], None],
    prepare: Callable[[Call], None],
    ring_up: RingUp | None = None,
) -> tuple[Call, Screening]:
    """Begin the conversation; the call has its place already, and owns it when this returns. `prepare` is given the
    call before its session is made. `ring_up`: see `TelephoneDoor`. Raises ClientError for an agent that cannot run,
    after the call was hung up."""
    filled = partial(_filled, order.variables)
    screening = Screening(
        machines, answered.line.rate_hz, on_verdict,
        greets=order.first != "wait", at_once=order.when == "at_once",
        message=filled(machines.message), who=filled(machines.who),
    )  # fmt: skip
    call: Call | None = None

    def gone(_: str) -> None:
        if call is not None:
            left(call)

    door = TelephoneDoor(
        HeardLine(answered.line, screening.hear), answered.signalling, on_gone=gone, on_fault=on_fault,
        source=f"the account {order.account}", tail_s=TAIL_S, ring_up=ring_up,
    )  # fmt: skip
    client = f"the account {order.account} (a call that Voi makes)"
    call = calls.admit(app, client, door, person=order.person, proof=Proof.NUMBER, placed=True)
    call.caller, call.order_id = destination.number, order_id
    call.looked_on_by.append(screening)
    prepare(call)
    options = CallOptions(
        mode="call",
        greet=False,
        holds_back=True,
        reports_playback=True,
        returns_echo=True,
        input_rate_hz=door.heard_rate_hz,
    )
    session = call.open(order.agent, None, options, adapt=partial(_adapted, order))
    door.open(session)
    call.start()
    screening.open_line(session)
    return call, screening


def outcome_of(taken_by: TakenBy | None, *, talked: bool) -> str:
    """What an answered call is called when it is over."""
    if taken_by is TakenBy.VOICEMAIL:
        return "voicemail"
    if taken_by in (None, TakenBy.PERSON) or talked:
        return "answered"
    return "machine"


def _adapted(order: CallOrder, agent: Agent) -> Agent:
    """The agent with the order's variables and first words. Raises ClientError."""
    if order.variables:
        try:
            agent = agent.model_copy(update={"vars": dict(order.variables)}).rendered()
        except ConfigError as error:
            raise ClientError(f"variables: {error}") from None
    text = _filled(order.variables, order.text) if order.first == "text" else ""
    greeting = Phrases.model_validate(choices_of(text)) if text else None
    return agent.on_telephone(greeting) if order.first != "wait" else _silent(agent.on_telephone())


def _silent(agent: Agent) -> Agent:
    return agent.model_copy(update={"greetings": None})


def _filled(variables: dict[str, str], text: str) -> str:
    try:
        return render(text, variables, most=SPOKEN_MAX_CHARACTERS)
    except ConfigError:
        return text[:SPOKEN_MAX_CHARACTERS]
