"""Deepgram's Flux, a model of whole turns, over its WebSocket.

https://developers.deepgram.com/docs/flux/quickstart

Its own ends of turns make text final. With the option `turns` they judge Voi's pauses as well, in place of a turn
detector.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from voi.engines.base import STT_RATE_HZ, SttOptions
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import refusal
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import EarHabits, EarItem, PlainEarScript
from voi.engines.stt.cloud.heard import FLUSHED, READY, HeardText
from voi.engines.stt.cloud.options import ServiceSetting, checked_settings, hot_words, iso, ms, spaced, with_query
from voi.engines.stt.cloud.sockets import IDLE_S, EarSockets
from voi.engines.stt.cloud.utterance import SocketEar
from voi.engines.stt.segments import BYTES_PER_MS

NAME = "deepgram-flux"
ENGLISH, MANY = "flux-general-en", "flux-general-multi"
HABITS = EarHabits(
    NAME, frame_ms=(80, 160), begins_ready=False, keep_alive_s=0.5, quiet_s=0.5, unconfirmed_ms=60_000
)  # fmt: skip
KEEP_ALIVE_MS = 500
"""Without sound a turn of the service would never end: silence takes its place, as long as the time that it fills."""
OWN_TURN_S = 0.35
"""So long Flux may take to end a turn by itself, before it is made to."""
OURS = ("model", "encoding", "sample_rate", "keyterm", "language_hint")


class FluxScript(PlainEarScript):
    """An `EarScript`. The text of a turn may change as a whole until its end."""

    def __init__(self, address: str, *, judges: bool = False) -> None:
        self.address = address
        self._judges = judges
        self._ended_turn = -1

    def flush(self) -> Sequence[str]:
        return ('{"type":"ForceEndTurn"}',)

    def keep_alive(self) -> bytes:
        return bytes(KEEP_ALIVE_MS * BYTES_PER_MS)

    def end(self) -> Sequence[str]:
        return ('{"type":"CloseStream"}',)

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]:
        match message.get("type"):
            case "Connected":
                return (READY,)
            case "TurnInfo":
                return self._turn(message)
            case "Error":
                told = (str(message.get(key) or "") for key in ("code", "description"))
                return (refusal(NAME, None, " ".join(told)),)
        return ()

    def _turn(self, message: dict[str, Any]) -> Sequence[EarItem]:
        try:
            turn, text, end_ms = int(message["turn_index"]), str(message["transcript"]), ms(message["audio_window_end"])
            language = iso((message.get("languages") or [None])[0])
            turn_end = self._judged(message)
        except (KeyError, IndexError, TypeError, ValueError):
            return ()
        if turn <= self._ended_turn:
            return ()
        if message.get("event") != "EndOfTurn":
            return (HeardText(spaced(text, language), False, (), end_ms, language, turn_end),)
        self._ended_turn = turn
        heard = HeardText(spaced(text, language), True, (), end_ms, language, turn_end)
        return (heard, FLUSHED) if message.get("trigger") == "manual" else (heard,)

    def _judged(self, message: dict[str, Any]) -> float | None:
        """Its confidence that the turn is over; None for an end that it was made to find, and for a turn without words:
        that has not begun."""
        confidence = message.get("end_of_turn_confidence")
        if not self._judges or confidence is None or message.get("trigger") == "manual" or not message["transcript"]:
            return None
        return min(1.0, max(0.0, float(confidence)))


class DeepgramFlux(SocketEar):
    """An `Stt`. `api_key`: write "${DEEPGRAM_API_KEY}". `model`: None: the English one for English, else the one for
    many languages. `turns`: its ends of turns judge pauses. `settings`: its own parameters, such as `eot_threshold`.
    `url`, `idle_s`, `at_once`: see `Deepgram`. Raises ConfigError."""

    info = SttInfo(NAME, cloud=True)

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://api.deepgram.com",
        model: str | None = None,
        turns: bool = False,
        settings: Mapping[str, ServiceSetting] | None = None,
        idle_s: float = IDLE_S,
        at_once: int | None = None,
    ) -> None:
        client = CloudClient(NAME, {"Authorization": f"Token {checked_key(NAME, api_key)}"})
        address = f"ws{checked_url(NAME, url, ('https', 'http')).removeprefix('http')}/v2/listen"
        own = checked_settings(NAME, settings, OURS)

        def script(options: SttOptions) -> FluxScript:
            spoken = iso(options.language)
            name = model or (ENGLISH if spoken == "en" else MANY)
            fields: dict[str, ServiceSetting] = {
                "model": name, "encoding": "linear16", "sample_rate": STT_RATE_HZ, **own
            }  # fmt: skip
            if spoken and name == MANY:
                fields["language_hint"] = spoken
            if words := hot_words(options.hot_words):
                fields["keyterm"] = words
            return FluxScript(with_query(address, fields), judges=turns)

        habits = replace(HABITS, own_turn_s=OWN_TURN_S if turns else 0.0)
        sockets = EarSockets(habits, script, client, idle_s=idle_s, at_once=at_once)
        super().__init__(replace(DeepgramFlux.info, at_once_max=at_once, judges_turns=turns), sockets, client)
