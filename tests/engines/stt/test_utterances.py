"""Where a recording is cut, with a VAD that hears amplitude and an engine that says what it was fed."""

from collections.abc import Callable

import pytest

from tests.fakes.engines import FakeStt, FakeSttStream, FakeVad, silence, tone
from voi.cli.stt import _print
from voi.engines.base import SttOptions, TimedWord, Transcript
from voi.engines.stt.utterances import LEAD_MS, LONGEST_MS, TimedUtterance, utterances

BYTES_PER_MS = 32


class Timing(FakeStt):
    """Each utterance has one word, which it begins with."""

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> FakeSttStream:
        stream = super().open(options, on_partial)

        async def flush() -> Transcript:
            return Transcript("Hm.", words=(TimedWord("Hm.", 10, 250, 0.98765),))

        stream.flush = flush  # type: ignore[method-assign]
        return stream


async def heard(pcm: bytes) -> tuple[list[TimedUtterance], list[bytes]]:
    """The utterances of it, and the sound of each."""
    stt, vad = Timing(), FakeVad()
    chunks = (pcm[at : at + 6_400] for at in range(0, len(pcm), 6_400))
    said = [utterance async for utterance in utterances(chunks, stt, vad, SttOptions())]
    assert (stt.open_streams, vad.open_streams) == (0, 0)
    return said, [bytes(stream.pcm) for stream in stt.streams]


async def test_a_voice_without_a_pause_is_cut_and_nothing_of_it_heard_twice() -> None:
    pcm = tone(130_016)
    said, sounds = await heard(pcm)
    assert b"".join(sounds) == pcm
    assert len(said) == 3
    assert [each.start_s for each in said] == [0, said[0].end_s, said[1].end_s]
    assert said[0].end_s == pytest.approx(LONGEST_MS / 1_000, abs=0.032)


async def test_of_a_breath_at_a_cut_the_end_is_heard_before_what_follows() -> None:
    """Words begin softly: what the VAD called quiet since the last word may be their beginning."""
    _, sounds = await heard(tone(59_904) + silence(320) + tone(640))
    assert sounds[0].endswith(tone(59_904)[-1_024:] + silence(96))
    assert sounds[1] == silence(320) + tone(640)


async def test_after_a_pause_the_next_begins_before_its_first_word() -> None:
    said, sounds = await heard(silence(640) + tone(640) + silence(1_600) + tone(640))
    assert [each.start_s for each in said] == [0.64 - LEAD_MS / 1_000, 2.88 - LEAD_MS / 1_000]
    assert [each.end_s for each in said] == [1.28, 3.52]
    assert sounds[1] == silence(LEAD_MS) + tone(640)


async def test_times_of_words_are_in_the_recording(capsys: pytest.CaptureFixture[str]) -> None:
    said, _ = await heard(silence(640) + tone(640) + silence(1_600) + tone(640))
    assert [each.words for each in said] == [
        (TimedWord("Hm.", 330, 570, 0.98765),),
        (TimedWord("Hm.", 2_570, 2_810, 0.98765),),
    ]
    _print(said[1], "a.wav", as_json=True, named=False)
    assert capsys.readouterr().out == (
        '{"file": "a.wav", "start_s": 2.56, "end_s": 3.52, "text": "Hm.", '
        '"words": [{"text": "Hm.", "start_s": 2.57, "end_s": 2.81, "probability": 0.988}]}\n'
    )
