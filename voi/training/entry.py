"""The entry for tts_models.json of an exported model: its files, its language, its tones."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from voi.config.templates import DEFAULT_TONES
from voi.training.base import CONFIG, MODEL, SPEAKERS, VOCABULARY
from voi.training.manifest import Sample

FILES = {"checkpoint": MODEL, "config": CONFIG, "tokenizer": VOCABULARY, "voices": SPEAKERS}
"""Fields that name files, and the files, relative to the exported folder."""


def entry(samples: Sequence[Sample]) -> dict[str, Any]:
    """Of a model that was trained on those, at least one."""
    language = Counter(sample.language for sample in samples).most_common(1)[0][0]
    made: dict[str, Any] = {"engine": "xtts", "language": language, **FILES}
    if tones := tone_map(samples):
        made["voice_tone_map"] = tones
    return made | {"avg_text_len": max(1, round(sum(len(sample.text) for sample in samples) / len(samples)))}


def voices(samples: Sequence[Sample]) -> list[str]:
    """The speakers, in the order in which the file of voices has them: of tones neutral first, else those with the most
    speech. Who names no voice, as a narrator may, speaks with the first."""
    return list(tone_map(samples).values()) or _speakers(samples)


def tone_map(samples: Sequence[Sample]) -> dict[str, str]:
    """Speakers called `Robin neutral`, `Robin warm`, … are the tones of one voice, when one of them is neutral and
    there is nobody else."""
    speakers = _speakers(samples)
    found: dict[str, str] = {}
    people = set()
    for speaker in speakers:
        match = re.fullmatch(r"(.+?)[ _-](\w+)", speaker)
        if match and match[2].lower() in DEFAULT_TONES:
            found[match[2].lower()] = speaker
            people.add(match[1])
    complete = len(people) == 1 and len(found) == len(speakers) and DEFAULT_TONES[0] in found
    return {tone: found[tone] for tone in DEFAULT_TONES if tone in found} if complete else {}


def _speakers(samples: Sequence[Sample]) -> list[str]:
    """Those with the most speech first."""
    spoken_ms: Counter[str] = Counter()
    for sample in samples:
        spoken_ms[sample.speaker] += sample.duration_ms
    return [speaker for speaker, _ in spoken_ms.most_common()]
