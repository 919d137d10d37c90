"""The backend for OpenAI's checkpoints beside the reference, on tiny random weights in the real format."""

import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

import torch
import whisper
from torch.utils._python_dispatch import TorchDispatchMode
from whisper.timing import dtw_cpu, find_alignment, median_filter

from tests.engines.sounds import sound
from tests.engines.stt.whisper.checkpoints import save
from voi.engines.stt.whisper import openai_backend
from voi.engines.stt.whisper.alignment import costs, median, normalised, smoothed, token_frames
from voi.engines.stt.whisper.openai_backend import OpenAiBackend, alignment_heads
from voi.engines.stt.whisper.openai_front_end import log_mel
from voi.engines.stt.whisper.openai_network import Dimensions
from voi.engines.stt.whisper.passes import HearAgain, Hypothesis, Pass
from voi.engines.stt.whisper.words import RawWord
from voi.errors import EngineError

pytestmark = pytest.mark.integration

SOUNDS = ("jfk", "austen-0870", "austen-0880", "spk1_snt1", "spk1_snt2", "spk1_snt3", "noise2", "noise3")
MOST_ROWS = 4


def floats(pcm: bytes) -> "np.ndarray[Any, np.dtype[np.float32]]":
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


def new_backend(path: Path, max_batch: int = MOST_ROWS) -> OpenAiBackend:
    backend = OpenAiBackend(str(path), models_dir=path.parent, device="cpu", precision="auto", max_batch=max_batch)
    backend.load()
    return backend


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("weights") / "tiny.pt")


@pytest.fixture(scope="module")
def backend(path: Path) -> OpenAiBackend:
    return new_backend(path)


@pytest.fixture(scope="module")
def reference(path: Path) -> Any:
    return whisper.load_model(str(path), device="cpu")


def tokens_of(hypothesis: Hypothesis) -> list[int]:
    return [token for word in hypothesis.words for token in word.tokens]


def decode(reference: Any, pcm: bytes, **options: Any) -> Any:
    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(floats(pcm)), reference.dims.n_mels)
    most = min(219, 16 + 12 * len(pcm) // 32_000)
    options = {"fp16": False, "without_timestamps": True, "sample_len": most, **options}
    return whisper.decode(reference, mel, whisper.DecodingOptions(**options))


# ---- the front end --------------------------------------------------------------------------------


@pytest.mark.parametrize("n_mels", [80, 128])
def test_mel_of_recorded_speech_is_the_references(n_mels: int) -> None:
    windows = [sound(name) for name in SOUNDS[:5]] + [sound("spk1_snt1")[:6_400], bytes(2)]
    ours = log_mel(windows, n_mels, torch.device("cpu"))
    for window, mel in zip(windows, ours, strict=True):
        theirs = whisper.log_mel_spectrogram(whisper.pad_or_trim(floats(window)), n_mels)
        assert mel.shape == theirs.shape == (n_mels, 3_000)
        torch.testing.assert_close(mel, theirs, atol=1e-5, rtol=0)


def test_more_than_thirty_seconds_are_cut() -> None:
    long = sound("jfk") * 4
    ours = log_mel([long], 80, torch.device("cpu"))[0]
    torch.testing.assert_close(ours, whisper.log_mel_spectrogram(whisper.pad_or_trim(floats(long))), atol=1e-5, rtol=0)


# ---- greedy decoding ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOUNDS)
def test_the_same_tokens_as_the_reference(backend: OpenAiBackend, reference: Any, name: str) -> None:
    ours = backend.transcribe([Pass(sound(name), language="de")])[0]
    theirs = decode(reference, sound(name), language="de")
    assert tokens_of(ours) == [token for token in theirs.tokens if token < 50_257]
    assert len(theirs.tokens) > 5
    assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=1e-3)
    assert ours.no_speech_prob == pytest.approx(theirs.no_speech_prob, abs=1e-5)
    assert ours.compression_ratio == pytest.approx(theirs.compression_ratio)


def test_the_same_translation_as_the_reference(backend: OpenAiBackend, reference: Any) -> None:
    sounds = [sound(name) for name in SOUNDS[:3]]
    ours = backend.transcribe([Pass(pcm, language="de", translate=at != 1) for at, pcm in enumerate(sounds)])
    tasks = ("translate", "transcribe", "translate")
    theirs = [decode(reference, pcm, language="de", task=task) for pcm, task in zip(sounds, tasks, strict=True)]
    assert [tokens_of(each) for each in ours] == [[t for t in each.tokens if t < 50_257] for each in theirs]
    assert tokens_of(ours[0]) != tokens_of(backend.transcribe([Pass(sounds[0], language="de")])[0])


def test_the_same_tokens_with_a_prompt_and_with_a_prefix(backend: OpenAiBackend, reference: Any) -> None:
    said = " the child almost"
    encoded = backend._tokenizer.encode(said)
    prefix = (RawWord(said, tuple(encoded), 0, 1_000),)
    ours = backend.transcribe(
        [
            Pass(sound("spk1_snt1"), language="en", prompt="A lesson in small dogs."),
            Pass(sound("spk1_snt1"), language="en", prefix=prefix),
            Pass(
                sound("spk1_snt1"), language="en", prompt="Dogs.", context=(RawWord(" once", (1564,)),), prefix=prefix
            ),
        ]
    )
    most = 16 + 12 * len(sound("spk1_snt1")) // 32_000
    theirs = [
        decode(reference, sound("spk1_snt1"), language="en", prompt="A lesson in small dogs."),
        decode(reference, sound("spk1_snt1"), language="en", prefix=encoded, suppress_blank=False, sample_len=most),
        decode(
            reference,
            sound("spk1_snt1"),
            language="en",
            prompt=[*backend._tokenizer.encode(" Dogs."), 1564],
            prefix=encoded,
            suppress_blank=False,
        ),
    ]
    assert [tokens_of(each) for each in ours] == [[t for t in each.tokens if t < 50_257] for each in theirs]
    assert len({tuple(tokens_of(each)) for each in ours}) == 3, "prompt and prefix make a difference"


def test_text_must_follow_a_prefix_where_speech_went_on(backend: OpenAiBackend, reference: Any) -> None:
    """The reference suppresses the end there always."""
    prefix = (RawWord(" dog.", tuple(backend._tokenizer.encode(" dog.")), 0, 300),)
    ours = backend.transcribe([Pass(sound("spk1_snt1"), language="en", prefix=prefix, goes_on=True)])[0]
    theirs = decode(reference, sound("spk1_snt1"), language="en", prefix=list(prefix[0].tokens))
    assert tokens_of(ours) == [token for token in theirs.tokens if token < 50_257]
    empty = Pass(sound("spk1_snt1"), language="en", prefix=prefix * 90)  # so late that this model ends at once
    assert tokens_of(backend.transcribe([empty])[0]) == []
    empty.goes_on = True
    assert tokens_of(backend.transcribe([empty])[0])


def test_the_language_is_the_references(backend: OpenAiBackend, reference: Any) -> None:
    passes = [Pass(sound(name)) for name in SOUNDS]
    ours = [h.language for at in range(0, 8, 4) for h in backend.transcribe(passes[at : at + 4])]
    theirs = [decode(reference, sound(name), language=None).language for name in SOUNDS]
    assert ours == theirs
    assert len(set(ours)) > 1


def test_the_usual_language_stays_unless_another_is_much_likelier(backend: OpenAiBackend) -> None:
    found = backend.transcribe([Pass(sound("jfk"))])[0].language
    mel = log_mel([sound("jfk")], 80, torch.device("cpu"))
    assert backend._encoder is not None
    assert backend._decoding is not None
    with torch.inference_mode():
        backend._decoding.decoder.listen(backend._encoder(mel))
        logits = backend._decoding.decoder.start_logits(backend._tokenizer.sot, 1)[0]
    chances = dict(
        zip(backend.languages, logits[list(backend._tokenizer.all_language_tokens)].softmax(0).tolist(), strict=True)
    )
    ranked = sorted(chances, key=lambda code: -chances[code])
    assert ranked[0] == found
    for usual in ranked[1:]:
        expected = usual if chances[found] < max(0.7, 3 * chances[usual]) else found
        assert backend.transcribe([Pass(sound("jfk"), usual=usual)])[0].language == expected
        if expected == found:
            break


def test_each_row_as_it_is_alone(backend: OpenAiBackend) -> None:
    prefix = (RawWord(" dog", (3000,), 0, 300),)
    passes = [
        Pass(sound("jfk"), language="en"),
        Pass(sound("spk1_snt2")[:6_400], prompt="Something to begin with, and longer than others."),
        Pass(sound("noise3"), usual="de"),
        Pass(sound("austen-0870"), language="fr", prefix=prefix, context=prefix * 5, temperatures=(0.7,)),
        Pass(sound("spk1_snt3")[:320], language="ja"),
        Pass(sound("spk1_snt1"), temperatures=(0.0, 0.5)),
    ]
    alone = [backend.transcribe([each])[0] for each in passes]
    chance = random.Random(5)
    for _ in range(4):
        order = chance.sample(range(len(passes)), MOST_ROWS)
        for at, ours in zip(order, backend.transcribe([passes[at] for at in order]), strict=True):
            assert ours.words == alone[at].words or _close(ours, alone[at])
            assert (ours.language, ours.temperature) == (alone[at].language, alone[at].temperature)
            assert ours.avg_logprob == pytest.approx(alone[at].avg_logprob, abs=1e-4)


def _close(one: Hypothesis, other: Hypothesis) -> bool:
    """Equal but for the last digits of probabilities."""
    return all(
        (a.text, a.tokens, a.start_ms, a.end_ms) == (b.text, b.tokens, b.start_ms, b.end_ms)
        and a.probability == pytest.approx(b.probability, abs=1e-4)
        for a, b in zip(one.words, other.words, strict=True)
    )


def test_fallback_ends_after_the_given_temperatures(backend: OpenAiBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hypothesis, "doubtful", True)
    monkeypatch.setattr(openai_backend, "better", lambda _, latest: latest)
    temperatures = backend.transcribe(
        [Pass(sound("spk1_snt1")), Pass(sound("spk1_snt1"), temperatures=(0.0, 0.4, 0.8)), Pass(sound("jfk"))]
    )
    assert [each.temperature for each in temperatures] == [0.0, 0.8, 0.0]


def test_the_devices_thread_makes_no_text_of_tokens(backend: OpenAiBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither words, nor the text whose loops are looked for; also where that decides about a further attempt."""
    at_work: list[str] = []
    for name in ("compression_ratio", "token_frames", "timed_words"):
        usual = getattr(openai_backend, name)
        monkeypatch.setattr(openai_backend, name, lambda *of, n=name, u=usual: (at_work.append(n), u(*of))[1])
    monkeypatch.setattr(Hypothesis, "doubtful", True)
    heard = backend.hear([Pass(sound("spk1_snt1"), temperatures=(0.0, 0.4))])
    assert at_work == []
    doubtful = heard.finished()
    assert at_work == ["compression_ratio"]
    assert isinstance(doubtful, HearAgain)
    heard = doubtful.hear()
    assert at_work == ["compression_ratio"]
    assert isinstance(heard.finished(), list)
    assert at_work[1:] == ["compression_ratio", "token_frames", "timed_words"]


def test_only_what_may_be_heard_again_is_kept_and_not_for_long(
    backend: OpenAiBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[openai_backend.TriedBatch] = []
    usual = openai_backend.TriedBatch
    monkeypatch.setattr(openai_backend, "TriedBatch", lambda *of: made.append(usual(*of)) or made[-1])  # type: ignore[func-returns-value]
    heard = backend.hear([Pass(sound("spk1_snt1")), Pass(sound("spk1_snt1"), temperatures=(0.0, 0.4))])
    assert made[0].features.keys() == {1}
    while isinstance(said := heard.finished(), HearAgain):
        heard = said.hear()
    assert made[0].features == {}
    assert all(one.attempt.decoded.attention is None for one in made[0].best.values())


def test_a_cancelled_row_leaves_and_the_others_do_not_notice(backend: OpenAiBackend) -> None:
    alone = backend.transcribe([Pass(sound("jfk"), language="en")])[0]
    gone, stays = Pass(sound("spk1_snt1"), cancelled=True), Pass(sound("jfk"), language="en")
    ours = backend.transcribe([gone, stays])
    assert ours[0].words == ()
    assert tokens_of(ours[1]) == tokens_of(alone)


def test_english_only_checkpoints(tmp_path: Path) -> None:
    path = save(tmp_path / "english.pt", multilingual=False, seed=3)
    backend, reference = new_backend(path), whisper.load_model(str(path), device="cpu")
    assert backend.languages == ("en",)
    for name in ("jfk", "spk1_snt3"):
        ours = backend.transcribe([Pass(sound(name))])[0]
        theirs = decode(reference, sound(name), language="en")
        assert tokens_of(ours) == [token for token in theirs.tokens if token < 50_256]


def test_128_mels(tmp_path: Path) -> None:
    path = save(tmp_path / "large.pt", n_mels=128, seed=4)
    backend, reference = new_backend(path), whisper.load_model(str(path), device="cpu")
    ours = backend.transcribe([Pass(sound("jfk"), language="en")])[0]
    assert tokens_of(ours) == [
        token for token in decode(reference, sound("jfk"), language="en").tokens if token < 50_257
    ]


# ---- times ----------------------------------------------------------------------------------------


def test_times_are_those_of_the_reference(backend: OpenAiBackend, reference: Any) -> None:
    """The reference normalises over one more row, that of the end token, so a random model's times differ a little."""
    same = every = 0
    for name in SOUNDS[:6]:
        ours = backend.transcribe([Pass(sound(name), language="en")])[0]
        tokenizer = whisper.tokenizer.get_tokenizer(True, num_languages=99, language="en", task="transcribe")
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(floats(sound(name))))
        theirs = find_alignment(reference, tokenizer, tokens_of(ours), mel, len(sound(name)) // 320)
        starts = {round(word.start * 1000) for word in theirs}
        every += len(ours.words)
        same += sum(any(abs(word.start_ms - start) <= 60 for start in starts) for word in ours.words)
        assert all(a.start_ms <= a.end_ms <= b.start_ms + 1 for a, b in itertools.pairwise(ours.words))
    assert same > 0.8 * every


def test_what_the_heads_looked_at_is_what_the_reference_sees(backend: OpenAiBackend, reference: Any) -> None:
    assert backend._decoding is not None
    each = Pass(sound("spk1_snt2"), language="en")
    row = backend._row(each, "en", 0)
    with torch.inference_mode():
        assert backend._encoder is not None
        backend._decoding.decoder.listen(backend._encoder(log_mel([each.pcm], 80, torch.device("cpu"))))
        decoded = backend._decoding.run([row])[0]
    seen: list[Any] = []
    hooks = [
        block.cross_attn.register_forward_hook(lambda _, __, output: seen.append(output[-1][0]))
        for block in reference.decoder.blocks
    ]
    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(floats(each.pcm)))
    with torch.no_grad(), whisper.model.disable_sdpa():
        reference(mel[None], torch.tensor([[*row.tokens, *decoded.tokens]]))
    for hook in hooks:
        hook.remove()
    theirs = torch.stack([seen[layer][head] for layer, head in reference.alignment_heads.indices().T])
    assert decoded.attention is not None
    torch.testing.assert_close(decoded.attention, theirs[:, : decoded.attention.shape[1]], atol=2e-3, rtol=1e-3)


def test_the_warp_is_the_references() -> None:
    generator = np.random.default_rng(0)
    costs, expected = [], []
    for tokens, frames in ((1, 1), (1, 9), (2, 2), (5, 40), (12, 90), (9, 9), (12, 5)):
        cost = generator.normal(size=(tokens, frames))
        text, time = dtw_cpu(cost)
        jumps = np.pad(np.diff(text), (1, 0), constant_values=1).astype(bool)
        assert token_frames([cost])[0].tolist() == time[jumps].tolist(), (tokens, frames)
        costs.append(cost)
        expected.append(time[jumps].tolist())
    assert [times.tolist() for times in token_frames(costs)] == expected, "together as alone"


@pytest.mark.parametrize("frames", [1, 3, 4, 7, 90])
def test_smoothing_is_the_references(frames: int) -> None:
    weights = torch.randn(2, 5, frames, generator=torch.Generator().manual_seed(frames))
    theirs = median_filter(weights, 7)
    alone = smoothed(weights, torch.tensor(frames))
    torch.testing.assert_close(alone, theirs, atol=0, rtol=0)
    beside_longer = torch.nn.functional.pad(weights, (0, 9), value=5.0)
    together = smoothed(
        torch.stack([beside_longer, beside_longer]), torch.tensor([frames, frames + 9]).view(2, 1, 1, 1)
    )
    torch.testing.assert_close(together[0, ..., :frames], theirs, atol=0, rtol=0)


def test_normalised_attention_of_one_token() -> None:
    assert torch.isfinite(normalised(torch.zeros(1, 2, 1, 20), torch.tensor([1]), torch.tensor([20]))).all()


def test_windows_are_aligned_together_as_they_are_alone() -> None:
    random = torch.Generator().manual_seed(2)
    sizes = [(3, 40), (9, 7), (1, 2), (30, 90)]
    scores = [torch.randn(4, places, 1500, generator=random) * 3 for places, _ in sizes]
    frames = [length for _, length in sizes]
    for alone, together in zip(
        (costs([each], [length])[0] for each, length in zip(scores, frames, strict=True)),
        costs(scores, frames),
        strict=True,
    ):
        np.testing.assert_allclose(alone, together, atol=1e-6)


def test_the_median_of_all_orders() -> None:
    """Of zeros and ones is enough: comparisons that are right for these are right for all numbers."""
    every = torch.cartesian_prod(*[torch.tensor([0, 1])] * 7)
    assert torch.equal(median(list(every.T)), every.median(dim=1).values)


def test_known_sizes_have_known_heads() -> None:
    dims = Dimensions(80, 1500, 24, 12, 12, 51_865, 448, 24, 12, 12)  # small, but for its width
    heads = alignment_heads(dims, "small")
    assert 0 < len(heads) < 72
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**{n: getattr(dims, n) for n in dims.__slots__}))
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS["small"])
    assert heads == [tuple(pair) for pair in model.alignment_heads.indices().T.tolist()]
    assert len(alignment_heads(dims, None)) == 72


# ---- loading --------------------------------------------------------------------------------------


def test_what_is_no_checkpoint_is_refused(path: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (print, ("loaded code",))

    contents: dict[str, Any] = {"evil": {"dims": {}, "model_state_dict": Evil()}, "empty": {}, "dims": {"dims": {}}}
    for name, content in contents.items():
        torch.save(content, tmp_path / f"{name}.pt")
    (tmp_path / "text.pt").write_text("not weights at all")
    (tmp_path / "half.pt").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for name in (*contents, "text", "half"):
        with pytest.raises(EngineError, match="no Whisper checkpoint, or not all of one: fetch it again") as caught:
            new_backend(tmp_path / f"{name}.pt")
        assert "\n" not in str(caught.value)
        assert "weights_only" not in str(caught.value)  # torch's advice, which runs what is in the file


def test_a_cpu_is_not_kept_busy_at_the_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen windows of base took two CPU cores a minute."""
    rows = []
    transcribe = OpenAiBackend.transcribe

    def counted(self: OpenAiBackend, passes: Sequence[Pass]) -> list[Hypothesis]:
        rows.append(len(passes))
        return transcribe(self, passes)

    monkeypatch.setattr(OpenAiBackend, "transcribe", counted)
    new_backend(path, max_batch=MOST_ROWS)
    assert rows == [1]


def test_unloading_gives_back(path: Path) -> None:
    backend = new_backend(path, max_batch=1)
    backend.unload()
    backend.unload()
    assert backend._decoding is None


def test_rows_stay_in_place_until_a_smaller_graph_does(backend: OpenAiBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What CUDA graphs of fixed sizes do to the rows, without CUDA."""
    assert backend._decoding is not None
    decoding, most = backend._decoding, backend._decoding.decoder.dims.n_text_ctx

    class Replaying:
        def run(self, size: int, _: Any) -> None:
            sizes.append(size)
            decoding._step(size, most)

    passes = [Pass(sound(name)[: 9_600 * (at + 1)], language="en") for at, name in enumerate(SOUNDS[:3])]
    plain = backend.transcribe(passes)
    sizes: list[int] = []
    monkeypatch.setattr(decoding, "_graphs", Replaying())
    monkeypatch.setattr(decoding, "_sizes", [1, 2, 4])
    graphed = backend.transcribe(passes)
    for one, other in zip(plain, graphed, strict=True):
        assert tokens_of(one) == tokens_of(other)
        assert _close(one, other)
    assert sizes == sorted(sizes, reverse=True)
    assert {1, 4} <= set(sizes)


# ---- what a GPU wants, as far as it can be seen without one -----------------------------------------


def test_a_gpu_has_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name, index in (("auto", 0), ("cuda", 0), ("cuda:1", 1)):
        assert torch.cuda._utils._get_device_index(openai_backend.device_of(name)) == index, "as set_device asks"
    assert openai_backend.device_of("cpu").type == "cpu"


class NothingForTheHost(TorchDispatchMode):
    """Refuses what a captured graph may not do: wait for the device, bring values there, give a shape by values."""

    refused = (
        "_local_scalar_dense",
        "nonzero",
        "masked_select",
        "is_nonzero",
        "equal",
        "lift_fresh",
        "_to_cpu",
        "_unique",
    )

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        assert name not in self.refused, f"{name} in a captured step"
        if name in ("index", "index_put_", "_index_put_impl_"):
            assert all(index is None or index.dtype == torch.long for index in args[1]), "a mask has a shape by values"
        return function(*args, **(kwargs or {}))


def test_a_step_asks_nothing_of_the_host(backend: OpenAiBackend) -> None:
    backend.transcribe([Pass(sound("jfk"), language="en")])
    decoding = backend._decoding
    assert decoding is not None
    buffers = (decoding._logits, decoding._logprobs, *vars(decoding.decoder).values())
    places = [buffer.data_ptr() for buffer in buffers if isinstance(buffer, torch.Tensor)]
    with torch.inference_mode(), NothingForTheHost():
        for count in (1, MOST_ROWS):
            decoding._step(count, decoding.decoder.dims.n_text_ctx)
    buffers = (decoding._logits, decoding._logprobs, *vars(decoding.decoder).values())
    assert places == [buffer.data_ptr() for buffer in buffers if isinstance(buffer, torch.Tensor)], (
        "a graph knows places"
    )
    with pytest.raises(AssertionError, match="_local_scalar_dense"), NothingForTheHost():
        torch.ones(1).item()
