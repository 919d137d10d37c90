import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.fakes.openai_server import FakeOpenAi
from voi.config.config import Config
from voi.config.fallback import Fallback
from voi.config.load import load_config
from voi.config.settings import Settings, load_settings
from voi.engines import placement, registry
from voi.engines.fallback.ears import TwoEars
from voi.engines.info import TtsInfo, TurnInfo, VoiceJudgeInfo
from voi.engines.llm.echo import Echo
from voi.engines.registry import tts_info
from voi.engines.startup import not_running, start_engines
from voi.engines.supervisor import DEADLINE_S, SLOW_DEADLINE_S
from voi.errors import ClientError, ConfigError, EngineError
from voi.text import language


class Fake:
    """Any engine. Waits in warm_up until `Fake.together` of them do."""

    info = TtsInfo("fake", voices=("anna", "bob"), tones=("neutral", "warm"), languages=("en",))
    made: ClassVar[list["Fake"]] = []
    together = 1
    met: asyncio.Event

    def __init__(self, *, fails: str = "", config_fails: str = "", **options: Any) -> None:
        self.fails, self.config_fails, self.options, self.closed = fails, config_fails, options, 0
        Fake.made.append(self)

    async def warm_up(self) -> None:
        if self.fails:
            raise EngineError(self.fails)
        if self.config_fails:
            raise ConfigError(self.config_fails)
        if len(Fake.made) >= Fake.together:
            Fake.met.set()
        await asyncio.wait_for(Fake.met.wait(), 60)

    async def close(self) -> None:
        self.closed += 1


class FakeTurn(Fake):
    info = TurnInfo("fake", encodes=True)  # type: ignore[assignment]

    async def encode(self, pcm: bytes) -> Any: ...


class FakeVoice(Fake):
    info = VoiceJudgeInfo("fake", takes_encoder=True)  # type: ignore[assignment]
    encoder: Any = None


CLASSES = {"turn": "FakeTurn", "voice": "FakeVoice"}


def failing(**options: Any) -> Fake:
    return Fake(fails="No weights.")


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    Fake.made, Fake.together, Fake.met = [], 1, asyncio.Event()
    points = [
        EntryPoint(f"{kind}.fake", f"{__name__}:{CLASSES.get(kind, 'Fake')}", registry.GROUP)
        for kind in registry.BUILT_IN
    ]
    points += [EntryPoint(f"{kind}.failing", f"{__name__}:failing", registry.GROUP) for kind in registry.BUILT_IN]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points)


Configure = Callable[..., tuple[Config, Settings]]


@pytest.fixture
def configured(tmp_path: Path) -> Configure:
    def make(agents: dict[str, Any], tts: dict[str, Any], **settings: Any) -> tuple[Config, Settings]:
        for name, content in (("agents.json", agents), ("tts_models.json", tts)):
            (tmp_path / name).write_text(json.dumps(content))
        defaults = {"vad_engine": "fake", "stt_engine": "fake", "turn_engine": "fake", "voice_engine": "fake"}
        loaded = load_settings(
            agents_file=tmp_path / "agents.json",
            tts_models_file=tmp_path / "tts_models.json",
            litellm_config_file=tmp_path / "litellm_config.yaml",
            **(defaults | settings),
        )
        return load_config(loaded, tts_info), loaded

    return make


async def test_it_knows_what_was_learned_of_the_llms_at_this_address(configured: Configure, tmp_path: Path) -> None:
    file = tmp_path / "habits.json"
    file.write_text('{"": {"thinker": true}, "elsewhere": {"other": true}}')
    engines = await start_engines(*configured({"a": speaks()}, SPEAKER, llm_habits_file=file), lambda _: None)
    await engines.close()
    assert [engines.habits.of(model) for model in ("thinker", "other", "echo")] == ["thinks", "unknown", "speaks"]


def speaks(model: str = "speaker", **choice: str) -> dict[str, Any]:
    return {"llm_model": "echo", "voices": {"character": {"model": model, **choice}}}


SPEAKER = {"speaker": {"engine": "fake"}}


async def test_all_engines_at_the_same_time(configured: Configure) -> None:
    Fake.together = 5
    notes: list[str] = []
    model = {"engine": "fake", "options": {"size": 3}, "avg_text_len": 50}
    engines = await start_engines(*configured({"a": speaks(voice="bob")}, {"speaker": model}), notes.append)
    assert engines.turn is not None
    assert list(engines.tts) == ["speaker"]
    speaker: Any = engines.tts["speaker"]
    assert speaker.inner.inner.options == {"size": 3, "avg_text_len": 50}
    told = {"VAD fake", "STT fake", "turn detection fake", "voice judge fake", "TTS speaker, fake", "LLM"}
    assert {note.split(":")[0] for note in notes} == told
    assert all("ready in" in note and note.endswith(" s") for note in notes)
    assert sorted(engines.supervised) == ["STT fake", "TTS speaker, fake", "turn detection fake", "voice judge fake"]
    (judge,) = [engine for engine in Fake.made if isinstance(engine, FakeVoice)]
    assert judge.encoder == engines.turn.encode, "the voice judge shares the turn detector's encoder"  # type: ignore[attr-defined]
    assert speaker.inner.supervisor.deadline_s == DEADLINE_S
    await engines.close()
    assert [engine.closed for engine in Fake.made] == [1] * 5


async def test_one_that_runs_without_its_gpu_is_given_time(
    configured: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (Fake, FakeTurn, FakeVoice):
        monkeypatch.setattr(kind, "info", replace(kind.info, gpu=True))
    monkeypatch.setattr(placement, "slow_note", lambda info, _: "it is slow" if info.gpu else "")
    notes: list[str] = []
    engines = await start_engines(*configured({"a": speaks()}, SPEAKER, engine_processes=False), notes.append)
    assert any(note.startswith("TTS speaker, fake: ready in ") and note.endswith("; it is slow") for note in notes)
    assert {engine.supervisor.deadline_s for engine in engines.supervised.values()} == {SLOW_DEADLINE_S}
    await engines.close()


async def test_what_can_be_done_without_is_left_out(configured: Configure) -> None:
    notes: list[str] = []
    models = SPEAKER | {"spare": {"engine": "unheard-of"}, "second": {"engine": "failing"}}
    engines = await start_engines(*configured({"a": speaks()}, models, turn_engine="failing"), notes.append)
    assert engines.turn is None
    assert list(engines.tts) == ["speaker"]
    left_out = sorted(note for note in notes if "left out" in note)
    assert left_out[0].startswith("TTS second, failing: left out. No weights.")
    assert "There is no tts engine 'unheard-of'" in left_out[1]
    assert left_out[2].startswith("turn detection failing: left out. No weights.")
    await engines.close()


async def test_no_turn_detection_asked_for(configured: Configure) -> None:
    engines = await start_engines(*configured({"a": speaks()}, SPEAKER, turn_engine="none"), lambda _: None)
    assert engines.turn is None
    await engines.close()


async def test_every_mistake_is_told_and_nothing_is_left_running(configured: Configure) -> None:
    agents = {"a": speaks("ghost"), "b": speaks("picky"), "c": speaks("speaker")}
    models = SPEAKER | {
        "ghost": {"engine": "unheard-of"},
        "picky": {"engine": "fake", "options": {"config_fails": "Wrong language."}},
    }
    with pytest.raises(ConfigError) as caught:
        await start_engines(*configured(agents, models, stt_engine="failing"), lambda _: None)
    problems = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 3
    assert "TTS ghost, unheard-of: There is no tts engine 'unheard-of'" in problems
    assert "TTS picky, fake: Wrong language." in problems
    assert "No weights." in problems
    assert [engine.closed for engine in Fake.made] == [1] * len(Fake.made)


async def test_what_an_engine_lacks_is_fetched_before_it_is_made(
    configured: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(on_progress: Callable[[str], None], **options: Any) -> None:
        if "model" in options:
            assert not any("model" in made.options for made in Fake.made)
            on_progress(f"fetching {options['model']}")

    monkeypatch.setattr(Fake, "fetch", fetch, raising=False)
    monkeypatch.setattr(Fake, "info", replace(Fake.info, fetches=True))
    notes: list[str] = []
    config, settings = configured({"talk": speaks()}, {"speaker": {"engine": "fake"}})
    settings = settings.model_copy(update={"stt_options": {"model": "big"}})
    await (await start_engines(config, settings, notes.append)).close()
    assert "STT fake: fetching big" in notes


async def test_an_engine_that_is_needed_and_cannot_run(configured: Configure) -> None:
    with pytest.raises(EngineError, match="No weights"):
        await start_engines(*configured({"a": speaks()}, SPEAKER, vad_engine="failing"), lambda _: None)
    assert [engine.closed for engine in Fake.made] == [1] * len(Fake.made)


async def test_what_all_engines_complain_of_is_told_once(configured: Configure) -> None:
    models = {name: {"engine": "failing"} for name in ("one", "two")}
    with pytest.raises(EngineError) as caught:
        await start_engines(*configured({"a": speaks("one"), "b": speaks("two")}, models), lambda _: None)
    assert str(caught.value).count("No weights") == 1


async def test_voices_and_tones_that_do_not_exist(configured: Configure) -> None:
    agents = {
        "a": speaks(voice="carl"),
        "b": speaks() | {"greetings": {"choices": ["Hi."], "voice_tone": "furious"}},
        "c": speaks() | {"greetings": {"choices": ["Hi."], "voice_tone": "warm"}},
    }
    with pytest.raises(ConfigError) as caught:
        await start_engines(*configured(agents, SPEAKER), lambda _: None)
    first, second = caught.value.problems
    assert "$.a.voices.character.voice: speaker has no voice 'carl'; there are: anna, bob" in first
    assert "$.b.voices.character: speaker has no tone 'furious'; there are: neutral, warm" in second
    assert [engine.closed for engine in Fake.made] == [1] * len(Fake.made)


async def test_a_start_that_is_cancelled_leaves_nothing_running(configured: Configure) -> None:
    Fake.together = 100
    start = asyncio.create_task(start_engines(*configured({"a": speaks()}, SPEAKER), lambda _: None))
    async with asyncio.timeout(30):
        while len(Fake.made) < 5:  # noqa: ASYNC110 - the engines are made in no order
            await asyncio.sleep(0.001)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert [engine.closed for engine in Fake.made] == [1] * 5


async def test_a_language_that_is_not_heard(configured: Configure) -> None:
    notes: list[str] = []
    agents = {"a": {"llm_model": "echo", "language": "de"}, "b": speaks() | {"language": "en-GB"}}
    engines = await start_engines(*configured(agents, SPEAKER), notes.append)
    assert [note for note in notes if "hears only en" in note] == [
        "Agent a speaks de, and STT fake hears only en: it can be typed to, not spoken to."
    ]
    await engines.close()


async def test_a_language_that_is_not_spoken(configured: Configure) -> None:
    agents = {"a": speaks() | {"language": "de"}, "b": speaks() | {"language": "en-GB"}, "c": speaks()}
    with pytest.raises(ConfigError, match=r"\$\.a\.voices\.character: speaker does not speak 'de'; it speaks en"):
        await start_engines(*configured(agents, SPEAKER), lambda _: None)


async def test_detection_is_ready_before_the_first_conversation(configured: Configure) -> None:
    pytest.importorskip("py3langid")
    agents = {"a": speaks() | {"language": "auto"}}
    engines = await start_engines(*configured(agents, SPEAKER), lambda _: None)
    assert language._load.cache_info().currsize == 1
    await engines.close()


async def test_llms_that_do_not_answer_are_a_note(configured: Configure) -> None:
    agents = {"a": speaks() | {"llm_model": "m"}, "b": speaks() | {"llm_model": "n"}}
    notes: list[str] = []
    engines = await start_engines(*configured(agents, SPEAKER), notes.append)
    assert any("Nothing here serves LLM model 'm'" in note for note in notes)
    await engines.close()
    async with FakeOpenAi(models=("m",)) as server:
        notes.clear()
        engines = await start_engines(*configured(agents, SPEAKER, litellm_api_base=server.base_url), notes.append)
        assert any("'n' is not in the list" in note for note in notes)
        assert not any("'m'" in note for note in notes)
        await engines.close()


async def test_the_embedded_engines(configured: Configure) -> None:
    """Those that Voi comes with, as a fresh server starts them."""
    embedded = {"vad_engine": "silero", "stt_engine": "moonshine", "turn_engine": "smart-turn"}
    models = {"espeak": {"engine": "espeak", "language": "en"}}
    engines = await start_engines(*configured({"a": speaks("espeak")}, models, **embedded), lambda _: None)
    assert (engines.vad.info.name, engines.stt.info.name, engines.tts["espeak"].info.name) == (
        "silero",
        "moonshine",
        "espeak",
    )
    await engines.close()


async def test_agents_choose_what_hears_them(configured: Configure) -> None:
    """All that agents and settings name is loaded, once each, also one engine under two names."""
    agents = {"a": speaks(), "b": speaks() | {"engines": {"stt": "big", "turn": "none"}},
              "c": speaks() | {"engines": {"stt": "big", "vad": "silero"}}}  # fmt: skip
    options = {"stt.big": {"engine": "fake", "model": "large"}, "stt.fake": {"model": "usual"}}
    notes: list[str] = []
    config, settings = configured(agents, SPEAKER, engine_options=options)
    engines = await start_engines(config, settings, notes.append)
    a, b, c = (engines.of(config.agents[name]) for name in "abc")
    assert a is engines
    big: Any = b.stt
    usual: Any = engines.stt
    assert (usual.engine.options, big.engine.options) == ({"model": "usual"}, {"model": "large"})
    assert (b.turn, b.vad is engines.vad, c.stt is b.stt, c.turn is engines.turn) == (None, True, True, True)
    assert (engines.vad.info.name, c.vad.info.name) == ("fake", "silero")
    assert any(note.startswith("STT big, fake: ready in") for note in notes)
    assert not_running(config, engines) == []
    other, _ = configured(agents | {"d": speaks() | {"engines": {"stt": "moonshine"}}}, SPEAKER)
    (problem,) = not_running(other, engines)
    assert "d: The stt engine 'moonshine' is not running; the server must be restarted" in problem
    await engines.close()
    assert [engine.closed for engine in Fake.made] == [1] * len(Fake.made)


async def test_an_stt_engine_that_an_agent_names_has_to_run(configured: Configure) -> None:
    agents = {"a": speaks() | {"engines": {"stt": "failing", "turn": "failing"}}}
    with pytest.raises(EngineError, match="No weights"):
        await start_engines(*configured(agents, SPEAKER), lambda _: None)


async def test_first_choices_that_cannot_start_are_left_out_where_a_second_one_runs(configured: Configure) -> None:
    options = {"stt.spare": {"engine": "fake"}, "stt.good": {"engine": "fake"}}
    voice = {"voices": {"character": {"model": "speaker", "voice": "bob"}}}
    second = {"fallback": {"stt": "spare", **voice}}
    agents = {
        "a": speaks("broken") | {"engines": {"stt": "failing"}} | second,
        "b": speaks() | {"fallback": {"stt": "spare"}, "engines": {"stt": "good"}},
    }
    models = SPEAKER | {"broken": {"engine": "failing"}}
    config, settings = configured(agents, models, engine_options=options)
    notes: list[str] = []
    engines = await start_engines(config, settings, notes.append)
    assert "STT failing: left out. No weights." in notes
    assert "TTS broken, failing: left out. No weights." in notes
    a, b = (engines.of(config.agents[name]).stt for name in "ab")
    assert a is engines.others["stt", "spare"]
    assert isinstance(b, TwoEars)
    assert (b.first.name, b.second.name) == ("good", "spare")
    assert b.second.engine is a
    with pytest.raises(ClientError, match="'failing' is not running"):
        engines.of(config.agents["a"].model_copy(update={"fallback": Fallback()}))
    assert not_running(config, engines) == []
    await engines.close()


async def test_the_settings_ear_may_be_left_out_when_all_that_it_hears_have_another(configured: Configure) -> None:
    options = {"stt.spare": {"engine": "fake"}}
    both = {"a": speaks() | {"fallback": {"stt": "spare"}}}
    config, settings = configured(both, SPEAKER, engine_options=options, stt_engine="failing")
    engines = await start_engines(config, settings, lambda _: None)
    assert engines.stt is engines.others["stt", "spare"] is engines.of(config.agents["a"]).stt
    await engines.close()
    one = both | {"b": speaks()}
    with pytest.raises(EngineError, match="No weights"):
        await start_engines(*configured(one, SPEAKER, engine_options=options, stt_engine="failing"), lambda _: None)


async def test_a_second_choice_has_to_run(configured: Configure) -> None:
    with pytest.raises(EngineError, match="No weights"):
        await start_engines(*configured({"a": speaks() | {"fallback": {"stt": "failing"}}}, SPEAKER), lambda _: None)


async def test_a_language_that_the_agents_own_engine_does_not_hear(configured: Configure) -> None:
    agents = {"a": {"llm_model": "echo", "language": "de", "engines": {"stt": "moonshine"}}, "b": speaks()}
    notes: list[str] = []
    engines = await start_engines(*configured(agents, SPEAKER), notes.append)
    assert "Agent a speaks de, and STT moonshine hears only en: it can be typed to, not spoken to." in notes
    await engines.close()


async def test_secrets_reach_the_engine_and_nothing_else(
    configured: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_KEY", "sk-123456789")
    model = {"engine": "fake", "options": {"api_key": "${FAKE_KEY}", "headers": {"auth": {"env": "FAKE_KEY"}}}}
    config, settings = configured({"a": speaks()}, {"speaker": model})
    engines = await start_engines(config, settings, lambda _: None)
    rendered: Any = engines.tts["speaker"]
    assert rendered.inner.engine.options == {"api_key": "sk-123456789", "headers": {"auth": "sk-123456789"}}
    assert "sk-123456789" not in repr(config) + repr(rendered.options)
    await engines.close()
    monkeypatch.delenv("FAKE_KEY")
    with pytest.raises(ConfigError, match="TTS speaker, fake: options: the environment variable FAKE_KEY is not set"):
        await start_engines(config, settings, lambda _: None)


async def test_options_of_an_llm_of_another_package(configured: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    class Parrot(Echo):
        def __init__(self, **options: Any) -> None:
            made.append(options)

    point = EntryPoint("llm.parrot", f"{__name__}:Parrot", registry.GROUP)
    monkeypatch.setattr(sys.modules[__name__], "Parrot", Parrot, raising=False)
    points = [*registry.entry_points(group=registry.GROUP), point]  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points)
    monkeypatch.setenv("PARROT_KEY", "sk-parrot")
    options = {"llm.parrot": {"key": "${PARROT_KEY}"}, "llm.loud": {"engine": "parrot", "volume": 11}}
    agents = {"a": speaks() | {"llm_model": "parrot"}, "b": speaks() | {"llm_model": "loud"}}
    notes: list[str] = []
    engines = await start_engines(*configured(agents, SPEAKER, engine_options=options), notes.append)
    assert sorted(made, key=str) == [{"key": "sk-parrot"}, {"volume": 11}]
    assert any(note.startswith("LLM: ready in") for note in notes)
    await engines.close()
