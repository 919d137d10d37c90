"""A voice that hangs or crashes in the middle of a call: an apology, and the next answer is spoken again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeStt, FakeTts, FakeVad
from tests.server.fakes import API_KEY
from tests.server.serving import Person, serving, write_config
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.engines.base import VoiceSpec
from voi.engines.llm.echo import Echo
from voi.engines.registry import tts_info
from voi.engines.startup import Engines
from voi.engines.supervised import SupervisedTts
from voi.engines.supervisor import Supervisor
from voi.engines.tts.rendered import FOLDER, Rendered, depends_on, file_name, save
from voi.errors import VoiError
from voi.session.phrases import fixed_pieces

pytestmark = pytest.mark.integration

APOLOGY = "Sorry, I lost my thread for a moment."
RENDERED = b"\x11\x22" * 24_000


class Fragile(FakeTts):
    """Hangs or crashes for a text with that word, until it is restarted."""

    def __init__(self) -> None:
        super().__init__(first_s=0.01, ms_per_character=10)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        if "hang" in text:
            await asyncio.sleep(1e6)
        if "crash" in text:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        async for chunk in super().stream(text, voice):
            yield chunk


async def engines(folder: Path) -> tuple[Engines, SupervisedTts]:
    supervised = SupervisedTts(Fragile, Supervisor(deadline_s=0.3))
    await supervised.warm_up()
    voice: Any = Rendered(supervised, "voice", "fake", {}, folder)
    known = {"TTS voice, fake": supervised}
    return Engines(FakeVad(), FakeStt(), None, Echo(), {"voice": voice}, supervised=known), supervised


def ask(person: Person, text: str) -> None:
    person.say("text", content=text)
    person.say("create_response")


@pytest.mark.parametrize("word", ["hang", "crash"])
async def test_a_written_apology_and_a_new_engine(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_engines, supervised = await engines(tmp_path)
    write_config(tmp_path)
    async with serving(tmp_path, monkeypatch, shared_engines) as running:
        person = await Person.arrive(running.port)
        ask(person, f"Please {word} now.")
        await person.until(lambda: len(person.errors) == 2)  # the apology's own
        assert b'"TTS voice, fake":"restarting"' in (await running.http("GET", "/health"))[2]
        await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            await person.until(lambda: False, 0.1)  # it is not taken back
        assert any(APOLOGY in text for text in person.texts.values()), (person.errors, person.texts)
        async with asyncio.timeout(30):
            while supervised.supervisor.restarts == 0 or supervised.restarting:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
        assert supervised.supervisor.restarts == 1
        _, _, told = await running.http("GET", "/metrics?format=prometheus", f"API-Key: {API_KEY}\r\n")
        assert b'voi_engine_restarts_total{engine="TTS voice, fake"} 1.0' in told
        heard = sum(map(len, person.sound.values()))
        ask(person, "All is well.")
        await person.until(lambda: sum(map(len, person.sound.values())) > heard + 5_000)
        assert person.closed is None


async def test_a_spoken_apology_that_was_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_engines, _ = await engines(tmp_path)
    write_config(tmp_path)
    config = load_config(
        load_settings(agents_file=tmp_path / "agents.json", tts_models_file=tmp_path / "tts_models.json"), tts_info
    )
    for piece in fixed_pieces(config.agents["echo"], config):
        save(tmp_path / FOLDER / file_name("voice", depends_on("fake", {}), piece.text, piece.voice), RENDERED, 24_000)
    async with serving(tmp_path, monkeypatch, shared_engines) as running:
        person = await Person.arrive(running.port)
        ask(person, "Please hang now.")
        await person.until(lambda: any(RENDERED[:4_000] in sound for sound in person.sound.values()))
        assert person.closed is None


async def test_a_fault_at_the_start_ends_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One that stayed would never be ready, and its supervisor would not start another."""

    async def start(*_: object) -> Engines:
        raise RuntimeError("dictionary changed size during iteration")

    stopped = serving(tmp_path, monkeypatch, start)
    running = await stopped.__aenter__()
    assert running.task is not None
    await asyncio.wait([running.task], timeout=20)
    with pytest.raises(VoiError, match="cannot start because of a fault in Voi"):
        await stopped.__aexit__(None, None, None)
    assert "start failed: RuntimeError" in caplog.text
