"""Voices over HTTP and by command, with an engine that Voi does not know: it only declares that it clones."""

import importlib.util
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from tests.fakes.cloning_engine import Parrot, bring
from voi.cli import main
from voi.config.settings import load_settings
from voi.config.store import ConfigStore
from voi.engines.registry import tts_info
from voi.engines.tts.rendered import Rendered
from voi.engines.vad.silero import Silero
from voi.server.speech import SpeechService
from voi.server.voice_records import VoiceRecords
from voi.server.voices import NOT_NOTED, VoiceService, voices_router

pytestmark = pytest.mark.integration

AUDIO = Path(__file__).parents[1] / "data" / "audio"
GOOD = (AUDIO / "austen-0870.wav").read_bytes()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    bring(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "perch").write_text("Polly\t100\n")
    models = {
        "bird": {"engine": "parrot", "options": {"perch": "perch"}},
        "twin": {"engine": "parrot", "options": {"perch": str(tmp_path / "perch")}},
        "plain": {"engine": "espeak"},
    }
    agents = {"a": {"llm_model": "echo", "voices": {"character": {"model": "bird", "voice": "Polly"}}}}
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    (tmp_path / "tts_models.json").write_text(json.dumps(models))
    return tmp_path


def anybody(request: Request) -> None: ...


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[Any]:
    """The one of VOI_STORE_URL's default; None: what it needs is not installed."""
    if importlib.util.find_spec("sqlalchemy") is None:
        yield None
        return
    from voi.store.store import Store

    store = Store("sqlite:data/voi.db")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def client(folder: Path, store: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = load_settings(greetings_dir=folder)
    configs = ConfigStore(settings, tts_info)
    engines: dict[str, Any] = {
        name: Rendered(Parrot(perch="perch"), name, "parrot", configs.current.tts_models[name].engine_options(), folder)
        for name in ("bird", "twin")
    }
    speech = SpeechService(lambda: configs.current, lambda: engines)
    service = VoiceService(settings, lambda: configs.current, lambda: engines, Silero, speech, VoiceRecords(store))
    app = FastAPI()
    app.include_router(voices_router(service, anybody))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://voi") as client:
        yield client


async def add(client: httpx.AsyncClient, **form: str) -> httpx.Response:
    files = [("sample", ("a.wav", GOOD)), ("tone:warm", ("b.wav", GOOD))]
    return await client.post("/voices", data={"name": "Ada"} | form, files=files)


async def test_a_voice_is_added_speaks_at_once_and_goes(client: httpx.AsyncClient, folder: Path, store: Any) -> None:
    assert "Say which model" in (await add(client)).json()["detail"]
    answer = await add(client, model="bird", write="true", consent="Ada herself, by letter")
    assert answer.status_code == 201, answer.text
    assert answer.json()["voices"] == ["Ada", "Ada warm"]
    assert (
        json.loads((folder / "tts_models.json").read_text())["bird"]["voice_tone_map"]
        == answer.json()["voice_tone_map"]
    )
    listed = (await client.get("/voices")).json()["models"]
    assert listed["bird"]["voices"] == listed["twin"]["voices"] == ["Polly", "Ada", "Ada warm"]  # they share them

    if store is not None:
        assert list(listed["bird"]["cloned"]) == list(listed["twin"]["cloned"]) == ["Ada", "Ada warm"]
        assert listed["twin"]["cloned"]["Ada"]["consent"] == "Ada herself, by letter"
    assert (await add(client, model="bird", force="true", consent="x" * 501)).status_code == 400

    speech = await client.post("/voices/Ada/speech", json={"text": "Hello.", "model": "twin"})
    length_ms = int(folder.joinpath("perch").read_text().splitlines()[1].split("\t")[1])
    assert speech.content[44:46] == length_ms.to_bytes(2, "little")

    assert (await client.delete("/voices/Polly?model=bird")).status_code == 409  # the agent has it
    assert (await client.delete("/voices/Ada%20warm?model=twin")).json() == {"model": "twin", "removed": "Ada warm"}
    listed = (await client.get("/voices")).json()["models"]
    assert listed["bird"]["voices"] == ["Polly", "Ada"]
    assert list(listed["bird"]["cloned"]) == ([] if store is None else ["Ada"])
    assert (await add(client, model="plain")).status_code == 404


def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def voice(*args: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(("voice", *args))
        return int(ended.value.code or 0)

    stores = importlib.util.find_spec("sqlalchemy") is not None
    sample = str(AUDIO / "austen-0870.wav")
    assert voice("add", "Ada", sample) == 1
    assert "2 models that clone voices" in capsys.readouterr().err
    assert voice("add", "Ada", sample, "--model", "plain") == 1
    assert "a model of espeak, which clones no voices" in capsys.readouterr().err
    assert voice("list", "--model", "twin") == 0
    assert not (folder / "data").exists()  # to look is to make nothing
    assert capsys.readouterr().out == "twin (parrot)\n  Polly\n"
    assert voice("add", "Ada", sample, "--model", "bird") == 0
    told = capsys.readouterr()
    assert f"{folder / 'perch'}: Ada" in told.out
    assert "--consent" in told.err
    assert voice("list", "--model", "twin") == 0
    assert capsys.readouterr().out == "twin (parrot)\n  Polly\n  Ada\n"
    assert voice("add", "Ada", sample, "--model", "bird", "--force", "--consent", "Ada herself, 2026-11-28") == 0
    capsys.readouterr()
    assert voice("list", "--model", "twin") == 0
    agreed = "  (consent: Ada herself, 2026-11-28)" if stores else ""
    assert capsys.readouterr().out == f"twin (parrot)\n  Polly\n  Ada{agreed}\n"
    assert voice("remove", "Polly", "--model", "twin") == 1  # the agent of the model that shares it has it
    assert "the character of the agent a" in capsys.readouterr().err
    assert voice("remove", "Ada", "--model", "twin") == 0
    assert voice("add", "Ada", sample, "--model", "twin") == 0
    capsys.readouterr()
    assert voice("list", "--model", "bird") == 0
    assert "herself" not in capsys.readouterr().out  # another voice of that name


async def test_a_store_that_is_away_keeps_no_voice_from_being_made(
    client: httpx.AsyncClient, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store is None:
        pytest.skip("./install.sh brings what the store needs")
    store.is_open = False
    answer = await add(client, model="bird")
    assert answer.status_code == 201
    assert NOT_NOTED in answer.json()["advice"]
    listed = (await client.get("/voices")).json()["models"]
    assert listed["bird"]["voices"] == ["Polly", "Ada", "Ada warm"]
    assert (await client.delete("/voices/Ada?model=bird")).status_code == 200


def test_a_tone_that_its_models_do_not_have_is_found_before_it_runs(folder: Path) -> None:
    agents = json.loads((folder / "agents.json").read_text())
    agents["a"]["greetings"] = {"choices": ["Hello."], "voice_tone": "furious"}
    (folder / "agents.json").write_text(json.dumps(agents))
    with pytest.raises(Exception, match=r"'furious' is no tone of 'bird'|\"furious\" is no tone of \"bird\""):
        ConfigStore(load_settings(), tts_info)
