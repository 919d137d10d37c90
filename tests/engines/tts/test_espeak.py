import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.dialogue import SpokenWord
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.tts import espeak
from voi.engines.tts.adapter import sound_of
from voi.engines.tts.espeak import LONGEST_TEXT, Espeak, parts, plain
from voi.engines.tts.espeak_library import EspeakLibrary
from voi.errors import ConfigError, EngineError

RATE_HZ = 24_000
TEXT = "I never expected to see you here again, my old friend."


@pytest.fixture
async def tts() -> AsyncIterator[Espeak]:
    engine = Espeak()
    await engine.warm_up()
    yield engine
    await engine.close()


async def say(tts: Espeak, text: str, **spec: Any) -> bytes:
    return b"".join([pcm async for pcm in sound_of(tts, text, VoiceSpec(**spec))])


def seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE_HZ


def pitch_hz(pcm: bytes) -> float:
    """Median fundamental frequency, by autocorrelation of 50 ms frames."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    found = []
    for at in range(0, len(samples) - 1_200, 600):
        frame = samples[at : at + 1_200]
        correlation = np.correlate(frame, frame, "full")[1_199:]
        lag = RATE_HZ // 400 + int(correlation[RATE_HZ // 400 : RATE_HZ // 60].argmax())
        if np.square(frame).mean() > 1e5 and correlation[lag] > correlation[0] / 2:
            found.append(RATE_HZ / lag)
    return float(np.median(found))


def alike(one: bytes, other: bytes) -> bool:
    """espeak-ng's flutter goes on between texts, so no two sounds of the same text are equal bit by bit."""
    return abs(seconds(one) - seconds(other)) < 0.02 and abs(pitch_hz(one) / pitch_hz(other) - 1) < 0.05


# ---- sound ------------------------------------------------------------------------------------


async def test_it_speaks_in_chunks_the_first_one_short(tts: Espeak) -> None:
    chunks = [pcm async for pcm in sound_of(tts, TEXT, VoiceSpec())]
    assert 2 < seconds(b"".join(chunks)) < 6
    assert 0 < seconds(chunks[0]) <= 0.07
    assert all(len(pcm) % 2 == 0 for pcm in chunks)
    loud = np.abs(np.frombuffer(b"".join(chunks), "<i2")).max()
    assert 3_000 < loud <= 32_767


async def test_tones_are_audible(tts: Espeak) -> None:
    sounds = {tone: await say(tts, TEXT, tone=tone) for tone in tts.info.tones}
    assert set(sounds) >= {"neutral", "warm", "excited", "sad"}
    length = {tone: seconds(pcm) for tone, pcm in sounds.items()}
    pitch = {tone: pitch_hz(pcm) for tone, pcm in sounds.items()}
    assert length["excited"] < length["neutral"] * 0.9 < length["warm"] < length["sad"] * 0.95
    assert pitch["excited"] > pitch["neutral"] * 1.15
    assert pitch["sad"] < pitch["neutral"] * 0.9


async def test_a_voice_as_it_is_is_not_the_neutral_one_of_the_map(tts: Espeak) -> None:
    mapped = Espeak(voices=["en-us", "de"], voice_tone_map={"neutral": "en-us+f3"})
    await mapped.warm_up()
    assert AS_IT_IS not in mapped.info.tones
    usual = pitch_hz(await say(tts, TEXT, voice="en-us"))
    assert pitch_hz(await say(mapped, TEXT, voice="en-us", tone=AS_IT_IS)) == pytest.approx(usual, rel=0.05)
    assert pitch_hz(await say(mapped, TEXT, voice="en-us")) > usual * 1.1


async def test_the_narrator_is_distinct(tts: Espeak) -> None:
    character, narrator = await say(tts, TEXT), await say(tts, TEXT, role="narrator")
    assert pitch_hz(narrator) < pitch_hz(character) * 0.9


async def test_an_unknown_tone_is_neutral(tts: Espeak) -> None:
    assert alike(await say(tts, TEXT, tone="smug"), await say(tts, TEXT))


async def test_voices_differ(tts: Espeak) -> None:
    sounds = [await say(tts, TEXT, voice=voice) for voice in tts.info.voices]
    assert not any(alike(one, other) for one, other in itertools.combinations(sounds, 2))


async def test_speed(tts: Espeak) -> None:
    assert seconds(await say(tts, TEXT, speed=1.5)) < seconds(await say(tts, TEXT)) * 0.8


async def test_a_sentence_ends_with_a_pause(tts: Espeak) -> None:
    samples = np.frombuffer(await say(tts, "Hello."), "<i2")
    assert not samples[-RATE_HZ // 5 :].any()


async def test_language_goes_by_voice_or_by_spec(tts: Espeak) -> None:
    german = Espeak(voices=["de"])
    await german.warm_up()
    text = "Guten Tag, wie geht es Ihnen?"
    assert alike(await say(tts, text, language="de"), await say(german, text))
    assert not alike(await say(tts, text, language="de"), await say(tts, text))
    assert alike(await say(tts, text, language="en"), await say(tts, text))
    await german.close()
    with pytest.raises(EngineError, match="language 'xx'"):
        await say(tts, text, language="xx")


# ---- hostile text -------------------------------------------------------------------------------


async def test_control_characters_command_nothing(tts: Espeak) -> None:
    """espeak-ng takes "\\x01" followed by 50P, 9S... for changes of pitch and speed."""
    assert alike(await say(tts, "hello \x0180S world"), await say(tts, "hello  80S world"))
    assert await say(tts, "\x01\x00\x02") == b""


async def test_markup_is_text(tts: Espeak) -> None:
    slow = "<speak>hello <prosody rate='10%'>world</prosody></speak>"
    assert seconds(await say(tts, slow)) > seconds(await say(tts, "hello world")) * 2, "the tags were read out"
    phonemes = "[[h@l'oU]] world"
    assert seconds(await say(tts, phonemes)) > seconds(await say(tts, "hello world")) * 1.5, "read out, not obeyed"


async def test_nothing_to_say(tts: Espeak) -> None:
    for text in ("", "   ", "\n\t"):
        assert await say(tts, text) == b""


async def test_a_text_may_not_be_endless(tts: Espeak) -> None:
    with pytest.raises(EngineError, match="too long"):
        await say(tts, "a" * (LONGEST_TEXT + 1))


@given(st.text(max_size=300))
def test_plain_text_has_no_control_characters_and_can_be_encoded(text: str) -> None:
    cleaned = plain(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in cleaned)
    cleaned.encode()


@given(st.text(alphabet="ab .,!?", max_size=600), st.integers(40, 120))
def test_parts_keep_every_word_and_are_short(text: str, longest: int) -> None:
    cut = parts(text, longest)
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(0 < len(part) <= longest for part in cut)


def test_parts_end_where_sentences_do() -> None:
    assert parts("One two three four. Five six seven, eight nine. Ten eleven", 40) == [
        "One two three four.",
        "Five six seven, eight nine. Ten eleven",
    ]
    assert parts("One two three four five six, seven eight nine ten", 40)[0] == "One two three four five six,"


# ---- sharing the library --------------------------------------------------------------------------


async def test_a_long_text_is_made_as_it_is_taken_and_blocks_nobody(
    tts: Espeak, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str] = []
    speak = EspeakLibrary.speak

    def noted(self: EspeakLibrary, text: str, *rest: Any) -> Any:
        spoken.append(text)
        return speak(self, text, *rest)

    monkeypatch.setattr(EspeakLibrary, "speak", noted)
    long = tts.stream("This is a rather long story without an end. " * 50, VoiceSpec())
    await anext(long)
    assert await say(tts, "Hello.")
    assert len(spoken) == 2, "one part of the story, then the greeting"
    assert seconds(b"".join([item async for item in long if isinstance(item, bytes)])) > 100
    assert len(spoken) > 6


async def test_closing_the_iterator_stops_the_synthesis(tts: Espeak, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()
    answers: list[bool] = []
    speak = EspeakLibrary.speak

    def slow(self: EspeakLibrary, text: str, identifier: str, prosody: Any, emit: Any) -> Any:
        def step(pcm: bytes) -> bool:
            answers.append(emit(pcm))
            if len(answers) == 2:
                started.set()
                assert go_on.wait(5)
            return answers[-1]

        return speak(self, text, identifier, prosody, step)

    monkeypatch.setattr(EspeakLibrary, "speak", slow)
    stream = tts.stream("This sentence will be stopped soon after its beginning.", VoiceSpec())
    await anext(stream)
    await asyncio.to_thread(started.wait, 5)
    await stream.aclose()
    go_on.set()
    monkeypatch.undo()
    assert await say(tts, "Hello."), "the thread is free again"
    assert answers == [True, True, False]


async def test_many_at_once(tts: Espeak) -> None:
    alone = {voice: await say(tts, TEXT, voice=voice) for voice in tts.info.voices}
    together = await asyncio.gather(*(say(tts, TEXT, voice=voice) for voice in tts.info.voices * 3))
    for voice, pcm in zip(tts.info.voices * 3, together, strict=True):
        assert alike(pcm, alone[voice])


async def test_an_endless_synthesis_has_a_deadline(tts: Espeak, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    monkeypatch.setattr(espeak, "PART_DEADLINE_S", 0.01)
    monkeypatch.setattr(EspeakLibrary, "speak", lambda *_: free.wait(5))
    with pytest.raises(EngineError, match="too slow"):
        await say(tts, "Hello.")
    free.set()


async def test_a_failure_is_told(tts: Espeak, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise EngineError("espeak-ng failed (error -1).")

    monkeypatch.setattr(EspeakLibrary, "speak", broken)
    with pytest.raises(EngineError, match="failed"):
        await say(tts, "Hello.")


async def test_closing_one_engine_leaves_the_other_speaking() -> None:
    first, second = Espeak(), Espeak(voices=["en-gb"])
    await first.warm_up()
    await second.warm_up()
    await first.close()
    await first.close()
    assert await say(second, "Hello.")
    with pytest.raises(EngineError, match="not running"):
        await say(first, "Hello.")
    await second.close()


# ---- options --------------------------------------------------------------------------------------


async def test_a_tone_may_be_a_voice_or_a_prosody() -> None:
    tts = Espeak(voices=["en-us"], voice_tone_map={"sad": "en-us+f3", "giddy": {"rate": 1.4, "pitch": 90}})
    await tts.warm_up()
    assert {"neutral", "sad", "giddy"} <= set(tts.info.tones)
    assert pitch_hz(await say(tts, TEXT, tone="giddy")) > pitch_hz(await say(tts, TEXT)) * 1.3
    plainly = Espeak(voices=["en-us"])
    await plainly.warm_up()
    assert not alike(await say(tts, TEXT, tone="sad"), await say(plainly, TEXT, tone="sad"))
    await tts.close()


async def test_an_unknown_voice_is_found_at_start() -> None:
    tts = Espeak(voices=["en-us", "klingon", "en-us+nobody"], voice_tone_map={"sad": "../../etc/passwd"})
    with pytest.raises(ConfigError) as caught:
        await tts.warm_up()
    assert len(caught.value.problems) == 3
    await tts.close()


async def test_only_offered_voices(tts: Espeak) -> None:
    with pytest.raises(EngineError, match="No voice 'de'"):
        await say(tts, TEXT, voice="de")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"voices": []}, "voices"),
        ({"speed": 9}, "speed"),
        ({"voice_tone_map": {"sad": {"volume": 3}}}, "does not know volume"),
        ({"voice_tone_map": {"sad": {"pitch": 300}}}, "0 to 100"),
        ({"voice_tone_map": {"sad": 3}}, "name of a voice"),
    ],
)
def test_wrong_options(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        Espeak(**options)


async def test_it_tells_when_each_word_is_spoken(tts: Espeak) -> None:
    """Words as spaces part them, whatever espeak-ng takes for words; the pause after a sentence is none of them."""
    text = "It costs 25 dollars - isn't that e-mail cheap? Yes."
    speech = [item async for item in tts.stream(text, VoiceSpec())]
    words = [item for item in speech if isinstance(item, SpokenWord)]
    sound_ms = seconds(b"".join(item for item in speech if isinstance(item, bytes))) * 1_000
    assert [word.text for word in words] == text.split()
    assert words[0].start_ms == 0
    assert all(word.start_ms <= word.end_ms for word in words)
    assert all(word.end_ms <= after.start_ms for word, after in pairwise(words))
    lengths = {word.text: word.end_ms - word.start_ms for word in words}
    assert lengths["25"] > lengths["It"] > 0
    assert lengths["-"] == 0
    assert lengths["isn't"] > 0
    assert sound_ms - 400 < words[-1].end_ms <= sound_ms
    assert not any(word.estimated for word in words)


async def test_words_of_a_long_text_count_from_its_beginning() -> None:
    tts = Espeak(voices=["en-us"], avg_text_len=40)
    await tts.warm_up()
    text = "This is the first part of it. And this is the second part of it."
    words = [item async for item in tts.stream(text, VoiceSpec()) if isinstance(item, SpokenWord)]
    assert [word.text for word in words] == text.split()
    starts = [word.start_ms for word in words]
    assert starts == sorted(starts)
    assert starts[7] - words[6].end_ms > 200  # the pause between the sentences
