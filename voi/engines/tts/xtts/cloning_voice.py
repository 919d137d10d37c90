"""Adds a voice, tone by tone: samples are judged, turned into latents, and stored. Blocks: not for the event loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from voi.audio.sample import Sample
from voi.engines.base import Vad
from voi.engines.tts.sample_quality import LONGEST_S, judge, too_little
from voi.engines.tts.sample_speakers import OTHER_SPEAKER, apartness, cepstra, greatest_change
from voi.engines.tts.xtts import cloning_file
from voi.engines.tts.xtts.cloning import Cloner
from voi.errors import ClientError

NEUTRAL = "neutral"
SAMPLES_MOST = 20


class Recording(NamedTuple):
    """`label`: what the sample is called in advice (its file's name)."""

    label: str
    sample: Sample


@dataclass(slots=True)
class Added:
    """`tone_map`: for the model's `voice_tone_map`, empty when there is only one tone. `replaced`: those of the voices
    that there were before. `advice`: what would make the
    voice better."""

    voices: tuple[str, ...]
    tone_map: dict[str, str]
    replaced: tuple[str, ...]
    advice: list[str] = field(default_factory=list)


def voice_of_tone(name: str, tone: str) -> str:
    return name if tone == NEUTRAL else f"{name} {tone}"


def add_voice(
    cloner: Cloner,
    voices_file: Path,
    name: str,
    tones: Mapping[str, Sequence[Recording]],
    vad: Vad,
    *,
    force: bool = False,
) -> Added:
    """`tones`: tone, as `tones.folded` gives it -> samples of the person speaking so; `neutral` is the voice itself and
    must be there.

    ClientError with everything that is wrong with the name or the samples (NameTaken: there is such a voice); then
    nothing is stored. ConfigError when the file of voices cannot be used.
    """
    wanted = {tone: cloning_file.checked_name(voice_of_tone(name, tone)) for tone in tones}
    if not tones.get(NEUTRAL):
        raise ClientError("A voice needs at least one sample in which it speaks normally.")
    if sum(len(recordings) for recordings in tones.values()) > SAMPLES_MOST:
        raise ClientError(f"At most {SAMPLES_MOST} samples can be used for a voice.")
    there = cloning_file.names(voices_file)
    cloning_file.refuse_taken(wanted.values(), there, force=force)
    advice = _judged(tones, vad)
    advice += _doubts(tones)
    made = {
        voice: cloner.latents(voice, [recording.sample for recording in tones[tone]]) for tone, voice in wanted.items()
    }
    cloning_file.store(voices_file, made, force=force)
    tone_map = {NEUTRAL: wanted[NEUTRAL]} | wanted if len(wanted) > 1 else {}
    return Added(tuple(made), tone_map, tuple(voice for voice in made if voice in there), advice)


def _judged(tones: Mapping[str, Sequence[Recording]], vad: Vad) -> list[str]:
    """Advice. ClientError with the problems of all samples."""
    problems, advice = [], []
    for tone, recordings in tones.items():
        qualities = [judge(recording.sample, vad) for recording in recordings]
        unusable = False
        for recording, quality in zip(recordings, qualities, strict=True):
            problems += [f"{recording.label}: {text}" for text in quality.problems]
            advice += [f"{recording.label}: {text}" for text in quality.advice]
            unusable = unusable or bool(quality.problems)
        problem, better = too_little(qualities)
        what = recordings[0].label if len(recordings) == 1 else f"the samples of {tone}"
        if problem and not unusable:
            problems.append(f"{what}: {problem}")
        if better:
            advice.append(f"{what}: {better}")
    if problems:
        raise ClientError("\n".join(problems))
    return advice


def _doubts(tones: Mapping[str, Sequence[Recording]]) -> list[str]:
    """Is it one person, in each sample and in all of them?"""
    found = []
    first = tones[NEUTRAL][0]
    heard_first = cepstra(_used(first.sample))
    for tone, recordings in tones.items():
        for recording in recordings:
            heard = heard_first if recording is first else cepstra(_used(recording.sample))
            if greatest_change(heard) > OTHER_SPEAKER:
                found.append(
                    f"{recording.label}: its sound changes, as if another person spoke, or the place changed: let only "
                    "one speak, in one place, without music."
                )
            if recording is not first and apartness(heard_first, heard) > OTHER_SPEAKER:
                why = "another person, microphone or room?"
                excuse = "" if tone == NEUTRAL else f" (The tone {tone} alone may explain it.)"
                found.append(f"{recording.label}: it does not sound like {first.label}: {why}{excuse}")
    return found


def _used(sample: Sample) -> Sample:
    return Sample(sample.samples[: int(LONGEST_S * sample.rate_hz)], sample.rate_hz)
