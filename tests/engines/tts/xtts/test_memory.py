from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.xtts import tiny
from voi.engines.tts.xtts import memory
from voi.engines.tts.xtts.layout import read_layout
from voi.engines.tts.xtts.memory import NoRoom, check_fits
from voi.engines.tts.xtts.model import Running
from voi.engines.tts.xtts.need import MIB, WORKSPACE_BYTES, Need, slot_bytes

GIB = 2**30
XTTS_V2 = Path(__file__).parent / "xtts_v2_config.json"
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def allocated(running: Running) -> tuple[int, int]:
    """Bytes of weights and of what slots have."""
    decoder, vocoder = running.decoder, running.vocoder
    weights = [*decoder._gpt.parameters(), *vocoder._net.parameters()]
    weights += [voice.conditioning for voice in running.voices.values()]
    slots = [decoder._cache, *decoder._per_slot]
    return sum(t.untyped_storage().nbytes() for t in weights), sum(t.untyped_storage().nbytes() for t in slots)


@pytest.mark.parametrize(("precision", "slots"), [("float32", 3), ("float16", 8)])
def test_what_is_counted_is_what_is_taken(files: dict[str, Path], precision: str, slots: int) -> None:
    running = tiny.load(files, slots=slots, precision=precision)
    weights, of_slots = allocated(running)
    need = running.need
    assert need.weights == pytest.approx(weights, rel=0.01)
    counted = need.total(0) - need.weights
    assert of_slots <= counted <= of_slots + 1.1 * need.per_slot / 10
    assert need.total(0) == need.weights + need.per_slot * (slots + 1)


def full_size(slots: int) -> Need:
    """XTTS-v2 in half precision. Its weights counted as the tiny one's are, by their shapes."""
    layout = read_layout(XTTS_V2)
    width, layers = layout.gpt_n_model_channels, layout.gpt_layers
    gpt = layers * (12 * width**2 + 13 * width) + width * (2 * layout.gpt_num_audio_tokens + 6_681 + 404 + 608)
    return Need(gpt * 2 + 17_818_208 * 4, slot_bytes(layout, 32, 2), slots)


def test_whisper_small_and_xtts_for_eight_callers_take_less_than_nine_gigabytes() -> None:
    xtts = full_size(8)
    assert 800 * MIB < xtts.weights < 1_000 * MIB
    assert 122 * MIB < xtts.per_slot < 126 * MIB
    contexts = 2 * 500 * MIB  # CUDA's own, of two processes
    whisper_small = 244_000_000 * 2 + 1 * GIB  # half precision; keys, values and results between layers: an allowance
    assert xtts.total(WORKSPACE_BYTES) + whisper_small + contexts < 9e9 / 1.5
    assert 2 * xtts.total(WORKSPACE_BYTES) + whisper_small + contexts < 9e9  # two checkpoints side by side


def test_what_a_gpu_takes_beside_is_measured_and_counted_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    need, gpu = full_size(8), torch.device("cuda:0")
    before, free = 20 * GIB, {"now": 0}
    monkeypatch.setattr(memory, "_measured", {})
    monkeypatch.setattr(memory, "free_bytes", lambda _: free["now"])
    free["now"] = before - need.total(WORKSPACE_BYTES)
    memory.measure(need, gpu, before)
    assert caplog.records == []
    free["now"] -= 300 * MIB
    memory.measure(need, gpu, before)
    memory.measure(need, gpu, before)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["XTTS takes 900 MiB of cuda"]
    free["now"] = need.total(WORKSPACE_BYTES)
    with pytest.raises(NoRoom):
        check_fits(need, gpu, None)
    free["now"] += 300 * MIB
    check_fits(need, gpu, None)


def test_what_does_not_fit_is_told_with_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda _: 3 * GIB)
    check_fits(full_size(12), CUDA, None)
    with pytest.raises(NoRoom, match=r"with 16 slots needs 34\d\d MiB on cuda .* but there are 3072: at most 12 slots"):
        check_fits(full_size(16), CUDA, None)
    with pytest.raises(NoRoom, match="there are 3072: at most 12 slots fit"):
        check_fits(full_size(16), CUDA, 10 * GIB)  # a grant is no memory
    with pytest.raises(NoRoom, match="there are 2048: at most 4 slots fit"):
        check_fits(full_size(8), CUDA, 2 * GIB)
    with pytest.raises(NoRoom, match="not even one slot fits"):
        check_fits(full_size(8), CUDA, 1 * GIB)
    need = full_size(2)
    check_fits(need, CPU, need.total(0))
    with pytest.raises(NoRoom, match="at most 1 slots fit"):
        check_fits(need, CPU, need.total(0) - 1)
    check_fits(full_size(16), CPU, None)  # nothing is set apart there


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory._container_bytes(tmp_path) > 2**60  # there is none
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 150\n")
    assert memory._container_bytes(tmp_path) > 2**60
    (tmp_path / "memory.max").write_text("1000\n")
    assert memory._container_bytes(tmp_path) == 450
    assert 0 < memory.free_bytes(CPU) < 2**60
    monkeypatch.setattr(memory, "_container_bytes", lambda: 450)
    assert memory.free_bytes(CPU) == 450


def test_memory_that_runs_out_while_loading_is_told(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process was faster."""

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nAnd more")

    monkeypatch.setattr("voi.engines.tts.xtts.model.GptDecoder", full)
    with pytest.raises(NoRoom, match=r"does not fit on cpu: CUDA out of memory\. Tried to allocate 2\.00 GiB\.$"):
        tiny.load(files)
