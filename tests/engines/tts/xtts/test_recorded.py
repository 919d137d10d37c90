"""The path that CUDA takes (rows, lengths and prefixes rounded up to recorded shapes, inputs in buffers that stay,
operations replayed on the places where they were recorded): sentences are what they are on the plain path."""

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch
from torch import Tensor

from tests.engines.cuda_tape import Refused, Tape, TapedGraphs, Unrecordable, storage
from tests.engines.tts.xtts import tiny
from tests.engines.tts.xtts.recorded import load_with, recorded_model
from tests.engines.tts.xtts.speaking import GREEDY, TEXTS, alone, job, run
from voi.engines.cuda_graphs import Graphs
from voi.engines.tts.xtts.decoder import FILLS, SentenceStart
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.memory import NoRoom
from voi.engines.tts.xtts.model import Running

pytestmark = pytest.mark.integration


class Done(Graphs):
    """Recording does the work a few times, as on CUDA, but the vocoder's, which has only its own buffers."""

    def __init__(self, device: torch.device, whose: str) -> None:
        super().__init__(device, whose)
        self.records = True

    def record(self, key: Hashable, work: Callable[[], Tensor]) -> None:
        for _ in range(3 if "vocoder" not in key[0] else 0):  # type: ignore[index]
            work()


@pytest.fixture(scope="module")
def shared_taped(files: dict[str, Path]) -> Running:
    return recorded_model(TapedGraphs, files)


@pytest.fixture
def taped(shared_taped: Running) -> Iterator[Running]:
    with torch.inference_mode():
        yield shared_taped


def tapes(running: Running) -> TapedGraphs:
    assert isinstance(running.graphs, TapedGraphs)
    return running.graphs


def test_sentences_are_the_same(model: Running, taped: Running) -> None:
    wishes = [
        {"text": text, "voice": voice, "sampling": sampling, "seed": 3}
        for text in TEXTS
        for voice, sampling in (("Robin", GREEDY), ("Claire", Sampling()))
    ]
    saids = [job(taped, **wish) for wish in wishes]  # type: ignore[arg-type]
    taped.batch.submit(saids[0].job)
    taped.batch.step()
    for said in saids[1:4]:  # three prefixes are filled up to four
        taped.batch.submit(said.job)
    taped.batch.step()
    run(taped.batch, *saids[4:])
    for said, wish in zip(saids, wishes, strict=True):
        plain = alone(model, **wish)  # type: ignore[arg-type]
        assert said.codes == plain.codes
        assert np.abs(said.sound - plain.sound).max() < 1.5 / 32_767
    kinds = {str(key[0]) for key in tapes(taped).tapes}  # type: ignore[index]
    assert kinds == {"step", "fill", "vocoder", "short vocoder"}
    assert tapes(taped).replays > 40
    assert len({key for key in tapes(taped).tapes if key[:2] == ("fill", 4)}) >= 1  # type: ignore[index]


def test_what_is_recorded_reads_only_what_stays(taped: Running) -> None:
    """Memory of weights, of the state of slots, and of the inputs' buffers; nothing that is made for one call."""
    run(taped.batch, *(job(taped, text) for text in TEXTS))
    decoder, vocoder = taped.decoder, taped.vocoder
    staying = [*decoder._gpt.parameters(), *vocoder._net.parameters(), decoder._cache,
               *decoder._per_slot, decoder._rows, decoder._unseen]  # fmt: skip
    for buffers in decoder._fill_buffers.values():
        staying += buffers
    for inputs in vocoder._inputs.values():
        staying += [inputs.frames, inputs.speakers, inputs.lengths]
    known = {storage(tensor) for tensor in staying}
    for tape, _ in tapes(taped).tapes.values():
        assert tape.done
        assert set(tape.outside) <= known


def test_recording_disturbs_nobody_who_speaks(model: Running, files: dict[str, Path]) -> None:
    working = load_with(Done, files)
    saids = [job(working, text, sampling=Sampling(), seed=5) for text in TEXTS]
    for said in saids:
        working.batch.submit(said.job)
    recording = working.record()
    for _ in range(6):
        working.batch.step()
    for _ in recording:
        working.batch.step()
    run(working.batch)
    for said, text in zip(saids, TEXTS, strict=True):
        plain = alone(model, text, sampling=Sampling(), seed=5)
        assert said.codes == plain.codes
        assert np.abs(said.sound - plain.sound).max() < 1.5 / 32_767


def test_whatever_is_said_was_recorded(taped: Running) -> None:
    unknown = tapes(taped).not_recorded
    unknown.clear()
    said = alone(taped, TEXTS[3], sampling=Sampling(), seed=1)
    assert len(said.codes) > 40
    run(taped.batch, *(job(taped, TEXTS[2], max_codes=codes, speed=1.3) for codes in range(1, 9)))
    assert unknown == []


def test_prefixes_of_many_who_come_at_once_are_read_together(taped: Running) -> None:
    tapes(taped).tapes.clear()
    run(taped.batch, *(job(taped, TEXTS[1], max_codes=2) for _ in range(8)))
    assert {key[1] for key in tapes(taped).tapes if key[0] == "fill"} == {FILLS[-1]}  # type: ignore[index]


def test_what_fills_up_a_group_of_prefixes_goes_where_nobody_looks(model: Running, taped: Running) -> None:
    four = [job(taped, TEXTS[2], voice=voice) for voice in ("Robin", "Claire", "Robin", "Claire")]
    three = [job(taped, TEXTS[2], max_codes=3) for _ in range(3)]
    for said in four:
        taped.batch.submit(said.job)
    for _ in range(4):
        taped.batch.step()
    run(taped.batch, *three)  # read as four: the fourth's place was that of a caller who still speaks
    for said, voice in zip(four, ("Robin", "Claire", "Robin", "Claire"), strict=True):
        assert said.codes == alone(model, TEXTS[2], voice=voice).codes


def test_with_a_seed_shapes_do_not_depend_on_company(files: dict[str, Path]) -> None:
    running = load_with(TapedGraphs, files, same_shapes=True)
    with torch.inference_mode():
        for _ in running.decoder.record():
            pass
        run(running.batch, *(job(running, text, max_codes=9) for text in TEXTS))
    used = {key[:2] for key in tapes(running).tapes}  # type: ignore[index]
    assert used == {("step", 8), ("fill", 1)}
    assert len({key for key in tapes(running).tapes if key[0] == "step"}) == 1  # type: ignore[index]


def filled(running: Running, text: str) -> tuple[Tensor, Tensor]:
    """Keys and values of the text's prefix, as slot 0 then has them."""
    wish = job(running, text).job
    entry = SentenceStart(0, wish.ids, wish.voice.conditioning, wish.sampling, wish.seed)
    running.decoder.begin([entry])
    keys, values = running.decoder._cache[:, :, 0, :, : entry.places].unbind(1)
    return keys.clone(), values.clone()


def test_with_a_seed_shapes_do_not_depend_on_what_is_recorded(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is loaded again speaks before all is recorded: what is rounded must be so as it was before."""
    running = load_with(TapedGraphs, files, precision="float16", same_shapes=True)
    fill, shapes = running.decoder._gpt.fill, list[torch.Size]()

    def noted(hidden: Tensor, *others: Tensor) -> None:
        shapes.append(hidden.shape)
        fill(hidden, *others)

    monkeypatch.setattr(running.decoder._gpt, "fill", noted)
    with torch.inference_mode():
        before = [filled(running, text) for text in TEXTS]
        unrecorded, shapes[:] = shapes.copy(), []
        for _ in running.decoder.record():
            pass
        tapes(running).not_recorded.clear()
        for text, (keys, values) in zip(TEXTS, before, strict=True):
            tapes(running).tapes.clear()
            again_keys, again_values = filled(running, text)
            assert torch.equal(keys, again_keys)
            assert torch.equal(values, again_values)
    assert tapes(running).not_recorded == []
    assert shapes == unrecorded
    assert {shape[1] for shape in shapes} == {64, 128}


def test_plain_attention_gives_the_same_codes_and_sound(model: Running, files: dict[str, Path]) -> None:
    plain = recorded_model(TapedGraphs, files, tuning=("plain_attention",))
    with torch.inference_mode():
        for text in TEXTS:
            ours, usual = (
                alone(plain, text, sampling=Sampling(), seed=6),
                alone(model, text, sampling=Sampling(), seed=6),
            )
            assert ours.codes == usual.codes
            assert np.abs(ours.sound - usual.sound).max() < 1.5 / 32_767
    assert plain.graphs.replays > 10  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "work",
    [
        lambda x: x[x > 0],
        lambda x: x * float(x.sum()),
        lambda x: x + torch.tensor([1.0, 2.0, 3.0]),
        lambda x: x if x.max() > 0 else -x,
        lambda x: x.index_put_((x > 0,), x[0]),
        lambda x: x.nonzero(),
    ],
)
def test_what_cuda_cannot_record_is_refused(work: Callable[[Tensor], Tensor]) -> None:
    with torch.inference_mode(), pytest.raises(Refused), Tape():
        work(torch.arange(3.0))


def test_a_tape_replays_operations_and_no_python() -> None:
    with torch.inference_mode():
        held, factor = torch.arange(3.0), 2
        tape = Tape()
        with tape:
            doubled = (held * factor).view(3)
            held += 1
        held.fill_(5.0)
        factor = 7
        tape.replay()
        assert doubled.tolist() == [10.0] * 3
        assert held.tolist() == [6.0] * 3


def test_a_model_that_cannot_be_recorded_says_the_same(model: Running, files: dict[str, Path]) -> None:
    running = load_with(Unrecordable, files)
    assert list(running.record()) == []
    assert isinstance(running.graphs, Unrecordable)
    assert running.graphs.tried == 1
    assert alone(running, TEXTS[2]).codes == alone(model, TEXTS[2]).codes


def test_a_model_whose_recordings_do_not_fit_is_refused(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = load_with(Unrecordable, files)
    monkeypatch.setattr(Unrecordable, "reason", "CUDA out of memory. Tried to allocate 2.00 GiB.\nAnd more")
    with (
        torch.inference_mode(),
        pytest.raises(NoRoom, match=r"recordings do not fit: CUDA out of memory\. Tried to allocate 2\.00 GiB\.$"),
    ):
        list(running.record())


def test_on_a_cpu_nothing_is_set_aside_for_recordings(files: dict[str, Path]) -> None:
    running = tiny.load(files)
    with torch.inference_mode():
        assert list(running.record()) == []
    assert running.decoder._fill_buffers == {}
    assert running.vocoder._inputs == {}
