"""Adds a voice to a model, tone by tone: recordings are checked, then the model's `VoiceCloner` makes voices of them.
Blocks: not for the event loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from voi.audio.sample import Sample
from voi.config.voice_names import checked_name, refuse_taken
from voi.engines import registry
from voi.engines.base import Clones, Vad, VoiceCloner
from voi.engines.info import TtsInfo, info_of
from voi.engines.tts.sample_quality import LONGEST_S, quality_of, too_little
from voi.engines.tts.sample_speakers import OTHER_SPEAKER, apartness, cepstra, greatest_change
from voi.errors import ClientError

NEUTRAL = "neutral"
SAMPLES_MOST = 20


class NamedSample(NamedTuple):
    """`label`: what the sample is called in advice (its file's name)."""

    label: str
    sample: Sample


@dataclass(slots=True)
class Added:
    """What `add_voice` did. `tone_map`: for the model's `voice_tone_map`, empty when there is only one tone.
    `replaced`: those of the voices that existed before. `advice`: how to make the voice better."""

    voices: tuple[str, ...]
    tone_map: dict[str, str]
    replaced: tuple[str, ...]
    advice: list[str] = field(default_factory=list)


def cloner_of(engine: str, options: Mapping[str, Any]) -> VoiceCloner | None:
    """The voices of a model of that TTS engine, to be added to. None: the engine does not clone. Raises ConfigError for
    an unknown engine or wrong options, EngineError when the engine's code cannot be imported."""
    factory = registry.find("tts", engine)
    info = info_of(factory, engine)
    if not (isinstance(info, TtsInfo) and info.clones):
        return None
    return registry.build(cast(Clones, factory).cloner, "tts", engine, options)  # type: ignore[no-any-return]


def voice_of_tone(name: str, tone: str) -> str:
    """The name of the voice that speaks in that tone."""
    return name if tone == NEUTRAL else f"{name} {tone}"


def add_voice(
    cloner: VoiceCloner, name: str, tones: Mapping[str, Sequence[NamedSample]], vad: Vad, *, force: bool = False
) -> Added:
    """Make a voice for each tone. `tones`: tone, as `tones.folded` gives it -> samples of the person speaking in that
    tone; `neutral` is the voice itself and must be there. `force`: replace voices of these names.

    Raises ClientError with everything that is wrong with the name or the samples (NameTaken: there is such a voice);
    then nothing is kept. Raises ConfigError and EngineError as the cloner does.
    """
    wanted = {tone: checked_name(voice_of_tone(name, tone)) for tone in tones}
    if not tones.get(NEUTRAL):
        raise ClientError("A voice needs at least one sample in which it speaks normally.")
    if sum(len(samples) for samples in tones.values()) > SAMPLES_MOST:
        raise ClientError(f"At most {SAMPLES_MOST} samples can be used for a voice.")
    there = cloner.names()
    refuse_taken(wanted.values(), there, force=force)
    advice = _quality_advice(tones, vad) + _doubts(tones)
    cloner.add({voice: [each.sample for each in tones[tone]] for tone, voice in wanted.items()}, force=force)
    tone_map = {NEUTRAL: wanted[NEUTRAL]} | wanted if len(wanted) > 1 else {}
    made = tuple(wanted.values())
    return Added(made, tone_map, tuple(voice for voice in made if voice in there), advice)


def _quality_advice(tones: Mapping[str, Sequence[NamedSample]], vad: Vad) -> list[str]:
    """Advice. Raises ClientError with the problems of all samples."""
    problems, advice = [], []
    for tone, samples in tones.items():
        qualities = [quality_of(each.sample, vad) for each in samples]
        unusable = False
        for each, quality in zip(samples, qualities, strict=True):
            problems += [f"{each.label}: {text}" for text in quality.problems]
            advice += [f"{each.label}: {text}" for text in quality.advice]
            unusable = unusable or bool(quality.problems)
        problem, better = too_little(qualities)
        what = samples[0].label if len(samples) == 1 else f"the samples of {tone}"
        if problem and not unusable:
            problems.append(f"{what}: {problem}")
        if better:
            advice.append(f"{what}: {better}")
    if problems:
        raise ClientError("\n".join(problems))
    return advice


def _doubts(tones: Mapping[str, Sequence[NamedSample]]) -> list[str]:
    """Advice if the samples may be of more than one person, within one sample or between samples."""
    found = []
    first = tones[NEUTRAL][0]
    heard_first = cepstra(_used(first.sample))
    for tone, samples in tones.items():
        for each in samples:
            heard = heard_first if each is first else cepstra(_used(each.sample))
            if greatest_change(heard) > OTHER_SPEAKER:
                found.append(
                    f"{each.label}: its sound changes, as if another person spoke, or the place changed: let only "
                    "one speak, in one place, without music."
                )
            if each is not first and apartness(heard_first, heard) > OTHER_SPEAKER:
                why = "another person, microphone or room?"
                excuse = "" if tone == NEUTRAL else f" (The tone {tone} alone may explain it.)"
                found.append(f"{each.label}: it does not sound like {first.label}: {why}{excuse}")
    return found


def _used(sample: Sample) -> Sample:
    return Sample(sample.samples[: int(LONGEST_S * sample.rate_hz)], sample.rate_hz)
