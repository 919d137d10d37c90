"""Which engines live together, and who keeps them going: as their info asks."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from voi.engines import registry
from voi.engines.device import AUTO, slow_note
from voi.engines.info import info_of
from voi.engines.remote import RemoteStt, RemoteTts
from voi.engines.supervised import SupervisedStt, SupervisedTts
from voi.engines.supervisor import Supervisor
from voi.engines.worker_process import WorkerProcess


class Placement:
    """Where engines that hear and speak live, and who keeps them going. Those of one provider on one device have to
    share a process, and with it their fate: they share the device's thread, and make room for each other."""

    def __init__(self, own_processes: bool) -> None:
        self._own_processes = own_processes
        self._loading = asyncio.Lock()
        self._placement: dict[tuple[str, str, str], tuple[Supervisor, WorkerProcess]] = {}

    def engine(self, kind: registry.Kind, name: str, factory: Callable[..., Any], options: Mapping[str, Any]) -> Any:
        """Not yet warm. Those that hear and speak have a copy of `options`, by which they are made anew."""
        options = dict(options)
        make: Callable[[], Any] = partial(registry.build, factory, kind, name, options)
        if kind not in ("tts", "stt"):
            return make()
        keeper: Supervisor | None = None
        note: Callable[[Any], str] = lambda engine: slow_note(engine.info, options)  # noqa: E731
        if info_of(factory, name).gpu:
            keeper, process = self._home(kind, name, str(options.get("device", AUTO)))
            if self._own_processes:
                make = partial(RemoteTts if kind == "tts" else RemoteStt, process, name, options)
                note = lambda _: ""  # noqa: E731 - it says so itself, of where it is
        supervised = SupervisedTts if kind == "tts" else SupervisedStt
        return supervised(make, keeper, options, note)

    def _home(self, kind: str, name: str, device: str) -> tuple[Supervisor, WorkerProcess]:
        if (kind, name, device) not in self._placement:
            supervisor = Supervisor(loading=self._loading)
            self._placement[kind, name, device] = supervisor, WorkerProcess(name, supervisor.ended)
        return self._placement[kind, name, device]
