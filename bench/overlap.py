"""Measures what happens when a sound sets in over the agent: does it stop, when, and when is it lowered?

    python -m bench.overlap CLIPS [--folds DIR] [--cache FILE] [--rule today|judge|both] [--markdown]

The core runs on the clock of the sound: each clip (labels.jsonl, see bench/turns/clips.py) begins at a random place of
running speech of the agent; then in silence. Conditions: as recorded; with babble 10 dB below; with the agent's echo 30
dB below. Judgements come from the voice judge after as long as it takes, words from Moonshine; both are kept in the
cache. `--folds`: weights of tools/fit_voice_judge.py that were fitted without the clip's speaker; without them the
shipped weights judge clips that they were fitted on.
"""

import argparse
import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from bench.turns.clips import Clip, load_clips
from voi.core import actions as do
from voi.core import facts as was
from voi.core.conversation import Conversation
from voi.core.facts import Fact
from voi.core.script import Script
from voi.core.vad_edges import VadEdges
from voi.dialogue import Phrase
from voi.engines.turn.smart_turn import SmartTurn
from voi.engines.vad.silero import Silero
from voi.engines.voice.judge import WITHOUT_ENCODER_MS, BuiltInVoiceJudge
from voi.session.audio_input import PREROLL_MS
from voi.turn_policy import TurnPolicy

RATE_HZ = 16_000
WINDOW_BYTES = 1_024
WINDOW_MS = 32
SEED = 7
CONDITIONS = ("clean", "babble", "echo")
BABBLE_DB, ECHO_DB = -10, -30
AGENT_DBFS = -20.0
LEAD_IN_MS = 600
"""Of the condition's own sound before the clip, and…"""
TAIL_MS = 2_600
"""…after it."""
WORDS_AFTER_MS = 70
JUDGED_AFTER_MS = {True: 30, False: 6}
"""With the encoder and without it."""
LATEST_STOP_MS = 1_000
NOISES = ("cough", "keyboard", "noise")
REAL = ("short", "question", "order", "call_turn", "dialogue_read", "reading", "spontaneous")
"""Real utterances that must be answered in silence."""


# ---- sounds ---------------------------------------------------------------------------------------


class Sounds:
    """The clips in their conditions, as s16le at 16 kHz."""

    def __init__(self, clips: list[Clip], agent: np.ndarray[Any, Any]) -> None:
        self._agent = agent
        self._speech = [_wave(clip) for clip in clips if clip.kind in ("reading", "order", "question", "call_turn")]

    def of(self, clip: Clip, condition: str) -> bytes:
        digest = hashlib.sha256(f"{SEED} {clip.name} {condition}".encode()).digest()
        random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        wave = _wave(clip)
        wave = np.concatenate([np.zeros(LEAD_IN_MS * 16), wave, np.zeros(TAIL_MS * 16)])
        level = _level(wave)
        if condition == "babble":
            wave = wave + self._babble(len(wave), random) * level * 10 ** (BABBLE_DB / 20)
        elif condition == "echo":
            start = int(random.integers(0, len(self._agent) - len(wave)))
            wave = wave + self._agent[start : start + len(wave)] * 10 ** ((AGENT_DBFS + ECHO_DB) / 20)
        return (np.clip(wave, -1, 1) * 32_767).astype("<i2").tobytes()

    def _babble(self, length: int, random: np.random.Generator) -> Any:
        whole = np.zeros(length)
        for _ in range(5):
            voice = self._speech[int(random.integers(len(self._speech)))]
            voice = np.resize(np.roll(voice, -int(random.integers(len(voice)))), length)
            whole += voice / _level(voice)
        return whole / _level(whole)


def _wave(clip: Clip) -> Any:
    return np.frombuffer(clip.pcm(), "<i2").astype(np.float64) / 32_768


def _level(wave: Any) -> float:
    """The loudest of it, as the root mean square of 32 ms."""
    blocks = wave[: len(wave) // 512 * 512].reshape(-1, 512)
    return float(np.percentile(np.sqrt((blocks**2).mean(1)), 95)) + 1e-9


async def agent_speech() -> Any:
    """A minute of espeak at 0 dB, 16 kHz."""
    from voi.audio.resample import resample
    from voi.engines.base import VoiceSpec
    from voi.engines.tts.espeak import Espeak

    voice = Espeak()
    await voice.warm_up()
    text = "The train to the coast leaves at nine from platform four, and you will have to change once on the way. " * 8
    chunks = [chunk async for chunk in voice.stream(text, VoiceSpec()) if isinstance(chunk, bytes)]
    rate_hz = voice.info.sample_rate_hz
    pcm = resample(b"".join(chunks), rate_hz, RATE_HZ)
    wave = np.frombuffer(pcm, "<i2").astype(np.float64)
    return wave / _level(wave)


# ---- what the engines say, kept -------------------------------------------------------------------


class Judges:
    """The VAD, the voice judge (of the fold that leaves the speaker out) and the recogniser; what they said is kept."""

    def __init__(self, models: Path, folds: Path | None, cache: Path | None) -> None:
        self._cache = cache
        self._kept: dict[str, Any] = json.loads(cache.read_text()) if cache and cache.exists() else {}
        self._saved = len(self._kept)
        self._vad = Silero()
        self._encoder = SmartTurn(models_dir=models)
        self._words: Any = None
        self._fold_of = json.loads((folds / "folds.json").read_text()) if folds else {}
        paths = {fold: folds / f"fold{fold}.npz" for fold in set(self._fold_of.values())} if folds else {}
        self._judges = {fold: BuiltInVoiceJudge(weights=path) for fold, path in paths.items()}
        self._shipped = None if folds else BuiltInVoiceJudge()
        self._label = f"{folds.name}" if folds else "shipped"

    async def warm_up(self) -> None:
        await self._encoder.warm_up()
        for judge in filter(None, (*self._judges.values(), self._shipped)):
            judge.encoder = self._encoder.hear

    def save(self) -> None:
        if self._cache and len(self._kept) > self._saved:
            self._saved = len(self._kept)
            self._cache.write_text(json.dumps(self._kept))

    async def _keep(self, key: str, ask: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = await ask()
        return self._kept[key]

    def voiced(self, pcm: bytes) -> list[float]:
        key = f"vad {_hash(pcm)}"
        if key not in self._kept:
            stream = self._vad.open()
            windows = range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES)
            self._kept[key] = [round(stream.probability(pcm[at : at + WINDOW_BYTES]), 4) for at in windows]
        return self._kept[key]  # type: ignore[no-any-return]

    async def voice(self, pcm: bytes, voice_ms: int, speaker: str) -> tuple[float, float]:
        fold = self._fold_of.get(speaker)
        judge = self._judges.get(fold, self._shipped) if fold is not None else self._shipped
        if judge is None:  # of clips that nothing was fitted on, any fold may judge
            judge = self._judges[0]
        key = f"voice {self._label} {voice_ms} {speaker} {_hash(pcm)}"
        return tuple(await self._keep(key, lambda: judge.judge(pcm, voice_ms)))  # type: ignore[return-value]

    async def words(self, pcm: bytes) -> str:
        async def ask() -> str:
            if self._words is None:
                from voi.engines.stt.moonshine_model import MoonshineModel

                self._words = MoonshineModel(None, "tiny")
            return str(self._words.transcribe(pcm))

        return str(await self._keep(f"words {_hash(pcm)}", ask))


def _hash(pcm: bytes) -> str:
    return hashlib.sha256(pcm).hexdigest()[:20]


# ---- one clip -------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """Times in ms of the sound; None: it did not happen."""

    clip: str
    kind: str
    wants: str | None
    condition: str
    onset_ms: int | None = None
    soft_ms: int | None = None
    deep_ms: int | None = None
    stop_ms: int | None = None
    loud_again_ms: int | None = None
    voice_end_ms: int | None = None
    answered: str | None = None
    """In silence: what was answered."""

    def since_onset(self, at_ms: int | None) -> int | None:
        return None if at_ms is None or self.onset_ms is None else at_ms - self.onset_ms

    @property
    def stopped(self) -> bool:
        after_ms = self.since_onset(self.stop_ms)
        return after_ms is not None and after_ms <= LATEST_STOP_MS


@dataclass
class Trial:
    """The core, fed with one sound in its own time."""

    judges: Judges
    clip: Clip
    outcome: Outcome
    core: Conversation
    pcm: bytes
    due: list[tuple[int, Fact]] = field(default_factory=list)
    now_ms: int = 0
    heard_from: int = 0
    answering: str = ""
    over: bool = False
    edges: VadEdges = field(default_factory=VadEdges)

    async def run(self) -> Outcome:
        for index, probability in enumerate(self.judges.voiced(self.pcm)):
            self.now_ms = (index + 1) * WINDOW_MS
            await self._serve()
            fact = self.edges.window(probability)
            if fact is not None:
                if isinstance(fact, was.UserStarted) and self.outcome.onset_ms is None:
                    self.outcome.onset_ms = fact.audio_ms
                if not isinstance(fact, was.QuietGrew):
                    self.outcome.voice_end_ms = self.now_ms
                await self._tell(fact)
        return self.outcome

    async def _serve(self) -> None:
        while self.due and min(at_ms for at_ms, _ in self.due) <= self.now_ms:
            entry = min(self.due, key=lambda one: one[0])
            self.due.remove(entry)
            window_ms, self.now_ms = self.now_ms, entry[0]
            await self._tell(entry[1])
            self.now_ms = window_ms
        while (deadline_ms := self.core.deadline_ms) is not None and deadline_ms <= self.now_ms:
            await self._tell(was.DeadlinePassed())

    async def _tell(self, fact: Fact) -> None:
        at_ms = self.now_ms
        for action in self.core.handle(fact, at_ms):
            await self._carry_out(action, at_ms)

    def _heard(self) -> bytes:
        return self.pcm[self.heard_from : self.now_ms // WINDOW_MS * WINDOW_BYTES]

    async def _carry_out(self, action: do.Action, at_ms: int) -> None:
        outcome = self.outcome
        match action:
            case do.Listen():
                preroll = PREROLL_MS // WINDOW_MS
                self.heard_from = max(0, self.now_ms // WINDOW_MS - preroll) * WINDOW_BYTES
            case do.EndUtterance():
                self.edges.end_turn()
            case do.Transcribe(utterance=utterance, pause=pause):
                text = await self.judges.words(self._heard())
                self.due.append((at_ms + WORDS_AFTER_MS, was.Heard(utterance, text, pause)))
            case do.TranscribeNow(utterance=utterance):
                text = await self.judges.words(self._heard())
                self.due.append((at_ms + WORDS_AFTER_MS, was.Heard(utterance, text)))
            case do.JudgeVoice(utterance=utterance, voice_ms=voice_ms):
                voice, floor = await self.judges.voice(self._heard(), voice_ms, self.clip.speaker)
                after_ms = JUDGED_AFTER_MS[voice_ms not in WITHOUT_ENCODER_MS]
                self.due.append((at_ms + after_ms, was.VoiceJudged(utterance, voice_ms, voice, floor)))
            case do.Duck(level="soft"):
                outcome.soft_ms = outcome.soft_ms if outcome.soft_ms is not None else at_ms
            case do.Duck():
                outcome.deep_ms = outcome.deep_ms if outcome.deep_ms is not None else at_ms
                outcome.soft_ms = outcome.soft_ms if outcome.soft_ms is not None else at_ms
            case do.Resume():
                outcome.loud_again_ms = at_ms
            case do.Stop(reply=1):
                outcome.stop_ms = outcome.stop_ms if outcome.stop_ms is not None else at_ms
            case do.StartReply(messages=messages):
                self.answering = messages[-1].text
            case do.Release() if not self.over:
                outcome.answered = self.answering


def first_onset_ms(probabilities: list[float]) -> int | None:
    """Of the clip itself, as recorded: in babble the VAD hears voices all the time."""
    edges = VadEdges()
    facts = (edges.window(probability) for probability in probabilities)
    return next((fact.audio_ms for fact in facts if isinstance(fact, was.UserStarted)), None)


def script(judged: bool) -> Script:
    policy = TurnPolicy(barge_in_ms=416) if judged else TurnPolicy()
    return Script(greeting=Phrase("Hello."), turn=policy, judges_voices=judged)


async def over_agent(
    judges: Judges, clip: Clip, pcm: bytes, condition: str, judged: bool, onset_ms: int | None
) -> Outcome:
    """The clip over a minute of the agent's speech. Times count from `onset_ms`, where it is known."""
    core = Conversation(script(judged))
    for fact in (
        was.Opened(True),
        was.ReplyText(1, 0, "A story that goes on and on, for as long as anybody listens to it."),
        was.PieceVoiced(1, 0, 0, 60_000),
        was.PlaybackStarted(1),
        was.ReplyWritten(1),
    ):
        core.handle(fact, 0)
    outcome = Outcome(clip.name, clip.kind, clip.over_agent, f"over {condition}", onset_ms)
    return await Trial(judges, clip, outcome, core, pcm, over=True).run()


async def in_silence(judges: Judges, clip: Clip, pcm: bytes, condition: str, judged: bool) -> Outcome:
    core = Conversation(script(judged))
    core.handle(was.Opened(False), 0)
    outcome = Outcome(clip.name, clip.kind, clip.over_agent, condition)
    return await Trial(judges, clip, outcome, core, pcm).run()


# ---- the table ------------------------------------------------------------------------------------


def table(over: list[Outcome], silent: list[Outcome], judged: bool) -> Iterator[str]:
    rule = "judge of voices" if judged else "words or lasting voice"
    for condition in CONDITIONS:
        for name, kinds in (
            ("coughs, keys, noise", NOISES),
            ("backchannels", ("backchannel",)),
            ("interruptions", ("interruption", "interruption_word")),
        ):
            chosen = [one for one in over if one.kind in kinds and one.condition == f"over {condition}"]
            if not chosen:
                continue
            cells = [rule, condition, name, str(len(chosen)), _count(one.stopped for one in chosen)]
            for what in ("soft_ms", "deep_ms", "stop_ms"):
                cells.append(_times(one.since_onset(getattr(one, what)) for one in chosen))
            cells.append(
                _times(
                    one.loud_again_ms - one.voice_end_ms
                    for one in chosen
                    if one.loud_again_ms is not None and one.voice_end_ms is not None and one.stop_ms is None
                )
            )
            cells.append(
                _count(one.answered is not None for one in silent if one.kind in kinds and one.condition == condition)
            )
            yield "| " + " | ".join(cells) + " |"


HEAD = (
    "| rule | sound | what | clips | stopped within 1 s | to soft | to deep | to stop | end to loud | answered in "
    "silence |\n|---|---|---|---|---|---|---|---|---|---|"
)


def _count(flags: Iterable[bool]) -> str:
    found = list(flags)
    return f"{sum(found)} ({100 * sum(found) / max(1, len(found)):.0f}%)"


def _times(values: Iterable[int | None]) -> str:
    found = [value for value in values if value is not None]
    return f"{np.mean(found):.0f} / {np.percentile(found, 90):.0f}" if found else ""


async def run(args: argparse.Namespace) -> None:
    clips = load_clips(args.clips)
    chosen = [clip for clip in clips if clip.over_agent]
    real = [clip for clip in clips if clip.kind in REAL]
    sounds = Sounds(clips, await agent_speech())
    judges = Judges(args.models, args.folds, args.cache)
    await judges.warm_up()
    print(HEAD)
    for judged in {"today": (False,), "judge": (True,), "both": (False, True)}[args.rule]:
        over: list[Outcome] = []
        silent: list[Outcome] = []
        lost: list[Outcome] = []
        for condition in args.conditions:
            for clip in chosen:
                pcm = sounds.of(clip, condition)
                onset_ms = first_onset_ms(judges.voiced(sounds.of(clip, "clean")))
                over.append(await over_agent(judges, clip, pcm, condition, judged, onset_ms))
                silent.append(await in_silence(judges, clip, pcm, condition, judged))
                judges.save()
            for clip in real if condition == "clean" else ():
                lost.append(await in_silence(judges, clip, sounds.of(clip, condition), condition, judged))
        judges.save()
        for line in table(over, silent, judged):
            print(line)
        unanswered = [one for one in lost if one.answered is None]
        print(f"\nreal utterances in silence not answered: {len(unanswered)} of {len(lost)}\n")
        if args.each:
            for one in (*over, *silent, *unanswered):
                print(one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--folds", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--rule", choices=("today", "judge", "both"), default="both")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=CONDITIONS)
    parser.add_argument("--each", action="store_true", help="what became of every clip")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
