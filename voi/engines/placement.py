"""Chooses the process and the supervisor of each engine, by its info."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from voi.engines import registry
from voi.engines.device import AUTO, device_name, slow_note
from voi.engines.info import info_of
from voi.engines.joining import SharedPlace
from voi.engines.peer import EnginePeer
from voi.engines.remote import RemoteStt, RemoteTts
from voi.engines.shared_peer import SharedPeer
from voi.engines.supervised import Supervised, SupervisedStt, SupervisedTts
from voi.engines.supervised_judges import SupervisedTurnDetector, SupervisedVoiceJudge
from voi.engines.supervisor import Supervisor
from voi.engines.worker_process import WorkerProcess

_SUPERVISED: Mapping[registry.Kind, type[Supervised[Any]]] = {
    "tts": SupervisedTts, "stt": SupervisedStt, "turn": SupervisedTurnDetector, "voice": SupervisedVoiceJudge,
}  # fmt: skip
"""All but the VAD, which computes inline, and LLMs, which have deadlines and tries of their own (`llm/attempts.py`)."""


class Placement:
    """Where engines run, and which supervisor restarts them. Engines of one provider on one device share a
    process, since they share the device's thread and make room for each other; so they also fail together.
    `own_processes`: whether engines for a GPU run in worker processes. `shared`: where those are that several servers
    share; None: this server has its own."""

    def __init__(self, own_processes: bool, shared: SharedPlace | None = None) -> None:
        self._own_processes = own_processes
        self._shared = shared
        self._loading = asyncio.Lock()
        self._placement: dict[tuple[str, str, str], tuple[Supervisor, EnginePeer]] = {}

    def engine(self, kind: registry.Kind, name: str, factory: Callable[..., Any], options: Mapping[str, Any]) -> Any:
        """A new engine, not yet warm. Supervised engines keep a copy of `options` for restarts. Raises ConfigError for
        unknown options."""
        options = dict(options)
        make: Callable[[], Any] = partial(registry.build, factory, kind, name, options)
        if kind not in _SUPERVISED:
            return make()
        keeper: Supervisor | None = None
        note: Callable[[Any], str] = lambda engine: slow_note(engine.info, options)  # noqa: E731
        info = info_of(factory, name)
        if (info.gpu or info.own_process) and kind in ("tts", "stt"):
            device = device_name(str(options.get("device", AUTO))) if info.gpu else "cpu"
            keeper, peer = self._home(kind, name, device)
            if self._own_processes or self._shared:
                make = partial(RemoteTts if kind == "tts" else RemoteStt, peer, name, options)
                note = lambda _: ""  # noqa: E731 - the worker process adds the note
        return _SUPERVISED[kind](make, keeper, options, note)

    def _home(self, kind: str, name: str, device: str) -> tuple[Supervisor, EnginePeer]:
        if (kind, name, device) not in self._placement:
            supervisor = Supervisor(loading=self._loading)
            peer = (
                SharedPeer(name, self._shared, supervisor.ended)
                if self._shared
                else WorkerProcess(name, supervisor.ended)
            )
            self._placement[kind, name, device] = supervisor, peer
        return self._placement[kind, name, device]
