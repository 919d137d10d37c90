"""Half precision, as CUDA has it: what is rounded otherwise, what overflows, and what may not spread."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.xtts import tiny
from tests.engines.tts.xtts.speaking import TEXTS, Said, alone, job, run
from voi.engines.tts.xtts.checkpoint import VoiceLatents, load_voices
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.model import Running
from voi.engines.tts.xtts.sampling import NOT_A_NUMBER, draw
from voi.errors import ConfigError

pytestmark = pytest.mark.integration

HALVES = ("float16", "bfloat16")


@pytest.fixture(scope="module", params=HALVES)
def half(request: pytest.FixtureRequest, files: dict[str, Path]) -> Running:
    return tiny.load(files, precision=request.param, same_shapes=True)


def test_company_changes_no_code(half: Running) -> None:
    """Of drawn codes, where one bit of difference may choose another one."""
    with torch.inference_mode():
        lonely = [alone(half, text, sampling=Sampling(), seed=4) for text in TEXTS]
        crowd = [job(half, text, sampling=Sampling(), seed=4) for text in TEXTS]
        others = [job(half, TEXTS[2], voice="Claire", sampling=Sampling(), seed=number) for number in range(6)]
        for number, said in enumerate(crowd):
            half.batch.submit(others[number].job)
            half.batch.submit(said.job)
            half.batch.step()
        run(half.batch, *others[len(crowd) :])
    for one, other in zip(lonely, crowd, strict=True):
        assert one.codes == other.codes
        assert np.abs(one.sound - other.sound).max() < 1.5 / 32_767


def test_the_first_codes_are_those_of_single_precision_and_the_vocoder_is_single(half: Running, model: Running) -> None:
    assert half.decoder.latents.dtype in {torch.float16, torch.bfloat16}
    assert all(weight.dtype == torch.float32 for weight in half.vocoder._net.parameters())
    same = 0
    for text in TEXTS:
        ours, whole = alone(half, text, max_codes=12), alone(model, text, max_codes=12)
        same += ours.codes == whole.codes
        assert np.isfinite(ours.sound).all()
    assert same >= 2  # a tie between two codes is decided otherwise at times


def test_the_vocoder_may_compute_in_half_precision(files: dict[str, Path], model: Running) -> None:
    """What is added up stays in single precision: the noise is that of rounded factors, which nobody hears."""
    half_vocoder = tiny.load(files, vocoder_precision="float16")
    assert all(weight.dtype == torch.float16 for weight in half_vocoder.vocoder._net.parameters())
    with torch.inference_mode():
        for text in TEXTS:
            ours, whole = alone(half_vocoder, text), alone(model, text)
            assert ours.codes == whole.codes
            noise = np.square(ours.sound - whole.sound).mean() / np.square(whole.sound).mean()
            assert noise < 10 ** (-45 / 10)


@pytest.mark.parametrize(("precision", "tf32"), [("tf32", True), ("float32", False), ("float16", False)])
def test_convolutions_are_rounded_as_the_option_says(
    precision: str, tf32: bool, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, during = tiny.load(files, vocoder_precision=precision), set[bool]()
    net = running.vocoder._net

    class Looking:
        def __call__(self, *inputs: Any) -> torch.Tensor:
            during.add(torch.backends.cudnn.allow_tf32)
            return net(*inputs)  # type: ignore[no-any-return]

        def __getattr__(self, name: str) -> Any:
            return getattr(net, name)

    monkeypatch.setattr(running.vocoder, "_net", Looking())
    before = torch.backends.cudnn.allow_tf32
    with torch.inference_mode():
        alone(running, TEXTS[1])
    assert during == {tf32}
    assert torch.backends.cudnn.allow_tf32 == before


def test_sums_of_halves_are_in_single_precision(files: dict[str, Path]) -> None:
    matmul = torch.backends.cuda.matmul
    for name in ("allow_fp16_reduced_precision_reduction", "allow_bf16_reduced_precision_reduction"):
        setattr(matmul, name, True)
    tiny.load(files)
    assert not matmul.allow_fp16_reduced_precision_reduction
    assert not matmul.allow_bf16_reduced_precision_reduction


def test_what_is_not_a_number_ends_its_sentence_alone_and_leaves_nothing(model: Running) -> None:
    expected = {text: alone(model, text).codes for text in TEXTS}
    voice = model.voices["Robin"]

    def broken() -> Said:
        said = job(model, TEXTS[2])
        said.job.voice = VoiceLatents("loud", torch.full_like(voice.conditioning, torch.inf), voice.embedding)
        return said

    lonely, among = broken(), broken()
    run(model.batch, lonely)
    assert int(model.decoder._active.sum()) == 0
    assert bool(model.decoder.latents.isfinite().all())  # no weight, times NaN, would be NaN in others' windows
    assert alone(model, TEXTS[1]).codes == expected[TEXTS[1]]  # in the same slot, and shorter
    saids = [job(model, text) for text in TEXTS]
    run(model.batch, saids[0], among, *saids[1:])
    assert [said.codes for said in saids] == [expected[text] for text in TEXTS]
    for said in (lonely, among):
        (end,) = said.ends
        assert "precision" in str(end)
        assert said.chunks == []


def test_no_code_is_drawn_from_what_are_no_numbers() -> None:
    logits = torch.zeros(4, 10)
    logits[0], logits[1, 3], logits[2], logits[3, 5] = torch.nan, torch.inf, -torch.inf, 2.0
    ones, greedy = torch.ones(4), torch.tensor([False, False, False, True])
    seen = torch.zeros(4, 10, dtype=torch.bool)
    codes = draw(logits, seen, ones, ones.long() * 10, ones, ones, greedy, ones * 0.5)
    assert codes.tolist() == [NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, 5]


def test_a_voice_that_holds_no_numbers_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    raw = torch.load(files["voices"], weights_only=True)
    raw["Claire"]["gpt_cond_latent"][0, 3, 5] = torch.nan
    torch.save(raw, tmp_path / "voices.pth")
    with pytest.raises(ConfigError, match="'Claire' holds what are no numbers"):
        load_voices(tmp_path / "voices.pth")


def test_every_row_sees_at_least_one_place(half: Running) -> None:
    """A row of a mask that hides everything gives NaN; slots without a caller go along at place 0."""
    with torch.inference_mode():
        for slots in (1, 8):
            codes = half.decoder.step(slots - 1, 40)
            assert all(code >= 0 for code in codes)
