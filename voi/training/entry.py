"""The entry for tts_models.json of an exported model: its files, its language, its tones."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from voi.training.base import CONFIG, MODEL, SPEAKERS, VOCABULARY
from voi.training.manifest import TrainingSample

FILES = {"checkpoint": MODEL, "config": CONFIG, "tokenizer": VOCABULARY, "voices": SPEAKERS}
"""Fields that name files, and the files, relative to the exported folder."""
NEUTRAL = "neutral"


def entry(samples: Sequence[TrainingSample]) -> dict[str, Any]:
    """The entry of a model that was trained on `samples` (at least one). It sets no `avg_text_len`, which would cut
    longer sentences: the limits of the base apply."""
    language = Counter(sample.language for sample in samples).most_common(1)[0][0]
    made: dict[str, Any] = {"engine": "xtts", "language": language, **FILES}
    if tones := tone_map(samples):
        made["voice_tone_map"] = tones
    return made


def voices(samples: Sequence[TrainingSample]) -> list[str]:
    """The speakers in the order of the file of voices: with tones, neutral first; else those with the most speech
    first. The first is the default voice."""
    return list(tone_map(samples).values()) or _speakers(samples)


def tone_map(samples: Sequence[TrainingSample]) -> dict[str, str]:
    """Speakers called `Robin neutral`, `Robin warm`, `Robin whispering`, … are the tones of one voice, when one of them
    is neutral and there are no other speakers."""
    speakers = _speakers(samples)
    named = [match for speaker in speakers if (match := re.fullmatch(r"(.+)[ _-]([^\W_]+)", speaker))]
    found = {match[2].lower(): match[0] for match in named}
    if len(found) < len(speakers) or len({match[1] for match in named}) > 1 or NEUTRAL not in found:
        return {}
    return {NEUTRAL: found.pop(NEUTRAL)} | found


def _speakers(samples: Sequence[TrainingSample]) -> list[str]:
    """The speakers, those with the most speech first."""
    spoken_ms: Counter[str] = Counter()
    for sample in samples:
        spoken_ms[sample.speaker] += sample.duration_ms
    return [speaker for speaker, _ in spoken_ms.most_common()]
