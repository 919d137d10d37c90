"""Prepares recordings: writes a folder for training, and a report of what was left out and why."""

import hashlib
import json
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from voi.audio.wav import to_wav
from voi.engines.base import Vad
from voi.engines.tts.sample_quality import NOISY_DB
from voi.engines.vad.silero import Silero
from voi.errors import ConfigError
from voi.training import manifest, sound, transcript
from voi.training.manifest import TrainingSample
from voi.training.recordings import Recording
from voi.training.sound import Unusable
from voi.training.splits import SPLITS, TRAIN, deal
from voi.training.trouble import disk_told

WAVS = "wavs"
REPORT = "report.json"
DEALT_BY = "dealt_by"
LITTLE_MS = 120_000
"""With less speech training rarely changes a voice; advice says so."""
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Dropped:
    """A recording that was left out: its name, the reason as one word, and the reason as text."""

    name: str
    kind: str
    reason: str


@dataclass
class Report:
    """The result for all recordings. `snr_db`: of those that were kept. `redealt`: other choices than last time have
    moved recordings to other splits."""

    kept: list[TrainingSample] = field(default_factory=list)
    snr_db: list[float] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    redealt: bool = False

    @property
    def duration_ms(self) -> int:
        return sum(sample.duration_ms for sample in self.kept)

    def advice(self) -> list[str]:
        found = []
        if self.redealt:
            found.append(
                "The recordings are dealt into other splits than last time, because the choices differ. A model that "
                "was trained on this folder before may have seen what is held back now."
            )
        empty = [split for split in SPLITS if not manifest.of_split(self.kept, split)]
        if empty and self.kept:
            found.append(
                f"Nothing is left for {' and '.join(empty)}: more recordings of different sentences are needed."
            )
        if self.snr_db and (middle := statistics.median(self.snr_db)) < NOISY_DB:
            found.append(
                f"It is noisy (half of it under {middle:.0f} dB between speech and noise), and the noise is learnt "
                f"too: {NOISY_DB:g} dB and more are good."
            )
        if 0 < self.duration_ms < LITTLE_MS:
            found.append("This is less than two minutes of speech; ten minutes and more make a voice.")
        if len(self.dropped) > len(self.kept):
            found.append("More was left out than kept: look at the reasons first.")
        return found

    def __str__(self) -> str:
        lines = [f"Kept {len(self.kept)} recordings, {self.duration_ms / 60_000:.1f} minutes."]
        for split in SPLITS:
            part = manifest.of_split(self.kept, split)
            lines.append(f"  {split:11}{len(part):6}  {sum(s.duration_ms for s in part) / 60_000:6.1f} minutes")
        for (speaker, language), count in sorted(Counter((s.speaker, s.language) for s in self.kept).items()):
            lines.append(f"  {speaker} ({language}): {count}")
        if self.dropped:
            lines.append(f"Left out {len(self.dropped)}:")
        for kind, count in Counter(each.kind for each in self.dropped).most_common():
            lines.append(f"  {kind}: {count}")
            some = [each for each in self.dropped if each.kind == kind][:EXAMPLES]
            lines += [f"    {each.name}: {each.reason}" for each in some]
        return "\n".join([*lines, *self.advice()])


@dataclass(frozen=True, slots=True)
class Choices:
    """`speaker`, `language`: for recordings that name none. `by_speaker`: hold out whole speakers, not sentences."""

    speaker: str = "speaker"
    language: str = "en"
    validation_share: float = 0.05
    test_share: float = 0.05
    by_speaker: bool = False
    seed: str = ""

    def of_dealing(self) -> dict[str, Any]:
        """The choices that decide the splits."""
        return {name: getattr(self, name) for name in ("validation_share", "test_share", "by_speaker", "seed")}

    def group(self, sample: TrainingSample) -> str:
        """The group that stays in one split: a sentence, however it is written; or a speaker."""
        return sample.speaker if self.by_speaker else "".join(c for c in sample.text.casefold() if c.isalnum())


@disk_told("Preparing")
def prepare(
    recordings: Iterable[Recording],
    out: Path,
    choices: Choices | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
    vad: Vad | None = None,
) -> Report:
    """Write `out`/manifest.jsonl, wavs/ and report.json. The same recordings give the same files and splits. With the
    same choices, recordings of an older manifest stay in their splits when new ones are added.

    `on_progress` gets the number of recordings checked so far. `vad` tells speech from noise (default: Silero). Raises
    ConfigError when no recording is usable (an older manifest is then unchanged), or for trouble with the disk.
    """
    vad = vad or Silero()
    choices = choices or Choices()
    report = Report()
    deal([], choices.validation_share, choices.test_share)  # report mistakes before the work
    (out / WAVS).mkdir(parents=True, exist_ok=True)
    before = _before(out)
    seen: dict[str, str] = {}
    usable: list[TrainingSample] = []
    for number, recording in enumerate(recordings, 1):
        try:
            sample, snr_db = _prepared(recording, out, choices, seen, vad)
            report.snr_db.append(snr_db)
            usable.append(sample)
        except Unusable as why:
            report.dropped.append(Dropped(recording.name, why.kind, str(why)))
        on_progress(number)
    if not usable:
        raise ConfigError(f"Of {len(report.dropped)} recordings none can be used.\n{report}")
    report.redealt = bool(before) and _dealing_before(out) not in (None, choices.of_dealing())
    dealt_before = {} if report.redealt else {choices.group(sample): sample.split for sample in before}
    groups = [choices.group(sample) for sample in usable]
    dealt = deal(groups, choices.validation_share, choices.test_share, choices.seed, dealt_before)
    report.kept += [replace(sample, split=dealt[group]) for sample, group in zip(usable, groups, strict=True)]
    manifest.write(out, report.kept)
    stale = {sample.audio for sample in before} - {sample.audio for sample in report.kept}
    for audio in stale:
        if audio.startswith(f"{WAVS}/"):
            (out / audio).unlink(missing_ok=True)
    _write_report(out, report, choices)
    return report


def _prepared(
    recording: Recording, out: Path, choices: Choices, seen: dict[str, str], vad: Vad
) -> tuple[TrainingSample, float]:
    """The prepared sample, and its signal-to-noise ratio in dB. Raises Unusable."""
    language = transcript.language_code(recording.language or choices.language)
    text = transcript.cleaned(recording.text)
    if not text:
        raise Unusable("no text", "there is no transcript")
    heard = sound.read(recording.sound)
    transcript.check(text, language, heard.speech_ms)
    snr_db = sound.snr_db(heard, vad)
    pcm = heard.samples.astype("<i2").tobytes()
    digest = hashlib.sha256(pcm).hexdigest()
    if digest in seen:
        raise Unusable("duplicate", f"the same sound as {seen[digest]}")
    seen[digest] = recording.name
    stem = re.sub(r"[^\w-]+", "-", Path(recording.name).stem, flags=re.ASCII).strip("-")[:40]
    audio = f"{WAVS}/{stem}-{digest[:10]}.wav"
    (out / audio).write_bytes(to_wav(pcm, sound.RATE_HZ))
    speaker = recording.speaker or choices.speaker
    return TrainingSample(audio, text, speaker, language, heard.duration_ms, TRAIN), snr_db


def _before(out: Path) -> list[TrainingSample]:
    """The samples that an earlier preparation wrote there."""
    try:
        return manifest.read(out)
    except ConfigError:
        return []


def _dealing_before(out: Path) -> dict[str, Any] | None:
    """The choices of that preparation that decided the splits; None if its report is missing."""
    try:
        found = json.loads((out / REPORT).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found.get(DEALT_BY) if isinstance(found, dict) else None


def _write_report(out: Path, report: Report, choices: Choices) -> None:
    counts = Counter(sample.split for sample in report.kept)
    content = {
        "kept": {split: counts[split] for split in SPLITS},
        DEALT_BY: choices.of_dealing(),
        "duration_ms": report.duration_ms,
        "snr_db": round(statistics.median(report.snr_db), 1),
        "dropped": [asdict(each) for each in report.dropped],
        "advice": report.advice(),
    }
    (out / REPORT).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
