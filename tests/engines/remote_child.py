"""The process of fake engines: `worker`, with a registry that knows them."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from voi.dialogue import SpokenWord
from voi.engines import registry, worker
from voi.engines.base import SttOptions, TimedWord, Transcript, VoiceSpec
from voi.engines.frames import encode, pack
from voi.engines.info import SttInfo, TtsInfo
from voi.engines.messages import Drop
from voi.errors import ConfigError, EngineBroken, EngineError


class Loud(worker.Worker):
    """Its engines can write to its pipe."""

    told: Any

    def __init__(self, out: int) -> None:
        super().__init__(out)
        Loud.told = self._out


class Tts:
    """Does what it is told to say."""

    info = TtsInfo("fake", gpu=True, pings=True, voices=("anna", "bert"), tones=("neutral", "warm"))
    closed = 0
    deaf = False

    def __init__(self, *, warm: str = "", length: int = 3, mark: str = "", gpu: str = "") -> None:
        """`mark`: a file that is made when it is closed. `gpu`: one that is made when the work of a GPU was waited for,
        as it is asked of a torch that has used one."""
        if gpu:
            torch: Any = ModuleType("torch")
            torch.cuda = SimpleNamespace(
                is_available=lambda: False,
                is_initialized=lambda: True,
                device_count=lambda: 1,
                synchronize=lambda _: Path(gpu).touch(),
            )
            sys.modules["torch"] = torch
        self._warm, self._length, self._mark = warm, length, mark
        self.made = 0

    async def warm_up(self) -> None:
        print("libraries print things")
        match self._warm:
            case "config":
                raise ConfigError(["one", "two"])
            case "engine":
                raise EngineError("no memory", retryable=True)
            case "crash":
                os._exit(3)

    async def close(self) -> None:
        Tts.closed += 1
        if self._mark:
            Path(self._mark).touch()  # noqa: ASYNC240 - an empty file

    async def ping(self) -> None:
        if self.deaf:
            await asyncio.sleep(1e6)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes | SpokenWord]:
        match text:
            case "die":
                os._exit(3)
            case "hang":
                time.sleep(1e6)  # noqa: ASYNC251 - a driver does so
            case "deaf":
                self.deaf = True
                await asyncio.sleep(1e6)
            case "crash":
                raise RuntimeError("CUDA error")
            case "broken":
                raise EngineBroken("The device failed.")
            case "nonsense":
                Loud.told.write(b"Segmentation fault")
            case "empty head":
                Loud.told.write(pack(b""))
            case "to a worker":
                Loud.told.write(encode(Drop(1)))
            case "words":
                yield b"ab"
                yield SpokenWord("words", 0, 7)
                return
            case "switch":
                yield str(sys.getswitchinterval()).encode()
                return
            case "closed":
                yield str(Tts.closed).encode()
                return
            case "refuse":
                raise EngineError("No voice.", retryable=False)
            case "count":
                yield str(self.made).encode()
                return
            case "endless":
                try:
                    while True:
                        self.made += 1
                        yield bytes(1_000)
                finally:
                    self.made = 0
        for number in range(self._length):
            await asyncio.sleep(0)
            yield f"{number}{text}{voice.voice}{voice.tone}".encode()


class Stream:
    def __init__(self, on_partial: Callable[[Transcript], None] | None, options: SttOptions) -> None:
        self._on_partial, self._options, self._heard = on_partial, options, 0
        self._asked = False

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        if pcm == b"bad!":
            raise EngineError("That is no sound.")
        self._heard += len(pcm) if speech else 0
        self._asked = pcm == b"options?"
        if self._on_partial is not None:
            self._on_partial(Transcript("", str(self._heard), self._options.language))

    async def flush(self) -> Transcript:
        text = str(self._options) if self._asked else f"{self._heard} {self._options.language}"
        words = (TimedWord(str(self._heard), 0, 320, 0.5), TimedWord(str(self._options.language), 320, 400))
        return Transcript(text, language=self._options.language, words=words)

    def close(self) -> None: ...


class Stt:
    info = SttInfo("fake-stt", gpu=True, languages=("en", "de"))

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> Stream:
        if options.language == "xx":
            raise EngineError("Nobody speaks xx.")
        return Stream(on_partial, options)


if __name__ == "__main__":
    from tests.engines import remote_child  # the registry imports it by that name

    worker.Worker = remote_child.Loud  # type: ignore[misc]
    built_in: Any = registry.BUILT_IN
    built_in["tts"]["fake"] = "tests.engines.remote_child:Tts"
    built_in["stt"]["fake"] = "tests.engines.remote_child:Stt"
    worker.main()
