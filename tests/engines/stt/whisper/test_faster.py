"""The backend for CTranslate2 beside the one for OpenAI's checkpoints, on the same tiny random weights."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ctranslate2")
pytest.importorskip("faster_whisper")
pytest.importorskip("whisper")

import ctranslate2  # type: ignore[import-untyped]

from tests.engines.sounds import sound
from tests.engines.stt.whisper.checkpoints import save
from tests.engines.stt.whisper.converted import convert
from voi.engines.base import SttOptions
from voi.engines.stt.whisper import faster_backend
from voi.engines.stt.whisper.engine import FasterWhisper
from voi.engines.stt.whisper.faster_backend import FasterBackend
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.stt.whisper.passes import Hypothesis, Pass
from voi.engines.stt.whisper.words import RawWord
from voi.errors import EngineError

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("weights") / "tiny.pt", seed=1)


@pytest.fixture(scope="module")
def folder(checkpoint: Path) -> Path:
    return convert(checkpoint, checkpoint.with_suffix(""))


@pytest.fixture(scope="module")
def faster(folder: Path) -> FasterBackend:
    backend = FasterBackend(str(folder), models_dir=folder, device="cpu", precision="float32", max_batch=4)
    backend.load()
    return backend


@pytest.fixture(scope="module")
def openai(checkpoint: Path) -> OpenAiBackend:
    backend = OpenAiBackend(str(checkpoint), models_dir=checkpoint, device="cpu", precision="auto", max_batch=4)
    backend.load()
    return backend


def tokens_of(hypothesis: Hypothesis) -> list[int]:
    return [token for word in hypothesis.words for token in word.tokens]


PREFIX = (RawWord(" the", (264,), 0, 300), RawWord(" child", (1440,), 300, 700))
PASSES = [
    Pass(sound("jfk"), language="en"),
    Pass(sound("spk1_snt1"), language="en", prefix=PREFIX, prompt="Dogs and children."),
    Pass(sound("spk1_snt2")),
    Pass(sound("spk1_snt3"), language="de", prefix=PREFIX[:1], context=PREFIX),
    Pass(sound("austen-0880"), usual="fr"),
    Pass(sound("spk1_snt1"), language="en", prefix=PREFIX, goes_on=True),
    Pass(sound("jfk"), language="en", translate=True),
]


def test_it_says_what_the_other_backend_says(faster: FasterBackend, openai: OpenAiBackend) -> None:
    for each in PASSES:
        ours, theirs = faster.transcribe([each])[0], openai.transcribe([each])[0]
        assert tokens_of(ours) == tokens_of(theirs)
        assert len(tokens_of(ours)) > 3
        assert ours.language == theirs.language
        assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=2e-3)
        assert ours.no_speech_prob == pytest.approx(theirs.no_speech_prob, abs=1e-4)
        assert [word.text for word in ours.words] == [word.text for word in theirs.words]


def test_each_row_as_it_is_alone(faster: FasterBackend) -> None:
    alone = [faster.transcribe([each])[0] for each in PASSES]
    for order in ([0, 1, 2, 3], [4, 2, 1]):
        together = faster.transcribe([PASSES[at] for at in order])
        assert [tokens_of(each) for each in together] == [tokens_of(alone[at]) for at in order]
        for ours, at in zip(together, order, strict=True):
            assert [(w.start_ms, w.end_ms) for w in ours.words] == [(w.start_ms, w.end_ms) for w in alone[at].words]


def test_a_cancelled_row_is_left_out(faster: FasterBackend) -> None:
    gone = faster.transcribe([Pass(sound("jfk"), cancelled=True), PASSES[0]])
    assert gone[0].words == ()
    assert gone[1].words


def test_fallback_ends(faster: FasterBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hypothesis, "doubtful", True)
    monkeypatch.setattr(faster_backend, "better", lambda _, latest: latest)
    found = faster.transcribe([Pass(sound("spk1_snt1")), Pass(sound("spk1_snt1"), temperatures=(0.0, 0.4))])
    assert [each.temperature for each in found] == [0.0, 0.4]


def test_bfloat16_features_are_taken_apart_too(faster: FasterBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU gives where `precision` is bfloat16; CTranslate2 does not compute in it on a CPU."""

    class Coarse:
        def __init__(self, model: Any) -> None:
            self._model = model

        def encode(self, *arguments: Any, **options: Any) -> Any:
            return self._model.encode(*arguments, **options).to(ctranslate2.DataType.bfloat16)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._model, name)

    fine = faster.transcribe(PASSES[:2])
    monkeypatch.setattr(faster, "_model", Coarse(faster._model))
    coarse = faster.transcribe(PASSES[:2])
    assert [each.avg_logprob for each in coarse] == pytest.approx([each.avg_logprob for each in fine], abs=0.2)


async def test_the_engine(folder: Path) -> None:
    engine = FasterWhisper(model=str(folder), device="cpu", max_batch=2)
    await engine.warm_up()
    assert len(engine.info.languages or ()) >= 99
    stream = engine.open(SttOptions(language="en"), None)
    stream.feed(sound("spk1_snt1"))
    assert isinstance((await stream.flush()).text, str)
    stream.close()
    await engine.close()


async def test_missing_models_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="voi models pull faster-whisper-small"):
        await FasterWhisper(models_dir=tmp_path).warm_up()


def test_a_cpu_is_not_kept_busy_at_the_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []
    monkeypatch.setattr(FasterBackend, "transcribe", lambda _, passes: rows.append(len(passes)))
    FasterBackend(str(folder), models_dir=folder, device="cpu", precision="auto", max_batch=16).load()
    assert rows == [1]


def test_a_broken_model_is_told(tmp_path: Path) -> None:
    for name in ("model.bin", "tokenizer.json"):
        (tmp_path / name).write_text("no model")
    backend = FasterBackend(str(tmp_path), models_dir=tmp_path, device="cpu", precision="auto", max_batch=1)
    with pytest.raises(EngineError, match="cannot be loaded"):
        backend.load()
