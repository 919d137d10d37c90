"""Whatever is cut, confirmed and sent again, in whatever order: the client has each message once, in order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import VirtualLoop, in_virtual_time
from voi.transports import resend_queue
from voi.transports.resend_queue import BYTES_PER_S
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.outbox import Outbox

MS = BYTES_PER_S // 1_000


class Net:
    """A connection: what is sent waits in `under_way` until `deliver`."""

    def __init__(self) -> None:
        self.under_way: list[bytes | int] = []
        self.on_pong: Callable[[bytes], None] | None = None
        self.closed: tuple[int, str] | None = None
        self.backlog_bytes = 0

    def send(self, message: bytes) -> None:
        self.under_way.append(message)

    def ping(self, payload: bytes) -> None:
        self.under_way.append(int.from_bytes(payload, "big"))

    def close(self, code: int, reason: str = "") -> None:
        self.closed = code, reason

    def deliver(self, count: int = 10**9, *, pongs: bool = True) -> list[bytes]:
        """The first so many arrive. Their pings are answered."""
        arrived, self.under_way = self.under_way[:count], self.under_way[count:]
        for each in arrived:
            if isinstance(each, int) and pongs and self.on_pong:
                self.on_pong(each.to_bytes(8, "big"))
        return [each for each in arrived if isinstance(each, bytes)]


class Client:
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.count = 0

    def take(self, frames: list[bytes]) -> None:
        self.got += frames
        self.count += len(frames)


def sound(number: int, ms: int = 100) -> bytes:
    return wire.audio_header(1) + number.to_bytes(2, "big") * (ms * MS // 2)


def make(net: Net, **options: Any) -> tuple[Outbox, list[str]]:
    told: list[str] = []
    return Outbox(net, lambda: told.append("silent"), lambda: told.append("heard"), **options), told


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sound"), st.integers(0, 60_000)),
        st.tuples(st.just("status"), st.sampled_from(("response_created", "response_done"))),
        st.tuples(st.just("message"), st.integers(0, 3)),
        st.tuples(st.just("deliver"), st.integers(0, 6)),
        st.tuples(st.just("wait"), st.sampled_from((0.1, 0.5, 1.1))),
        st.tuples(st.just("cut"), st.integers(0, 4)),
        st.tuples(st.just("back"), st.integers(0, 0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_each_message_arrives_once_and_in_order(steps: list[tuple[str, Any]]) -> None:
    async def run() -> None:
        net, client, sent = Net(), Client(), []
        outbox, _ = make(net)
        texts = 0
        last: dict[int, bytes] = {}

        def back() -> None:
            nonlocal net
            net = Net()
            client.count = outbox.rewind(client.count, None, ())
            outbox.attach(net)

        for kind, value in steps:
            match kind:
                case "sound":
                    sent.append(sound(value, 20))
                    outbox.send(sent[-1])
                case "status":
                    sent.append(wire.status(value))
                    outbox.send(sent[-1])
                case "message":
                    texts += 1
                    last[value] = wire.message(value, "user", f"text {texts}")
                    sent.append(last[value])
                    outbox.send(sent[-1])
                case "deliver":
                    client.take(net.deliver(value))
                case "wait":
                    await asyncio.sleep(value)
                case "cut":  # some arrives, the rest is lost
                    client.take(net.deliver(value, pongs=False))
                    net = Net()
                    outbox.detach()
                case "back":
                    back()
        client.take(net.deliver())
        back()
        client.take(net.deliver())
        kinds = [("message" if frame in last.values() or b'"message"' in frame else frame) for frame in sent]
        # messages of the dialogue may be left out where a newer state of the same one followed; the newest never is
        assert [f for f in client.got if b'"message"' not in f] == [f for f in kinds if f != "message"]
        arrived = iter(sent)
        assert all(any(frame == each for each in arrived) for frame in client.got), "in order, and none twice"
        for message_id, frame in last.items():
            shown = [f for f in client.got if b'"id":%d}' % message_id in f]
            assert shown[-1] == frame
        outbox.close(1000)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


@in_virtual_time
async def test_confirmed_messages_are_not_kept_and_unconfirmed_sound_is_backlog() -> None:
    net = Net()
    outbox, _ = make(net)
    for number in range(60):
        outbox.send(sound(number))
    assert outbox.backlog_bytes == 2_000 * MS
    net.backlog_bytes = 7
    await asyncio.sleep(1.5)
    net.deliver()
    assert outbox.backlog_bytes == 7
    assert outbox.rewind(60, None, ()) == 60
    assert outbox.attach(Net()) == {}
    outbox.close(1000)


@in_virtual_time
async def test_what_is_kept_is_bounded_and_the_dialogue_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resend_queue, "KEPT_MAX", 10)
    net = Net()
    outbox, _ = make(net)
    for number in range(25):
        outbox.send(wire.error(f"oh {number}"))
    assert not outbox.may_have(26)
    whole = [wire.message(0, "user", "all"), wire.message(1, "assistant", "of it")]
    base = outbox.show(3, None, whole)
    again = Net()
    outbox.attach(again)
    frames = again.deliver()
    assert frames[:2] == whole
    assert base + len(frames) == outbox.rewind(base + len(frames), None, ())
    outbox.close(1000)


@in_virtual_time
async def test_a_page_that_was_reloaded_is_shown_all_and_hears_the_rest_of_its_player() -> None:
    net = Net()
    outbox, _ = make(net)
    for number in range(10):
        outbox.send(sound(number))
    await asyncio.sleep(1.5)
    net.deliver()  # all of it, confirmed
    outbox.send(sound(10))
    again = Net()
    outbox.show(None, (1, 750), [wire.message(0, "assistant", "hi")])
    assert outbox.attach(again) == {1: 350 * MS}
    first, *rest = again.deliver(pongs=False)
    assert first == wire.message(0, "assistant", "hi")
    heard = b"".join(wire.split(frame)[1] for frame in rest)
    whole = b"".join(wire.split(sound(number))[1] for number in range(11))
    assert heard == whole[750 * MS :]
    outbox.close(1000)


@in_virtual_time
async def test_a_silent_client_is_noticed_and_so_is_its_voice() -> None:
    net = Net()
    outbox, told = make(net, streams=True)
    for _ in range(20):
        outbox.alive = True
        await asyncio.sleep(0.3)
    assert told == []
    await asyncio.sleep(1.7)
    assert told == ["silent"]
    await asyncio.sleep(60)
    assert told == ["silent"]
    outbox.alive = True
    await asyncio.sleep(0.5)
    assert told == ["silent", "heard"]
    await asyncio.sleep(2)
    net.deliver()  # the pongs alone, too
    assert told == ["silent", "heard", "silent", "heard"]
    outbox.detach()
    await asyncio.sleep(60)
    assert told[4:] == []


@in_virtual_time
async def test_a_chat_in_which_nothing_is_under_way_is_left_alone() -> None:
    net = Net()
    outbox, told = make(net)
    outbox.send(wire.status("response_done"))
    await asyncio.sleep(1)
    net.deliver()
    net.under_way.clear()
    await asyncio.sleep(600)
    assert net.under_way == told == []
    outbox.close(1000, "bye")
    assert net.closed == (1000, "bye")
    outbox.send(wire.status("response_done"))
    assert net.under_way == []


@in_virtual_time
async def test_pongs_that_nobody_asked_for_confirm_nothing() -> None:
    net = Net()
    outbox, _ = make(net)
    outbox.send(sound(1))
    assert net.on_pong
    for payload in (b"", b"1", (10**15).to_bytes(8, "big"), bytes(8)):
        net.on_pong(payload)
    outbox.detach()
    again = Net()
    outbox.rewind(0, None, ())
    outbox.attach(again)
    assert again.deliver() == [sound(1)]
    outbox.close(1000)


@in_virtual_time
async def test_half_a_surrogate_pair_as_a_model_may_write_it() -> None:
    net = Net()
    outbox, _ = make(net)
    frame = wire.message(0, "assistant", "\ud83d")
    outbox.send(frame)
    sent, frames, ends = outbox.moved()
    again, _ = make(Net())
    again.take_up(sent, frames, ends, 0)
    line = Net()
    again.rewind(0, None, ())
    again.attach(line)
    assert net.deliver() == line.deliver() == [frame]
    outbox.close(1000)
    again.close(1000)


@in_virtual_time
async def test_another_process_sends_what_is_missing_but_no_sound() -> None:
    net = Net()
    outbox, _ = make(net)
    frames = [wire.status("response_created"), sound(1), wire.status("response_done"), sound(2), wire.speech_done(1)]
    for frame in frames:
        outbox.send(frame)
    moved = outbox.moved()
    outbox.leave(1012, "Come back.")
    assert net.closed == (1012, "Come back.")
    for received, lacks, again in (
        (0, {1: 0}, [frames[0], frames[2]]), (2, {1: 100 * MS}, [frames[2]]), (3, {1: 100 * MS}, []),
        (4, {}, [frames[4]]), (5, {}, []),
    ):  # fmt: skip
        other, line = make(Net())[0], Net()
        assert other.take_up(*moved, received) == lacks
        assert other.may_have(5)
        assert not other.may_have(6)
        other.rewind(received, None, ())
        other.attach(line)
        assert line.deliver() == again
        assert other.before_ms(1) == other.before_ms(None) == lacks.get(1, 200 * MS) // MS
        assert other.moved()[2][0].before_bytes == lacks.get(1, 200 * MS)
        other.close(1000)
