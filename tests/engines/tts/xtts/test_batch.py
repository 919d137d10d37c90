"""With or without others, a sentence gets the codes and the sound that it gets alone."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.xtts import tiny
from tests.engines.tts.xtts.speaking import GREEDY, TEXTS, Said, alone, job, run
from voi.engines.tts.xtts import batch as batch_module
from voi.engines.tts.xtts.batch import Batch
from voi.engines.tts.xtts.checkpoint import VoiceLatents
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.model import Running
from voi.engines.tts.xtts.vocoder import PendingSound, VocoderWindow
from voi.errors import EngineError

pytestmark = pytest.mark.integration

DRAWN = Sampling()
WORDS = [
    "where",
    "when",
    "what",
    "has",
    "been",
    "said",
    "then",
    "over",
    "again",
    "three",
    "times",
    "more",
    "or",
    "less",
]


def same_sound(one: Said, other: Said) -> bool:
    """But for one step of int16: sums are rounded differently in batches of different sizes."""
    return one.sound.shape == other.sound.shape and float(np.abs(one.sound - other.sound).max()) < 1.5 / 32_767


@pytest.mark.integration
def test_thirty_two_callers_who_come_and_go_get_what_they_get_alone(model: Running) -> None:
    chance = random.Random(5)
    wishes = [
        {
            "text": " ".join(chance.choices(WORDS, k=chance.randint(1, 16))) + ".",
            "voice": chance.choice(list(model.voices)),
            "sampling": chance.choice([GREEDY, DRAWN, Sampling(temperature=1.2, top_k=0, top_p=1.0)]),
            "seed": number,
            "speed": chance.choice([1.0, 1.0, 1.2]),
            "max_codes": chance.choice([5, 20, 57]),
        }
        for number in range(32)
    ]
    arrivals = sorted(chance.randint(0, 120) for _ in wishes)
    leaves = {number: chance.randint(3, 25) for number in chance.sample(range(32), 8)}
    saids = [job(model, **wish) for wish in wishes]  # type: ignore[arg-type]
    most = 0
    for step in range(2_000):
        for number, arrival in enumerate(arrivals):
            if arrival == step:
                model.batch.submit(saids[number].job)
            if number in leaves and arrival + leaves[number] == step:
                saids[number].job.cancel()
        model.batch.step()
        most = max(most, model.batch.speaking)
        assert int(model.decoder._active.sum()) == sum(not row.ended for row in model.batch._rows.values())
        if step > arrivals[-1] and not model.batch.busy:
            break
    assert most == 8  # all slots were in use
    lengths = set()
    for number, (said, wish) in enumerate(zip(saids, wishes, strict=True)):
        lonely = alone(model, **wish)  # type: ignore[arg-type]
        lengths.add(len(lonely.codes))
        if said.job.cancelled:
            assert said.codes == lonely.codes[: len(said.codes)]
            assert said.ends in ([], [None])
        else:
            assert said.codes == lonely.codes, number
            assert same_sound(said, lonely)
            assert said.ends == [None]
    assert len(lengths) > 8


def test_drawn_codes_depend_on_the_seed_alone(model: Running) -> None:
    one, other = (alone(model, TEXTS[2], sampling=DRAWN, seed=seed) for seed in (1, 2))
    assert one.codes != other.codes
    crowd = [job(model, text, sampling=DRAWN, seed=9) for text in TEXTS]
    again = job(model, TEXTS[2], sampling=DRAWN, seed=1)
    run(model.batch, *crowd, again)
    assert again.codes == one.codes


def test_a_cancelled_sentence_is_gone_before_the_next_code(model: Running) -> None:
    crowd = [job(model, TEXTS[2]) for _ in range(8)]
    waiting = job(model, TEXTS[0])
    for said in (*crowd, waiting):
        model.batch.submit(said.job)
    model.batch.step()
    model.batch.step()
    assert waiting.codes == []
    crowd[3].job.cancel()
    model.batch.step()
    assert len(crowd[3].codes) == 2
    assert len(waiting.codes) == 1
    run(model.batch)
    assert crowd[3].ends == []
    assert waiting.codes == alone(model, TEXTS[0]).codes


def test_nobody_is_let_in_before_who_came_earlier(model: Running) -> None:
    order: list[int] = []
    saids = [job(model, TEXTS[0], max_codes=4) for _ in range(20)]
    for number, said in enumerate(saids):
        said.job.on_end = lambda _, n=number: order.append(n)
    run(model.batch, *saids)
    assert order == sorted(order)


def test_the_one_that_runs_out_of_sound_first_is_let_in_first(model: Running) -> None:
    """Callers far ahead of their listeners (long texts) let newcomers pass, and are let in before who comes later."""
    order: list[float] = []
    ahead = [job(model, TEXTS[0], max_codes=4, due_s=100 + number % 5) for number in range(20)]
    new = [job(model, TEXTS[0], max_codes=4, due_s=90 + number) for number in range(4)]
    for said in (*ahead, *new):
        said.job.on_end = lambda _, due_s=said.job.due_s: order.append(due_s)
    run(model.batch, *ahead, *new)
    assert order == sorted(order)


def test_sound_goes_first_to_the_one_with_least_of_it(model: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two sentences in step, the one whose listener needs it; the other one's waits for a round, not for ever."""
    monkeypatch.setattr(model.batch, "_clock", lambda: 50.0)
    rich, poor = (job(model, TEXTS[2], due_s=50.0) for _ in range(2))
    made: list[str] = []
    rich.job.on_sound = lambda _: made.append("rich")
    poor.job.on_sound = lambda _: made.append("poor")
    model.batch.submit(rich.job)
    model.batch.submit(poor.job)
    model.batch.step()
    model.batch._rows[0].due_s = 70.0  # it comes first, but its listener has twenty seconds in hand
    windows = []
    while model.batch.busy:
        before = len(made)
        model.batch.step()
        windows.append(len(made) - before)
    later = made[2:]
    assert later[0::2] == ["poor"] * (len(later) // 2)
    assert later[1::2] == ["rich"] * (len(later) // 2)
    rounds = [number for number, made_now in enumerate(windows) if made_now == 1]
    assert all(rich - poor == 1 for poor, rich in zip(rounds[0::2], rounds[1::2], strict=True))
    assert max(windows[8:]) == 1  # a round computes one group, which is one window where it is not CUDA


def test_a_sentence_is_due_when_all_before_it_was_heard(model: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.batch, "_clock", lambda: 50.0)
    said = job(model, TEXTS[2], due_s=40.0)
    model.batch.submit(said.job)
    while len(said.chunks) < 2:
        model.batch.step()
    (row,) = model.batch._rows.values()
    assert row.due_s == pytest.approx(50.0 + sum(map(len, said.chunks)) / 24_000)
    run(model.batch)


def test_who_has_ended_is_sounded_first_where_others_wait_for_a_slot(model: Running) -> None:
    """Else his slot would stay taken until all who go on have had their sound."""
    crowd = [job(model, TEXTS[2], max_codes=18), *(job(model, TEXTS[2]) for _ in range(7))]
    for said in (*crowd, job(model, TEXTS[1], max_codes=2)):
        model.batch.submit(said.job)
    model.batch.step()
    model.batch._rows[0].due_s += 70.0  # nobody needs his sound less
    for _ in range(17):
        model.batch.step()
    assert len(crowd[0].codes) == 18
    assert sum(len(said.chunks) > 1 for said in crowd[1:]) < 7, "not all have had theirs"
    assert crowd[0].ends == [None]
    run(model.batch)


def test_who_leaves_hears_nothing_more_even_in_the_same_round(model: Running) -> None:
    first, second = job(model, TEXTS[0]), job(model, TEXTS[0])
    first.job.on_sound = lambda _: second.job.cancel()
    run(model.batch, first, second)
    assert (second.chunks, second.ends, first.ends) == ([], [], [None])
    last = job(model, TEXTS[1], max_codes=2)
    last.job.on_sound = lambda _: last.job.cancel()
    run(model.batch, last)
    assert last.ends == []
    gone = job(model, TEXTS[0])
    model.batch.submit(gone.job)
    gone.job.cancel()
    model.batch.fail(EngineError("a test"))
    assert gone.ends == []


def test_nobody_is_taken_once_it_is_closed(model: Running) -> None:
    batch = Batch(model.decoder, model.vocoder, stop_code=0, most_waiting=5, rate_hz=24_000)
    waiting, late = job(model, TEXTS[0]), job(model, TEXTS[0])
    batch.submit(waiting.job)
    closed = EngineError("XTTS was closed.")
    batch.retire(closed)
    assert waiting.ends == [closed]
    with pytest.raises(EngineError, match="closed"):
        batch.submit(late.job)
    assert not batch.busy


class Late:
    """Sound that is there only when it was asked for so many times, as that of a vocoder with a stream of its own."""

    def __init__(self, sounding: PendingSound, polls: int) -> None:
        self.sounding, self.polls = sounding, polls

    @property
    def is_there(self) -> bool:
        self.polls -= 1
        return self.polls < 0

    def samples(self) -> list[NDArray[np.int16]]:
        return self.sounding.samples()


@pytest.mark.parametrize("late", [1, 4, 1_000])
def test_sound_that_comes_late_is_the_same(model: Running, monkeypatch: pytest.MonkeyPatch, late: int) -> None:
    """While it is computed, sentences go on, come, move, and are given up."""
    expected = [alone(model, text, sampling=Sampling(), seed=2) for text in TEXTS]
    start, on_the_way = model.vocoder.start, list[int]()

    def started(pieces: Sequence[VocoderWindow]) -> Any:
        on_the_way.append(len(model.batch._sounding))
        return Late(start(pieces), late)

    monkeypatch.setattr(model.vocoder, "start", started)
    saids = [job(model, text, sampling=Sampling(), seed=2) for text in TEXTS]
    gone = job(model, TEXTS[2], seed=9)
    model.batch.submit(gone.job)
    for said in saids:
        model.batch.submit(said.job)
        model.batch.step()
    while not model.batch._sounding:
        model.batch.step()
    gone.job.cancel()
    heard = len(gone.chunks)
    late_comers = [job(model, text, sampling=Sampling(), seed=2) for text in TEXTS]
    run(model.batch, *late_comers)
    for said, plain in zip([*saids, *late_comers], expected * 2, strict=True):
        assert said.codes == plain.codes
        assert np.abs(said.sound - plain.sound).max() < 1.5 / 32_767
        assert said.ends == [None]
    assert len(gone.chunks) == heard
    assert max(on_the_way) > 0


@pytest.mark.parametrize("late", [0, 3])
def test_steps_started_ahead_give_the_same_codes_and_sound(
    model: Running, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    """Also where sentences end, come, move and are given up while a step is under way, and at the longest there is."""
    ahead = tiny.load(files, tuning=("steps_ahead",))
    start = ahead.vocoder.start
    monkeypatch.setattr(ahead.vocoder, "start", lambda pieces: Late(start(pieces), late))
    longest = Sampling(greedy=True, repetition_penalty=1.0)
    wishes: list[dict[str, Any]] = [
        {"text": text, "sampling": rule, "seed": at, "max_codes": codes}
        for at, text in enumerate(TEXTS)
        for rule in (Sampling(), longest)
        for codes in (1, 2, 7, None)
    ]
    voice = ahead.voices["Robin"]
    with torch.inference_mode():
        saids = [job(ahead, **wish) for wish in wishes]
        broken = job(ahead, TEXTS[2])
        broken.job.voice = VoiceLatents("loud", torch.full_like(voice.conditioning, torch.inf), voice.embedding)
        gone = job(ahead, TEXTS[2])
        for number, said in enumerate(saids):
            ahead.batch.submit(said.job)
            if number == 3:
                ahead.batch.submit(broken.job)
                ahead.batch.submit(gone.job)
            if number == 9:
                gone.job.cancel()
            ahead.batch.step()
        run(ahead.batch)
        for said, wish in zip(saids, wishes, strict=True):
            plain = alone(model, **wish)
            assert said.codes == plain.codes
            assert same_sound(said, plain)
        assert "precision" in str(broken.ends[0])
        assert broken.chunks == []


def test_how_long_its_thread_may_do_something_else(model: Running) -> None:
    """Until the first listener has heard all sound there is; who waits has none."""
    now_s = 100.0
    batch = Batch(model.decoder, model.vocoder, stop_code=0, most_waiting=5, rate_hz=24_000, clock=lambda: now_s)
    assert batch.slack_s() == float("inf")
    early, late = (job(model, TEXTS[2], max_codes=40, due_s=due_s) for due_s in (100.0, 103.0))
    batch.submit(late.job)
    assert batch.slack_s() == 3.0
    batch.submit(early.job)
    assert batch.slack_s() == 0.0
    while not early.chunks:
        batch.step()
    assert batch.slack_s() == pytest.approx(len(early.sound) / 24_000)
    run(batch)


def test_few_are_let_in_at_once_for_the_sake_of_who_speaks(model: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "LET_IN_AT_ONCE", 3)
    saids = [job(model, TEXTS[0], max_codes=9) for _ in range(8)]
    for said in saids:
        model.batch.submit(said.job)
    speaking = []
    for _ in range(3):
        model.batch.step()
        speaking.append(model.batch.speaking)
    assert speaking == [3, 6, 8]
    run(model.batch)


def test_who_left_while_waiting_takes_nobodys_place(model: Running) -> None:
    saids = [job(model, TEXTS[1], max_codes=2) for _ in range(64)]
    for said in saids:
        model.batch.submit(said.job)
    saids[0].job.cancel()
    late = job(model, TEXTS[1], max_codes=2)
    model.batch.submit(late.job)
    run(model.batch)
    assert late.ends == [None]


def test_the_first_sound_needs_few_codes_and_chunks_grow(model: Running) -> None:
    said = job(model, TEXTS[2])
    model.batch.submit(said.job)
    while not said.chunks:
        model.batch.step()
    assert len(said.codes) <= 9
    run(model.batch)
    sizes = [len(chunk) for chunk in said.chunks]
    assert sizes[:3] == sorted(sizes[:3])
    assert len(sizes) <= 5


def test_rows_close_gaps_when_others_leave(model: Running) -> None:
    eight = [job(model, TEXTS[2]) for _ in range(8)]
    for said in eight:
        model.batch.submit(said.job)
    model.batch.step()
    for said in eight[:6]:
        said.job.cancel()
    model.batch.step()
    model.batch.step()
    assert set(model.batch._rows) == {0, 1}
    assert int(model.decoder._active.sum()) == 2
    run(model.batch)
    long = [job(model, TEXTS[2], max_codes=3) for _ in range(7)]
    last = job(model, TEXTS[2])
    run(model.batch, *long, last)
    assert last.codes == alone(model, TEXTS[2]).codes


def test_when_it_is_full_it_says_so(model: Running) -> None:
    saids = [job(model, TEXTS[1], max_codes=2) for _ in range(64)]
    for said in saids:
        model.batch.submit(said.job)
    with pytest.raises(EngineError, match="XTTS is full") as refused:
        model.batch.submit(job(model, TEXTS[1]).job)
    assert refused.value.retryable
    run(model.batch)


def test_a_failure_ends_every_sentence_and_the_next_ones_are_spoken(
    model: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    saids = [job(model, text) for text in TEXTS]
    for said in saids:
        model.batch.submit(said.job)
    model.batch.step()
    error = EngineError("XTTS failed: a test")
    model.batch.fail(error)
    assert [said.ends for said in saids] == [[error]] * len(saids)
    assert not model.batch.busy
    assert alone(model, TEXTS[0]).ends == [None]
    assert int(model.decoder._active.sum()) == 0


def test_a_sentence_stops_at_its_bound(model: Running) -> None:
    said = alone(model, TEXTS[2], max_codes=7)
    assert len(said.codes) == 7
    assert said.codes == alone(model, TEXTS[2]).codes[:7]
    assert len(said.sound) == model.stretch(1.0).frames(7) * 256


def test_a_voice_is_its_own(model: Running) -> None:
    assert alone(model, TEXTS[0], voice="Robin").codes != alone(model, TEXTS[0], voice="Claire").codes


def test_nothing_of_a_slots_last_tenant_is_left(model: Running) -> None:
    first = alone(model, TEXTS[1]).codes
    alone(model, TEXTS[2])
    assert alone(model, TEXTS[1]).codes == first
    assert torch.is_inference_mode_enabled()
