"""Voices over HTTP: who may, what is refused, and that what runs learns them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request

from voi.cli import main
from voi.config.settings import load_settings
from voi.config.store import ConfigStore
from voi.dialogue import Voice
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.registry import tts_info
from voi.engines.supervised import SupervisedTts
from voi.engines.tts.adapter import just, sound_of
from voi.engines.tts.rendered import Rendered, depends_on, file_name, save
from voi.engines.tts.xtts.engine import Xtts
from voi.engines.vad.silero import Silero
from voi.server import voices as module
from voi.server.new_voices import take_over
from voi.server.speech import SpeechService
from voi.server.voice_records import VoiceRecords
from voi.server.voices import VoiceService, voices_router

pytestmark = pytest.mark.integration

AUDIO = Path(__file__).parents[1] / "data" / "audio"
GOOD, NOISE = (AUDIO / "austen-0870.wav").read_bytes(), (AUDIO / "noise2.wav").read_bytes()
KEY = {"API-Key": "the key"}
ZOE, ZOE_APART = "Zo\u00e9", "Zoe\u0301"


class RunningServer:
    """A desk with a real, tiny XTTS behind it."""

    def __init__(self, client: Any, engine: Xtts, files: dict[str, Path], configs: ConfigStore, tts: Rendered) -> None:
        self.client, self.engine, self.files, self.configs, self.tts = client, engine, files, configs, tts

    async def add(self, name: str = "Ada", data: bytes = GOOD, file: str = "a.wav", **fields: Any) -> Any:
        form = {"name": name} | fields
        return await self.client.post("/voices", headers=KEY, data=form, files={"sample": (file, data)})


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningServer]:
    for package in ("torch", "tokenizers"):
        pytest.importorskip(package)
    from tests.engines.tts.xtts import tiny_cloning

    files = tiny_cloning.make(tmp_path)
    model = {name: str(path) for name, path in files.items()} | {"options": {"device": "cpu", "greedy": True}}
    agents = {"a": {"llm_model": "echo", "voices": {"character": {"model": "mine", "voice": "Claire"}}}}
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    (tmp_path / "tts_models.json").write_text(json.dumps({"mine": model, "espeak": {"engine": "espeak"}}))
    settings = load_settings(
        agents_file=tmp_path / "agents.json", tts_models_file=tmp_path / "tts_models.json", greetings_dir=tmp_path
    )
    configs = ConfigStore(settings, tts_info)
    engine = Xtts(**files, device="cpu", greedy=True)
    await engine.warm_up()
    wrapped = Rendered(
        SupervisedTts(lambda: engine), "mine", "xtts", configs.current.tts_models["mine"].engine_options(), tmp_path
    )
    configs.check = lambda config: take_over(config, configs.current, {"mine": wrapped})
    speech = SpeechService(lambda: configs.current, lambda: {"mine": wrapped})
    desk = VoiceService(
        settings, lambda: configs.current, lambda: {"mine": wrapped}, Silero, speech, VoiceRecords(None)
    )

    def authorized(request: Request) -> None:
        if request.headers.get("API-Key") != KEY["API-Key"]:
            raise HTTPException(401)

    app = FastAPI()
    app.include_router(voices_router(desk, authorized))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://voi") as client:
        yield RunningServer(client, engine, files, configs, wrapped)
    await engine.close()


async def test_a_voice_is_added_speaks_at_once_and_goes(running: RunningServer) -> None:
    files = [("sample", ("../../a.wav", GOOD)), ("tone:warm", ("warm.wav", (AUDIO / "jfk.wav").read_bytes()))]
    answer = await running.client.post("/voices", headers=KEY, data={"name": "Ada"}, files=files)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["model"] == "mine"
    assert told["voices"] == ["Ada", "Ada warm"]
    assert told["voice_tone_map"] == {"neutral": "Ada", "warm": "Ada warm"}
    assert told["written"] is False
    assert not any("/" in text.split(":")[0] for text in told["advice"])

    assert running.engine.info.voices[-2:] == ("Ada", "Ada warm")
    spec = VoiceSpec(voice="Ada warm", language="en")
    assert b"".join([chunk async for chunk in sound_of(running.engine, "hello there.", spec)])
    answer = await running.client.post("/voices/Ada%20warm/speech", headers=KEY, json={"text": "Hello there."})
    assert (answer.status_code, answer.headers["content-type"], answer.content[:4]) == (200, "audio/wav", b"RIFF")

    answer = await running.client.delete("/voices/Ada%20warm", headers=KEY)
    assert answer.json() == {"model": "mine", "removed": "Ada warm"}
    assert running.engine.info.voices[-1] == "Ada"


async def test_the_list(running: RunningServer) -> None:
    told = (await running.client.get("/voices", headers=KEY)).json()
    assert told["models"]["mine"]["voices"] == ["Robin", "Robin warm", "Claire"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/voices"), ("POST", "/voices"), ("DELETE", "/voices/Robin"), ("POST", "/voices/Robin/speech")],
)
async def test_nobody_without_the_key(running: RunningServer, method: str, path: str) -> None:
    assert (await running.client.request(method, path)).status_code == 401


async def test_refusals(running: RunningServer) -> None:
    before = running.files["voices"].read_bytes()
    for answer, status, says in (
        (await running.add(data=NOISE), 400, "a.wav: no speech"),
        (await running.add(data=NOISE, file="already.wav"), 400, "already.wav: no speech"),
        (await running.add(data=b"hello"), 400, "a.wav: The sound cannot be decoded"),
        (await running.add(name="../x"), 400, "A voice's name"),
        (await running.add(name="Robin"), 409, "already"),
        (await running.add(name="robin"), 409, "upper and lower case"),
        (await running.add(model="espeak"), 404, "no model of that name"),
        (await running.add(colour="red"), 400, "The fields are"),
        (await running.add(force="perhaps"), 400, "$.force: must be true or false"),
        (await running.client.post("/voices", headers=KEY, content=b"x"), 415, "multipart"),
        (await running.client.post("/voices", headers=KEY, files={"sample": GOOD}), 400, "name and at least one"),
        (await running.client.post("/voices", headers=KEY, data={"name": "x"}, files={"evil": GOOD}), 400, "Files are"),
        (await running.client.delete("/voices/nobody", headers=KEY), 400, "no voice 'nobody'"),
        (await running.client.delete("/voices/Claire", headers=KEY), 409, "the agent a"),
    ):
        assert answer.status_code == status, answer.text
        assert says in answer.json()["detail"]
    assert running.files["voices"].read_bytes() == before


async def test_force_replaces(running: RunningServer) -> None:
    assert (await running.add(name="Robin", force="true")).status_code == 201


async def test_tones_are_written_and_taken_over(running: RunningServer, tmp_path: Path) -> None:
    """Whatever letters they are asked for in; and who is used stays, however the name is written."""
    files = [("sample", ("a.wav", GOOD)), ("tone:Warm", ("warm.wav", GOOD)), ("tone:NEUTRAL", ("b.wav", GOOD))]
    form = {"name": ZOE, "write": "true"}
    answer = await running.client.post("/voices", headers=KEY, data=form, files=files)
    assert answer.json()["written"] is True
    tones = {"neutral": ZOE, "warm": f"{ZOE} warm"}
    written = json.loads((tmp_path / "tts_models.json").read_text())
    assert list(written) == ["mine", "espeak"]
    assert written["mine"]["voice_tone_map"] == tones
    await running.configs.poll()
    await running.configs.poll()
    assert running.configs.current.tts_models["mine"].voice_tone_map == tones

    before = running.files["voices"].read_bytes()
    form = {"name": "Eva", "write": "true"}
    files.pop()
    answer = await running.client.post("/voices", headers=KEY, data=form, files=files)
    assert (answer.status_code, "already" in answer.json()["detail"]) == (409, True)
    assert running.files["voices"].read_bytes() == before
    answer = await running.client.post("/voices", headers=KEY, data=form | {"force": "true"}, files=files)
    assert answer.json()["written"] is True
    gone = f"/voices/{quote(f'{ZOE_APART} warm')}"
    answer = await running.client.delete(gone, headers=KEY)
    assert (answer.status_code, "the tone warm of mine" in answer.text) == (409, True)  # until the new file is seen
    await running.configs.poll()
    await running.configs.poll()
    assert (await running.client.delete(gone, headers=KEY)).status_code == 200


async def said(running: RunningServer, tone: str, voice: str | None = "Claire", role: Voice = "character") -> bytes:
    spec = VoiceSpec(voice=voice, tone=tone, language="en", role=role)
    return b"".join([item async for item in running.tts.speak(just("hello there."), spec) if isinstance(item, bytes)])


async def test_new_tones_are_spoken_without_a_restart(running: RunningServer, tmp_path: Path) -> None:
    """Also with voices that the command made beside the server."""
    from voi.engines.tts.xtts import cloning_file
    from voi.engines.tts.xtts.checkpoint import load_voices

    robins = load_voices(running.files["voices"])
    cloning_file.store(running.files["voices"], {"Ada": robins["Robin"], "Ada warm": robins["Robin warm"]})
    robin, warm = await said(running, AS_IT_IS, "Robin"), await said(running, AS_IT_IS, "Robin warm")
    assert await said(running, "warm") == await said(running, AS_IT_IS) not in (robin, warm)

    file = tmp_path / "tts_models.json"
    before = json.loads(file.read_text())
    edited = before | {"mine": before["mine"] | {"voice_tone_map": {"neutral": "Ada", "warm": "Ada warm"}}}
    file.write_text(json.dumps(edited))
    await running.configs.poll()
    assert await running.configs.poll()
    assert running.tts.info.tones == ("neutral", "warm")
    assert [await said(running, tone) for tone in ("warm", "neutral", "unheard of")] == [warm, robin, robin]
    assert await said(running, AS_IT_IS) == await said(running, "warm", role="narrator") not in (robin, warm)

    edited["mine"]["voice_tone_map"] = {"neutral": "Nobody", "warm": {"rate": 2}}
    file.write_text(json.dumps(edited))
    await running.configs.poll()
    assert not await running.configs.poll()
    assert await said(running, "warm") == warm

    file.write_text(json.dumps(before))
    await running.configs.poll()
    assert await running.configs.poll()
    assert await said(running, "warm") == await said(running, AS_IT_IS)
    assert "sad" in running.tts.info.tones


async def test_agents_may_use_a_voice_that_the_command_made(running: RunningServer, tmp_path: Path) -> None:
    from voi.engines.tts.xtts import cloning_file
    from voi.engines.tts.xtts.checkpoint import load_voices

    cloning_file.store(running.files["voices"], {ZOE: load_voices(running.files["voices"])["Robin"]})
    agents = json.loads((tmp_path / "agents.json").read_text())
    agents["a"]["voices"]["character"]["voice"] = ZOE
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    await running.configs.poll()
    assert await running.configs.poll()
    assert ZOE in running.engine.info.voices
    answer = await running.client.delete(f"/voices/{quote(ZOE_APART)}", headers=KEY)
    assert (answer.status_code, "the agent a" in answer.text) == (409, True)


async def test_a_voice_that_the_command_replaces_is_heard_at_once(
    running: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the old one's phrases were rendered, and no line of the configuration changes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOI_GREETINGS_DIR", str(tmp_path))
    old = await said(running, "neutral")
    spec = VoiceSpec(voice="Claire", tone="neutral", language="en")
    file = tmp_path / "rendered" / file_name("mine", depends_on("xtts", running.tts.options), "hello there.", spec)
    save(file, bytes(4_800), running.tts.info.sample_rate_hz)
    assert await said(running, "neutral") == bytes(4_800)

    with pytest.raises(SystemExit, match="0"):
        await asyncio.to_thread(main, ("voice", "add", "Claire", str(AUDIO / "austen-0870.wav"), "--force"))
    await running.configs.poll()
    assert await running.configs.poll()
    new = await said(running, "neutral")
    assert new not in (old, bytes(4_800))
    assert not await running.configs.poll()

    started = Xtts(**running.files, device="cpu", greedy=True)
    await started.warm_up()
    assert b"".join([chunk async for chunk in started.stream("hello there.", spec)]) == new
    await started.close()


async def test_a_file_that_lacks_a_voice_in_use_changes_nothing(
    running: RunningServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from voi.engines.tts.xtts import cloning_file

    before, whole = await said(running, AS_IT_IS), running.files["voices"].read_bytes()
    for broken, says in ((b"", "cannot be loaded"), (None, "lacks the voice 'Claire', which is in use")):
        if broken is None:
            running.files["voices"].write_bytes(whole)
            cloning_file.remove(running.files["voices"], "Claire")
        else:
            running.files["voices"].write_bytes(broken)
        for _ in range(2):
            assert not await running.configs.poll()
        assert says in caplog.text
        assert await said(running, AS_IT_IS) == before

    agents = json.loads((tmp_path / "agents.json").read_text())
    agents["a"]["voices"]["character"]["voice"] = "Robin"
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    await running.configs.poll()
    assert await running.configs.poll()
    assert running.engine.info.voices == ("Robin", "Robin warm")


async def test_a_file_of_models_that_cannot_be_written(running: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "tts_models.json").write_text("{")
    files = [("sample", ("a.wav", GOOD)), ("tone:warm", ("warm.wav", GOOD))]
    answer = await running.client.post("/voices", headers=KEY, data={"name": "Ada", "write": "1"}, files=files)
    assert answer.status_code == 500
    assert "The voices were made" in answer.json()["detail"]
    assert (tmp_path / "tts_models.json").read_text() == "{"


async def test_what_was_rendered_with_the_old_voice_goes(running: RunningServer, tmp_path: Path) -> None:
    old = tmp_path / "rendered" / f"mine-{'0' * 24}.wav"
    for request in (running.add("Robin", force="true"), running.client.delete("/voices/Robin%20warm", headers=KEY)):
        old.parent.mkdir(exist_ok=True)
        old.touch()
        assert (await request).status_code in (200, 201)
        assert not old.exists()
    old.touch()
    assert (await running.add("Ada")).status_code == 201
    assert old.exists()


async def test_command_and_server_at_once_lose_nothing(running: RunningServer) -> None:
    import torch

    from tests.engines.tts.xtts import tiny
    from voi.engines.tts.xtts import cloning_file
    from voi.engines.tts.xtts.checkpoint import VoiceLatents

    voice = VoiceLatents("x", torch.randn(tiny.CONDITIONING, tiny.WIDTH), torch.randn(512))
    beside = [asyncio.to_thread(cloning_file.store, running.files["voices"], {f"cli {n}": voice}) for n in range(4)]
    answers, *_ = await asyncio.gather(asyncio.gather(running.add("a"), running.add("b")), *beside)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert set(cloning_file.names(running.files["voices"])) >= {"a", "b", "cli 0", "cli 1", "cli 2", "cli 3"}


async def test_samples_that_are_too_long_together(running: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLES_LIMIT_S", 10.0)
    answer = await running.client.post(
        "/voices", headers=KEY, data={"name": "Ada"}, files=[("sample", ("a.wav", GOOD)), ("sample", ("b.wav", GOOD))]
    )
    assert answer.status_code == 400
    assert answer.json()["detail"] == "b.wav: with it there are more than 10 s of samples."


async def test_bodies_that_are_too_large(running: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.FORM, "max_bytes", 1_000)
    assert (await running.add()).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="sample"; filename="a"\r\n\r\n'
        while True:
            yield bytes(500)

    headers = KEY | {"content-type": "multipart/form-data; boundary=x"}
    answer = await running.client.post("/voices", headers=headers, content=endless())
    assert answer.status_code == 413


async def test_an_upload_that_dawdles(running: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.FORM, "timeout_s", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await asyncio.sleep(1e6)

    headers = KEY | {"content-type": "multipart/form-data; boundary=x"}
    answer = await running.client.post("/voices", headers=headers, content=slow())
    assert answer.status_code == 408


async def test_only_a_few_wait(running: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 2)
    answers = await asyncio.gather(*(running.add(name=f"Ada {number}") for number in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429]


async def test_what_is_wrong_with_the_server_is_not_told(running: RunningServer) -> None:
    running.files["voices"].write_bytes(b"no voices")
    answer = await running.add()
    assert answer.status_code == 500
    assert "log" in answer.json()["detail"]
    assert str(running.files["voices"]) not in answer.text
