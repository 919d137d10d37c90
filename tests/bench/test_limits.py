"""Predictions for devices that are not here: the work that they count is the work that torch counts, and what the page
on performance says is what they compute."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from voi.engines.tts.xtts.layout import read_layout

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()
# Measured tables stand before it: their rows may begin with the same numbers of calls.
COMPUTED = PAGE[PAGE.index("\nBytes and operations of each step") :]
XTTS_V2 = Path(__file__).parents[1] / "engines" / "tts" / "xtts" / "xtts_v2_config.json"
H200_BYTES_PER_S = 4.8e12


class Counted(TorchDispatchMode):
    """Operations of all products that are really asked for. (torch's own FlopCounterMode counts the same, and makes
    triton complain at the end.)"""

    operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in ("mm", "bmm", "addmm"):
            self.operations += 2 * result.numel() * args[-2].shape[-1]
        elif name == "convolution":
            sound, weight, is_transposed = args[0], args[1], args[6]
            at = sound if is_transposed else result
            self.operations += 2 * weight.numel() * at.shape[0] * at.shape[-1]
        return result


def row(first: str) -> list[str]:
    """Cells of the row that begins with this, in the page's tables of what was computed."""
    (line,) = re.findall(rf"^\| {re.escape(first)} \|.*$", COMPUTED, re.MULTILINE)
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_a_limit_is_whichever_is_reached_first() -> None:
    from limits import Limits, Work

    device = Limits(operations=100.0, bytes=10.0)
    assert device.seconds(Work(operations=200.0, bytes=1.0)) == 2.0
    assert device.seconds(Work(operations=1.0, bytes=30.0)) == 3.0


def test_a_device_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product of matrices takes 2 n³ operations; a copy reads and writes."""
    import limits

    monkeypatch.setattr(limits, "best_of", lambda *_: 0.5)
    found = limits.measure_limits(torch.device("cpu"), torch.float32)
    assert (found.operations, found.bytes) == (4 * 2048**3, 4 * 2**26)


def test_a_step_of_whisper_small_reads_its_weights_and_what_it_keeps() -> None:
    """Alone on an H200, in half precision: 12 layers of 14 products of 768 by 768, 51,865 words, and keys and values
    of 448 + 1,500 places."""
    from limits import DEVICES
    from whisper_limits import HALF, dimensions, row_bytes, step_work

    numbers = 12 * 14 * 768**2 + 51_865 * 768 + 12 * 2 * (448 + 1_500) * 768
    work = step_work(dimensions("small"), 1, 448, HALF)
    assert work.bytes == work.operations == 2 * numbers
    assert DEVICES["H200"].half.seconds(work) == pytest.approx(2 * numbers / H200_BYTES_PER_S)
    assert row_bytes(dimensions("small"), HALF) == 2 * 12 * 2 * (448 + 1_500) * 768


@pytest.mark.parametrize("size", ["base", "small", "large-v3-turbo"])
def test_the_page_says_what_is_computed_of_whisper(size: str) -> None:
    from limits import DEVICES
    from whisper_limits import HALF, dimensions, pass_s, row_bytes

    dims = dimensions(size)
    passes = [
        ", ".join(f"{pass_s(dims, callers, 16, device) * 1000:.0f}" for callers in (1, 8, 32)) + " ms"
        for device in (DEVICES["H200"], DEVICES["RTX 3090"])
    ]
    assert row(size) == [*passes, f"{row_bytes(dims, HALF) / 2**20:.0f} MiB"]


@pytest.mark.integration
def test_the_page_says_what_is_computed_of_xtts() -> None:
    from limits import DEVICES
    from xtts_limits import HALF, Model, published, step_work, window_work

    layout, net = published()
    for callers in (1, 4, 16, 32, 64):
        cells = []
        for device in (DEVICES["H200"], DEVICES["RTX 3090"]):
            model = Model(layout, net, device)
            limit_s = device.half.seconds(step_work(layout, callers, 92 + 75, HALF))
            cells += [
                f"{model.step_s(callers, 92 + 75) * 1000:.1f} ms ({limit_s * 1000:.1f})",
                f"{model.first_sound_s(callers, 92) * 1000:.0f} ms",
                f"{model.sound_per_s(callers, 92 + 75):.0f} s",
            ]
        assert row(str(callers)) == cells
    with torch.device("meta"), Counted() as counter:
        net(torch.empty(2, 1_024, 29), torch.empty(2, 512, 1))
    assert window_work(net, 2, 29, 4).operations == pytest.approx(counter.operations, rel=1e-4)


def test_a_step_of_xtts_reads_its_weights_and_what_it_keeps() -> None:
    """Four of XTTS-v2: 30 layers of 12 products of 1,024 by 1,024, 1,026 codes, and each one's keys and values."""
    from limits import DEVICES
    from xtts_limits import HALF, step_work

    weights, kept = 30 * 12 * 1_024**2 + 1_026 * 1_024, 30 * 2 * 167 * 1_024
    work = step_work(read_layout(XTTS_V2), 4, 167, HALF)
    assert work.bytes == 2 * (weights + 4 * kept)
    assert work.operations == 4 * 2 * (weights + kept)
    assert DEVICES["H200"].half.seconds(work) == pytest.approx(work.bytes / H200_BYTES_PER_S)


@pytest.mark.integration
def test_what_whisper_computes_is_what_torch_counts() -> None:
    """openai-whisper's own networks, of which nothing is computed."""
    model = pytest.importorskip("whisper").model
    from whisper_limits import dimensions, encoder_work, listen_work, step_work

    dims = dimensions("base")
    with torch.device("meta"):
        encoder = model.AudioEncoder(80, 1_500, 512, 8, 6)
        decoder = model.TextDecoder(51_865, 448, 512, 8, 6)
        with Counted() as counter:
            encoder(torch.empty(3, 80, 3_000))
        assert counter.operations == encoder_work(dims, 3, 2).operations
        with Counted() as counter:
            decoder(torch.zeros(3, 1, dtype=torch.long), torch.empty(3, 1_500, 512))
        assert counter.operations == step_work(dims, 3, 1, 2).operations + listen_work(dims, 3, 2).operations


def test_the_page_says_what_both_take_together() -> None:
    """As `voi doctor` counts; 9 GB are the goal."""
    from voi.cli.engine_sizes import WHISPERS, published_xtts
    from voi.engines.measured_memory import CONTEXT_MIB

    small, xtts = WHISPERS["small"].size(2), published_xtts(2)
    totals = [
        [replace(small, at_once=callers).total(True), replace(xtts, at_once=callers + 1).total(True)]
        for callers in (8, 16)
    ]
    for at, (name, size) in enumerate((("Whisper small", small), ("XTTS-v2 (and one slot more)", xtts))):
        expected = [f"{size.weights:.0f}", f"{size.each:.0f}", "600", *(f"{each[at]:,}" for each in totals)]
        assert row(name) == expected
    sums = [sum(each) + 2 * CONTEXT_MIB for each in totals]
    assert row("in all")[3:] == [f"{mib:,} ({mib * 2**20 / 1e9:.1f} GB)" for mib in sums]
    assert sums[0] * 2**20 < 9e9
