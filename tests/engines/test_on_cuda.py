"""What only a GPU can show: recordings are replayed, a failed one leaves the allocator whole, and memory comes back."""

import gc

import pytest

pytest.importorskip("torch")

import torch

from voi.engines.cuda_graphs import Graphs, release_memory
from voi.engines.cuda_streams import stream_for
from voi.engines.staging import Staging

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

DEVICE = torch.device("cuda:0")


def test_what_was_recorded_is_done_again_on_what_is_there_then() -> None:
    held = torch.ones(32, 32, device=DEVICE)
    with torch.inference_mode():
        graphs = Graphs(DEVICE, "a test")
        graphs.record("double", lambda: held * 2)
        held.fill_(5.0)
        assert graphs.run("double", lambda: held).unique().tolist() == [10.0]
        graphs.clear()


@pytest.mark.parametrize("how", ["waits", "raises", "copies"])
def test_a_recording_that_fails_leaves_the_allocator_whole(how: str, caplog: pytest.LogCaptureFixture) -> None:
    held = torch.ones(32, 32, device=DEVICE)

    def broken() -> torch.Tensor:
        if how == "waits":
            return held * float(held.sum())
        if how == "raises" and torch.cuda.is_current_stream_capturing():
            raise RuntimeError("planted")
        return held + torch.ones(32, 32).to(DEVICE) if how == "copies" else held * 2

    with torch.inference_mode():
        graphs, others = Graphs(DEVICE, "a test"), Graphs(DEVICE, "another")
        graphs.record("before", lambda: held * 3)
        graphs.record("broken", broken)
        assert len(caplog.records) == 1
        assert not graphs.records
        release_memory()
        others.record("one", lambda: held * 4)
        assert others.run("one", lambda: held).unique().tolist() == [4.0]
        assert graphs.run("before", lambda: held).unique().tolist() == [3.0]
        graphs.clear()
        others.clear()
        release_memory()


def test_a_pool_gives_its_memory_back() -> None:
    release_memory()
    before = torch.cuda.mem_get_info(DEVICE)[0]
    with torch.inference_mode():
        graphs = Graphs(DEVICE, "a test")
        graphs.record("large", lambda: torch.zeros(64 * 2**20, device=DEVICE))
        taken = before - torch.cuda.mem_get_info(DEVICE)[0]
        graphs.clear()
        gc.collect()
        release_memory()
    assert taken >= 256 * 2**20
    assert before - torch.cuda.mem_get_info(DEVICE)[0] < 64 * 2**20


def test_numbers_arrive_in_order_though_nobody_waits() -> None:
    staging = Staging(DEVICE)
    with torch.cuda.stream(stream_for(DEVICE, "XTTS")):
        sent = [staging.send(torch.full((1_000, 100), float(number))) for number in range(20)]
        assert [each.unique().tolist() for each in sent] == [[float(number)] for number in range(20)]
    assert stream_for(DEVICE, "XTTS") is stream_for(DEVICE, "XTTS")
