"""`voi voice` as people call it: real engines, a tiny XTTS with random weights."""

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from voi.audio.wav import read_wav
from voi.cli import main
from voi.engines import registry
from voi.engines.info import TtsInfo

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
AUDIO = ROOT / "tests" / "data" / "audio"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    agents = {
        "ada": {
            "llm_model": "echo",
            "voices": {"character": {"model": "plain"}},
            "greetings": {"choices": ["Hello there. How are you?"]},
        }
    }
    Path("agents.json").write_text(json.dumps(agents))
    Path("tts_models.json").write_text(json.dumps({"plain": {"engine": "espeak", "language": "en"}}))


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


@pytest.fixture
def xtts(tmp_path: Path) -> dict[str, Path]:
    pytest.importorskip("torch")
    pytest.importorskip("tokenizers")
    from tests.engines.tts.xtts import tiny_cloning

    files = tiny_cloning.make(tmp_path / "models")
    options = {"greedy": True, "device": "cpu"}
    model = {name: f"models/{path.name}" for name, path in files.items()} | {"options": options}
    models = json.loads(Path("tts_models.json").read_text())
    Path("tts_models.json").write_text(json.dumps({"//": "a comment"} | models | {"mine": model}))
    return files


class Foreign:
    """A TTS engine of another package, which cannot be made here."""

    info = TtsInfo("foreign", voices=("anna", "bert"))

    def __init__(self) -> None:
        raise OSError("no such device")


class TestVoice:
    def test_add_list_say_remove(self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
        """A tone is the same in capitals."""
        samples = [str(AUDIO / "austen-0870.wav"), "--tone", f"Warm={AUDIO / 'jfk.wav'}"]
        assert run("voice", "add", "Ada", *samples, "--write") == 0
        told = capsys.readouterr().out
        assert "speakers_xtts.pth: Ada, Ada warm" in told
        written = json.loads(Path("tts_models.json").read_text())
        assert list(written) == ["//", "plain", "mine"]
        assert written["mine"]["voice_tone_map"] == {"neutral": "Ada", "warm": "Ada warm"}

        assert run("voice", "list") == 0
        told = capsys.readouterr().out
        assert "  Ada warm  (tone: warm)" in told
        assert "  Claire\n" in told

        assert run("voice", "say", "Ada", "hello there.", "--tone", "WARM", "--language", "en", "--out", "a.wav") == 0
        pcm, rate_hz = read_wav(Path("a.wav"))
        assert rate_hz == 24_000
        assert len(pcm) > 10_000

        for name in ("Ada", "Robin"):  # the one that is named speaks, whatever the tones are
            assert run("voice", "say", name, "hello there.", "--language", "en", "--out", f"{name}.wav") == 0
        assert read_wav(Path("Ada.wav"))[0] != read_wav(Path("Robin.wav"))[0]

        assert run("voice", "remove", "Ada warm") == 1
        assert "the tone warm of mine" in capsys.readouterr().err
        assert run("voice", "remove", "Claire") == 0
        assert run("voice", "list", "--model", "mine") == 0
        told = capsys.readouterr().out
        assert "Claire" not in told.split("mine (xtts)")[1]

    def test_samples_are_judged_by_the_vad_of_the_settings(
        self, xtts: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("VOI_VAD_ENGINE", "plain")
        monkeypatch.setenv("VOI_ENGINE_OPTIONS", '{"vad.plain": {"engine": "silero", "compiled": false}}')
        assert run("voice", "add", "Ada", str(AUDIO / "austen-0870.wav")) == 0
        assert "speakers_xtts.pth: Ada" in capsys.readouterr().out

    def test_without_write_the_change_is_printed(
        self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = Path("tts_models.json").read_text()
        tone = f"sad={AUDIO / 'jfk.wav'}"
        assert run("voice", "add", "Ada", str(AUDIO / "austen-0870.wav"), "--tone", tone) == 0
        assert '"voice_tone_map": {"neutral": "Ada", "sad": "Ada sad"}' in capsys.readouterr().out
        assert Path("tts_models.json").read_text() == before

    def test_voices_of_every_engine(self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
        assert run("voice", "list") == 0
        told = capsys.readouterr().out
        assert told == "plain (espeak)\n  en\n  en+f3\nmine (xtts)\n  Robin\n  Robin warm\n  Claire\n"
        assert run("voice", "say", "en+f3", "Hello.", "--out", "a.wav") == 0
        assert run("voice", "say", "nobody", "Hello.", "--out", "a.wav") == 1
        assert "No model of" in capsys.readouterr().err
        assert run("voice", "list", "--model", "nothing") == 1

    def test_a_tone_map_is_replaced_only_by_force(
        self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        sample = str(AUDIO / "austen-0870.wav")
        assert run("voice", "add", "Ada", sample, "--tone", f"warm={sample}", "--write") == 0
        before = xtts["voices"].read_bytes()
        assert run("voice", "add", "Eva", sample, "--tone", f"sad={sample}", "--write") == 2
        assert xtts["voices"].read_bytes() == before
        assert run("voice", "add", "Eva", sample, "--tone", f"sad={sample}", "--write", "--force") == 0
        written = json.loads(Path("tts_models.json").read_text())["mine"]["voice_tone_map"]
        assert written == {"neutral": "Eva", "sad": "Eva sad"}

    def test_phrases_with_a_voice_that_is_another_now_are_forgotten(
        self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = Path("data/cached/voice/rendered")
        folder.mkdir(parents=True)
        old, other = (folder / f"{model}-{'0' * 24}.wav" for model in ("mine", "plain"))
        sample = str(AUDIO / "austen-0870.wav")
        for command in (("add", "Robin", sample, "--force"), ("remove", "Claire")):
            old.touch()
            other.touch()
            assert run("voice", *command) == 0
            assert "gone: 1 of an agent's phrases" in capsys.readouterr().out
            assert (old.exists(), other.exists()) == (False, True)
        old.touch()
        assert run("voice", "add", "Eva", sample) == 0  # a new one changes nothing
        assert old.exists()

    def test_bad_samples_and_names(self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
        before = xtts["voices"].read_bytes()
        for args, says in (
            (("Ada", str(AUDIO / "noise2.wav")), "noise2.wav: no speech"),
            (("Ada", str(AUDIO / "austen-0880.wav")), "too short"),
            (("Ada", "nowhere.wav"), "nowhere.wav cannot be read"),
            (("Robin", str(AUDIO / "jfk.wav")), "There is a voice 'Robin' already"),
            (("../x", str(AUDIO / "jfk.wav")), "A voice's name"),
        ):
            assert run("voice", "add", *args) == 1
            assert says in capsys.readouterr().err
        for tone in ("warm", "Neutral=a.wav"):
            assert run("voice", "add", "Ada", str(AUDIO / "jfk.wav"), "--tone", tone) == 2
        assert xtts["voices"].read_bytes() == before

    def test_a_voice_in_use_stays_however_its_name_is_written(
        self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        from voi.engines.tts.xtts import cloning_file
        from voi.engines.tts.xtts.checkpoint import load_voices

        name, apart = "Zo\u00e9", "Zoe\u0301"
        cloning_file.store(xtts["voices"], {name: load_voices(xtts["voices"])["Robin"]})
        agents, models = (json.loads(Path(file).read_text()) for file in ("agents.json", "tts_models.json"))
        agents["ada"]["voices"]["character"] = {"model": "mine", "voice": name}
        models["mine"]["voice_tone_map"] = {"neutral": name}
        for file, text in (("agents.json", agents), ("tts_models.json", models)):
            Path(file).write_text(json.dumps(text))
        assert run("voice", "remove", apart) == 1
        assert "the tone neutral of mine, the character of the agent ada" in capsys.readouterr().err
        assert run("voice", "remove", apart, "--force") == 0

    def test_a_file_of_voices_that_is_yet_to_come(
        self, xtts: dict[str, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        xtts["voices"].unlink()
        assert run("voice", "list", "--model", "mine") == 0
        assert capsys.readouterr().out == "mine (xtts)\n  none yet\n"
        assert run("voice", "add", "Ada", str(AUDIO / "jfk.wav")) == 0
        assert xtts["voices"].exists()

    def test_voices_of_another_packages_engine_are_those_that_it_declares(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        point = EntryPoint("tts.foreign", f"{__name__}:Foreign", registry.GROUP)
        monkeypatch.setattr(registry, "entry_points", lambda *, group: [point])
        Path("tts_models.json").write_text(json.dumps({"far": {"engine": "foreign", "options": {"wrong": 1}}}))
        assert run("voice", "list") == 0
        assert capsys.readouterr().out == "far (foreign)\n  anna\n  bert\n"

    def test_no_model_that_clones(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("voice", "add", "Ada", str(AUDIO / "jfk.wav")) == 1
        assert "has no models that clone voices" in capsys.readouterr().err

    def test_render(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("voice", "render", "ada") == 0
        files = sorted(Path("data/cached/voice/rendered").iterdir())
        assert len(files) >= 2  # the greeting in pieces, and the default apology
        assert all(len(read_wav(path)[0]) > 10_000 for path in files)
        assert f"{len(files)} made" in capsys.readouterr().out
        assert run("voice", "render", "ada") == 0
        assert f"0 made, {len(files)} were there" in capsys.readouterr().out
        assert run("voice", "render", "nobody") == 1

    async def test_what_is_rendered_is_found_by_the_server(self, tmp_path: Path) -> None:
        import asyncio

        from voi.config.load import load_config
        from voi.config.settings import load_settings
        from voi.engines.registry import tts_info
        from voi.engines.tts.adapter import just
        from voi.engines.tts.rendered import Rendered
        from voi.session.phrases import fixed_pieces

        await asyncio.to_thread(run, "voice", "render", "ada")
        settings = load_settings()
        config = load_config(settings, tts_info)
        model = config.tts_models["plain"]

        class Silent:
            info = TtsInfo("silent")

            def stream(self, text: str, voice: Any) -> Any:
                raise AssertionError(f"the engine is asked for {text!r}")

        inner: Any = Silent()
        tts = Rendered(inner, "plain", model.engine, model.engine_options(), settings.greetings_dir)
        for piece in fixed_pieces(config.agents["ada"], config):
            assert b"".join(
                [item async for item in tts.speak(just(piece.text), piece.voice) if isinstance(item, bytes)]
            )
