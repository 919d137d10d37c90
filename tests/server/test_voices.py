"""Voices over HTTP: who may, what is refused, and that what runs learns them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request

from voi.cli import main
from voi.config.settings import load_settings
from voi.config.store import ConfigStore
from voi.dialogue import Voice
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.supervised import SupervisedTts
from voi.engines.tts.rendered import Rendered, depends_on, file_name, save
from voi.engines.tts.xtts.engine import Xtts
from voi.engines.vad.silero import Silero
from voi.server import voices as module
from voi.server.new_voices import take_over
from voi.server.voices import VoiceDesk, voices_router

pytestmark = pytest.mark.integration

AUDIO = Path(__file__).parents[1] / "data" / "audio"
GOOD, NOISE = (AUDIO / "austen-0870.wav").read_bytes(), (AUDIO / "noise2.wav").read_bytes()
KEY = {"API-Key": "the key"}
ZOE, ZOE_APART = "Zo\u00e9", "Zoe\u0301"


class House:
    """A desk with a real, tiny XTTS behind it."""

    def __init__(self, client: Any, engine: Xtts, files: dict[str, Path], configs: ConfigStore, tts: Rendered) -> None:
        self.client, self.engine, self.files, self.configs, self.tts = client, engine, files, configs, tts

    async def add(self, name: str = "Ada", data: bytes = GOOD, file: str = "a.wav", **fields: Any) -> Any:
        form = {"name": name} | fields
        return await self.client.post("/voices", headers=KEY, data=form, files={"sample": (file, data)})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    for package in ("torch", "tokenizers"):
        pytest.importorskip(package)
    from tests.engines.tts.xtts import tiny_cloning

    files = tiny_cloning.make(tmp_path)
    model = {name: str(path) for name, path in files.items()}
    agents = {"a": {"llm_model": "echo", "voices": {"character": {"model": "mine", "voice": "Claire"}}}}
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    (tmp_path / "tts_models.json").write_text(json.dumps({"mine": model, "espeak": {"engine": "espeak"}}))
    settings = load_settings(
        agents_file=tmp_path / "agents.json", tts_models_file=tmp_path / "tts_models.json", greetings_dir=tmp_path
    )
    configs = ConfigStore(settings)
    engine = Xtts(**files, device="cpu", greedy=True)
    await engine.warm_up()
    wrapped = Rendered(SupervisedTts(lambda: engine), "mine", "xtts", model, tmp_path)
    configs.check = lambda config: take_over(config, {"mine": wrapped})
    desk = VoiceDesk(settings, lambda: configs.current, lambda: {"mine": wrapped}, Silero)

    def authorized(api_key: str | None = Header(default=None, alias="API-Key")) -> None:
        if api_key != KEY["API-Key"]:
            raise HTTPException(401)

    app = FastAPI()
    app.include_router(voices_router(desk, Depends(authorized)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://voi") as client:
        yield House(client, engine, files, configs, wrapped)
    await engine.close()


async def test_a_voice_is_added_speaks_at_once_and_goes(house: House) -> None:
    files = [("sample", ("../../a.wav", GOOD)), ("tone:warm", ("warm.wav", (AUDIO / "jfk.wav").read_bytes()))]
    answer = await house.client.post("/voices", headers=KEY, data={"name": "Ada"}, files=files)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["model"] == "mine"
    assert told["voices"] == ["Ada", "Ada warm"]
    assert told["voice_tone_map"] == {"neutral": "Ada", "warm": "Ada warm"}
    assert told["written"] is False
    assert not any("/" in text.split(":")[0] for text in told["advice"])

    assert house.engine.voices[-2:] == ("Ada", "Ada warm")
    spec = VoiceSpec(voice="Ada warm", language="en")
    assert b"".join([chunk async for chunk in house.engine.stream("hello there.", spec)])
    answer = await house.client.post("/voices/Ada%20warm/speech", headers=KEY, json={"text": "Hello there."})
    assert (answer.status_code, answer.headers["content-type"], answer.content[:4]) == (200, "audio/wav", b"RIFF")

    answer = await house.client.delete("/voices/Ada%20warm", headers=KEY)
    assert answer.json() == {"model": "mine", "removed": "Ada warm"}
    assert house.engine.voices[-1] == "Ada"


async def test_the_list(house: House) -> None:
    told = (await house.client.get("/voices", headers=KEY)).json()
    assert told["models"]["mine"]["voices"] == ["Robin", "Robin warm", "Claire"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/voices"), ("POST", "/voices"), ("DELETE", "/voices/Robin"), ("POST", "/voices/Robin/speech")],
)
async def test_nobody_without_the_key(house: House, method: str, path: str) -> None:
    assert (await house.client.request(method, path)).status_code == 401


async def test_refusals(house: House) -> None:
    before = house.files["voices"].read_bytes()
    for answer, status, says in (
        (await house.add(data=NOISE), 400, "a.wav: no speech"),
        (await house.add(data=NOISE, file="already.wav"), 400, "already.wav: no speech"),
        (await house.add(data=b"hello"), 400, "a.wav: The sound cannot be decoded"),
        (await house.add(name="../x"), 400, "A voice's name"),
        (await house.add(name="Robin"), 409, "already"),
        (await house.add(name="robin"), 409, "upper and lower case"),
        (await house.add(model="espeak"), 404, "no model of that name"),
        (await house.add(colour="red"), 400, "The fields are"),
        (await house.client.post("/voices", headers=KEY, content=b"x"), 415, "multipart"),
        (await house.client.post("/voices", headers=KEY, files={"sample": GOOD}), 400, "name and at least one"),
        (await house.client.post("/voices", headers=KEY, data={"name": "x"}, files={"evil": GOOD}), 400, "Files are"),
        (await house.client.delete("/voices/nobody", headers=KEY), 400, "no voice 'nobody'"),
        (await house.client.delete("/voices/Claire", headers=KEY), 409, "the agent a"),
    ):
        assert answer.status_code == status, answer.text
        assert says in answer.json()["detail"]
    assert house.files["voices"].read_bytes() == before


async def test_force_replaces(house: House) -> None:
    assert (await house.add(name="Robin", force="true")).status_code == 201


async def test_tones_are_written_and_taken_over(house: House, tmp_path: Path) -> None:
    """Whatever letters they are asked for in; and who is used stays, however the name is written."""
    files = [("sample", ("a.wav", GOOD)), ("tone:Warm", ("warm.wav", GOOD)), ("tone:NEUTRAL", ("b.wav", GOOD))]
    form = {"name": ZOE, "write": "true"}
    answer = await house.client.post("/voices", headers=KEY, data=form, files=files)
    assert answer.json()["written"] is True
    tones = {"neutral": ZOE, "warm": f"{ZOE} warm"}
    written = json.loads((tmp_path / "tts_models.json").read_text())
    assert list(written) == ["mine", "espeak"]
    assert written["mine"]["voice_tone_map"] == tones
    await house.configs.poll()
    await house.configs.poll()
    assert house.configs.current.tts_models["mine"].voice_tone_map == tones

    before = house.files["voices"].read_bytes()
    form = {"name": "Eva", "write": "true"}
    files.pop()
    answer = await house.client.post("/voices", headers=KEY, data=form, files=files)
    assert (answer.status_code, "already" in answer.json()["detail"]) == (409, True)
    assert house.files["voices"].read_bytes() == before
    answer = await house.client.post("/voices", headers=KEY, data=form | {"force": "true"}, files=files)
    assert answer.json()["written"] is True
    gone = f"/voices/{quote(f'{ZOE_APART} warm')}"
    answer = await house.client.delete(gone, headers=KEY)
    assert (answer.status_code, "the tone warm of mine" in answer.text) == (409, True)  # until the new file is seen
    await house.configs.poll()
    await house.configs.poll()
    assert (await house.client.delete(gone, headers=KEY)).status_code == 200


async def said(house: House, tone: str, voice: str | None = "Claire", role: Voice = "character") -> bytes:
    spec = VoiceSpec(voice=voice, tone=tone, language="en", role=role)
    return b"".join([chunk async for chunk in house.tts.stream("hello there.", spec)])


async def test_new_tones_are_spoken_without_a_restart(house: House, tmp_path: Path) -> None:
    """Also with voices that the command made beside the server."""
    from voi.engines.tts.xtts import cloning_file
    from voi.engines.tts.xtts.checkpoint import load_voices

    robins = load_voices(house.files["voices"])
    cloning_file.store(house.files["voices"], {"Ada": robins["Robin"], "Ada warm": robins["Robin warm"]})
    robin, warm = await said(house, AS_IT_IS, "Robin"), await said(house, AS_IT_IS, "Robin warm")
    assert await said(house, "warm") == await said(house, AS_IT_IS) not in (robin, warm)

    file = tmp_path / "tts_models.json"
    before = json.loads(file.read_text())
    edited = before | {"mine": before["mine"] | {"voice_tone_map": {"neutral": "Ada", "warm": "Ada warm"}}}
    file.write_text(json.dumps(edited))
    await house.configs.poll()
    assert await house.configs.poll()
    assert house.tts.tones == ("neutral", "warm")
    assert [await said(house, tone) for tone in ("warm", "neutral", "unheard of")] == [warm, robin, robin]
    assert await said(house, AS_IT_IS) == await said(house, "warm", role="narrator") not in (robin, warm)

    edited["mine"]["voice_tone_map"] = {"neutral": "Nobody", "warm": {"rate": 2}}
    file.write_text(json.dumps(edited))
    await house.configs.poll()
    assert not await house.configs.poll()
    assert await said(house, "warm") == warm

    file.write_text(json.dumps(before))
    await house.configs.poll()
    assert await house.configs.poll()
    assert await said(house, "warm") == await said(house, AS_IT_IS)
    assert "sad" in house.tts.tones


async def test_agents_may_use_a_voice_that_the_command_made(house: House, tmp_path: Path) -> None:
    from voi.engines.tts.xtts import cloning_file
    from voi.engines.tts.xtts.checkpoint import load_voices

    cloning_file.store(house.files["voices"], {ZOE: load_voices(house.files["voices"])["Robin"]})
    agents = json.loads((tmp_path / "agents.json").read_text())
    agents["a"]["voices"]["character"]["voice"] = ZOE
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    await house.configs.poll()
    assert await house.configs.poll()
    assert ZOE in house.engine.voices
    answer = await house.client.delete(f"/voices/{quote(ZOE_APART)}", headers=KEY)
    assert (answer.status_code, "the agent a" in answer.text) == (409, True)


async def test_a_voice_that_the_command_replaces_is_heard_at_once(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the old one's phrases were rendered, and no line of the configuration changes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOI_GREETINGS_DIR", str(tmp_path))
    old = await said(house, "neutral")
    spec = VoiceSpec(voice="Claire", tone="neutral", language="en")
    file = tmp_path / "rendered" / file_name("mine", depends_on("xtts", house.tts.options), "hello there.", spec)
    save(file, bytes(4_800), house.tts.sample_rate_hz)
    assert await said(house, "neutral") == bytes(4_800)

    with pytest.raises(SystemExit, match="0"):
        await asyncio.to_thread(main, ("voice", "add", "Claire", str(AUDIO / "austen-0870.wav"), "--force"))
    await house.configs.poll()
    assert await house.configs.poll()
    new = await said(house, "neutral")
    assert new not in (old, bytes(4_800))
    assert not await house.configs.poll()

    started = Xtts(**house.files, device="cpu", greedy=True)
    await started.warm_up()
    assert b"".join([chunk async for chunk in started.stream("hello there.", spec)]) == new
    await started.close()


async def test_a_file_that_lacks_a_voice_in_use_changes_nothing(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from voi.engines.tts.xtts import cloning_file

    before, whole = await said(house, AS_IT_IS), house.files["voices"].read_bytes()
    for broken, says in ((b"", "cannot be loaded"), (None, "lacks the voice 'Claire', which is in use")):
        if broken is None:
            house.files["voices"].write_bytes(whole)
            cloning_file.remove(house.files["voices"], "Claire")
        else:
            house.files["voices"].write_bytes(broken)
        for _ in range(2):
            assert not await house.configs.poll()
        assert says in caplog.text
        assert await said(house, AS_IT_IS) == before

    agents = json.loads((tmp_path / "agents.json").read_text())
    agents["a"]["voices"]["character"]["voice"] = "Robin"
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    await house.configs.poll()
    assert await house.configs.poll()
    assert house.engine.voices == ("Robin", "Robin warm")


async def test_a_file_of_models_that_cannot_be_written(house: House, tmp_path: Path) -> None:
    (tmp_path / "tts_models.json").write_text("{")
    files = [("sample", ("a.wav", GOOD)), ("tone:warm", ("warm.wav", GOOD))]
    answer = await house.client.post("/voices", headers=KEY, data={"name": "Ada", "write": "1"}, files=files)
    assert answer.status_code == 500
    assert "The voices were made" in answer.json()["detail"]
    assert (tmp_path / "tts_models.json").read_text() == "{"


async def test_what_was_rendered_with_the_old_voice_goes(house: House, tmp_path: Path) -> None:
    old = tmp_path / "rendered" / f"mine-{'0' * 24}.wav"
    for request in (house.add("Robin", force="true"), house.client.delete("/voices/Robin%20warm", headers=KEY)):
        old.parent.mkdir(exist_ok=True)
        old.touch()
        assert (await request).status_code in (200, 201)
        assert not old.exists()
    old.touch()
    assert (await house.add("Ada")).status_code == 201
    assert old.exists()


async def test_command_and_server_at_once_lose_nothing(house: House) -> None:
    import torch

    from tests.engines.tts.xtts import tiny
    from voi.engines.tts.xtts import cloning_file
    from voi.engines.tts.xtts.checkpoint import VoiceLatents

    voice = VoiceLatents("x", torch.randn(tiny.CONDITIONING, tiny.WIDTH), torch.randn(512))
    beside = [asyncio.to_thread(cloning_file.store, house.files["voices"], {f"cli {n}": voice}) for n in range(4)]
    answers, *_ = await asyncio.gather(asyncio.gather(house.add("a"), house.add("b")), *beside)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert set(cloning_file.names(house.files["voices"])) >= {"a", "b", "cli 0", "cli 1", "cli 2", "cli 3"}


async def test_samples_that_are_too_long_together(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLES_LIMIT_S", 10.0)
    answer = await house.client.post(
        "/voices", headers=KEY, data={"name": "Ada"}, files=[("sample", ("a.wav", GOOD)), ("sample", ("b.wav", GOOD))]
    )
    assert answer.status_code == 400
    assert answer.json()["detail"] == "b.wav: with it there are more than 10 s of samples."


async def test_bodies_that_are_too_large(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_MAX_BYTES", 1_000)
    assert (await house.add()).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="sample"; filename="a"\r\n\r\n'
        while True:
            yield bytes(500)

    headers = KEY | {"content-type": "multipart/form-data; boundary=x"}
    answer = await house.client.post("/voices", headers=headers, content=endless())
    assert answer.status_code == 413


async def test_an_upload_that_breaks_off_is_nobodys_failure() -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "headers": [(b"content-type", b"multipart/form-data; boundary=x")]}
    with pytest.raises(HTTPException, match="not whole"):
        await module._form(Request(scope, gone))


async def test_an_upload_that_dawdles(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UPLOAD_TIMEOUT_S", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await asyncio.sleep(1e6)

    headers = KEY | {"content-type": "multipart/form-data; boundary=x"}
    answer = await house.client.post("/voices", headers=headers, content=slow())
    assert answer.status_code == 408


async def test_only_a_few_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 2)
    answers = await asyncio.gather(*(house.add(name=f"Ada {number}") for number in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429]


async def test_what_is_wrong_with_the_server_is_not_told(house: House) -> None:
    house.files["voices"].write_bytes(b"no voices")
    answer = await house.add()
    assert answer.status_code == 500
    assert "log" in answer.json()["detail"]
    assert str(house.files["voices"]) not in answer.text
