"""Adding voices to a model of any engine: what is judged and refused before its cloner is asked."""

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voi.audio.sample import Sample, read_sample
from voi.config.voice_names import refuse_taken
from voi.engines import registry
from voi.engines.info import TtsInfo
from voi.engines.tts.cloning import NamedSample, add_voice, cloner_of
from voi.engines.vad.silero import Silero
from voi.errors import ClientError, ConfigError, EngineError

AUDIO = Path(__file__).parents[2] / "data" / "audio"


def samples(*names: str) -> list[NamedSample]:
    return [NamedSample(name, read_sample(AUDIO / name)) for name in names]


class FakeCloner:
    """Keeps the samples themselves."""

    place = "memory"

    def __init__(self) -> None:
        self.voices: dict[str, Sequence[Sample]] = {"Robin": ()}

    def names(self) -> tuple[str, ...]:
        return tuple(self.voices)

    def add(self, voices: Mapping[str, Sequence[Sample]], *, force: bool = False) -> None:
        refuse_taken(voices, self.voices, force=force)
        self.voices |= voices

    def remove(self, *names: str) -> None:
        for name in names:
            del self.voices[name]


@pytest.fixture
def cloner() -> FakeCloner:
    return FakeCloner()


def test_a_voice_for_each_tone(cloner: FakeCloner) -> None:
    tones = {"neutral": samples("austen-0870.wav"), "warm": samples("spk1_snt1.wav", "spk1_snt2.wav")}
    added = add_voice(cloner, "Ada", tones, Silero())
    assert (added.voices, added.replaced) == (("Ada", "Ada warm"), ())
    assert added.tone_map == {"neutral": "Ada", "warm": "Ada warm"}
    assert {name: len(given) for name, given in cloner.voices.items()} == {"Robin": 0, "Ada": 1, "Ada warm": 2}
    again = add_voice(cloner, "Ada", {"neutral": samples("jfk.wav")}, Silero(), force=True)
    assert (again.replaced, again.tone_map) == (("Ada",), {})


def test_all_problems_are_told_and_nothing_is_stored(cloner: FakeCloner) -> None:
    tones = {"neutral": samples("noise2.wav"), "warm": samples("austen-0880.wav")}
    with pytest.raises(ClientError) as caught:
        add_voice(cloner, "Ada", tones, Silero())
    assert str(caught.value).splitlines() == [
        "noise2.wav: no speech is heard in it.",
        "austen-0880.wav: too short: 3.0 s with 2.5 s of speech, and 3 s are the least. "
        "Record more, or give several samples.",
    ]
    assert cloner.names() == ("Robin",)


def test_two_people(cloner: FakeCloner) -> None:
    austen, beside = samples("austen-0870.wav", "jfk.wav")
    both = NamedSample("both.wav", Sample(np.concatenate([austen.sample.samples, beside.sample.samples]), 16_000))
    for given, says in (
        ([austen, beside], ["jfk.wav: it does not sound like austen-0870.wav"]),
        ([both], ["both.wav: its sound changes"]),
        ([austen, *samples("austen-0880.wav")], []),
    ):
        advice = add_voice(cloner, "Ada", {"neutral": given}, Silero(), force=True).advice
        advice = [text for text in advice if "sound like" in text or "sound changes" in text]
        assert [text[: len(start)] for text, start in zip(advice, says, strict=True)] == says


@pytest.mark.parametrize(
    ("name", "tones", "says"),
    [
        ("", {"neutral": 1}, "A voice's name"),
        ("../evil", {"neutral": 1}, "A voice's name"),
        ("Ada\n", {"neutral": 1}, "A voice's name"),
        ("x" * 65, {"neutral": 1}, "A voice's name"),
        ("Ada", {"warm/": 1, "neutral": 1}, "A voice's name"),
        ("Ada", {"warm": 1}, "at least one sample"),
        ("Ada", {"neutral": 21}, "At most 20"),
        ("Robin", {"neutral": 1}, "already"),
        ("Robin", {"neutral": 1, "warm": 1}, "already"),
    ],
)
def test_refusals(cloner: FakeCloner, name: str, tones: dict[str, int], says: str) -> None:
    given = {tone: samples("jfk.wav") * count for tone, count in tones.items()}
    with pytest.raises(ClientError, match=says):
        add_voice(cloner, name, given, Silero())


class Cloning:
    """A TTS engine that clones."""

    info = TtsInfo("parrot", clones=True)

    @staticmethod
    def cloner(*, voices: str) -> FakeCloner:
        return FakeCloner()


class Mute:
    info = TtsInfo("mute")


def test_engines_declare_that_they_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint(f"tts.{kind.info.name}", f"{__name__}:{kind.__name__}", registry.GROUP)
              for kind in (Cloning, Mute)]  # fmt: skip
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points if group == registry.GROUP else [])
    assert isinstance(cloner_of("parrot", {"voices": "x"}), FakeCloner)
    wrong: list[tuple[str, dict[str, Any], type[Exception]]] = [
        ("parrot", {}, ConfigError), ("parrot", {"voices": "x", "colour": "red"}, ConfigError),
        ("nobody", {}, ConfigError),
    ]  # fmt: skip
    assert cloner_of("mute", {}) is None
    assert cloner_of("espeak", {}) is None
    for name, options, error in wrong:
        with pytest.raises(error):
            cloner_of(name, options)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [EntryPoint("tts.gone", "gone:Gone", group)])
    with pytest.raises(EngineError, match="package gone"):
        cloner_of("gone", {})
