"""The settings of a Realtime session: read from the client's partial updates, and shown whole. Fields that are not
known are ignored, as are those that mean nothing here (tracing, prompt, truncation)."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from voi.engines.base import ANY_CALL
from voi.tools.arguments import Arguments
from voi.transports.realtime.formats import FORMATS, RATE_HZ, FormatName
from voi.transports.realtime.wire import (
    EventError,
    Json,
    object_at,
    text_at,
    whole_number_at,
    wrong_type,
    wrong_value,
)

SessionType = Literal["realtime", "transcription"]
INSTRUCTIONS_MAX = 100_000
TOOLS_MAX = 128
TOOLS_MAX_BYTES = 64 * 1024
NAME_MAX = 64
SHORT_MAX = 256
TRANSCRIPTION_PROMPT_MAX = 4_000
EAGERNESS = ("low", "medium", "high", "auto")
OUTPUT_TOKENS_MAX = 4_096
PAUSE_MAX_MS = 10_000
IDLE_MIN_MS, IDLE_MAX_MS = 5_000, 30_000
USUAL_TURNS: Json = {
    "type": "semantic_vad", "eagerness": "auto", "create_response": True, "interrupt_response": True,
}  # fmt: skip
"""What a client gets that asks for nothing: the agent's own turn-taking."""
_SERVER_VAD: Json = {
    "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": None,
    "idle_timeout_ms": None, "create_response": True, "interrupt_response": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RealtimeSettings:
    """What the client chose, as the session shows it. `turn_detection` None: manual turns. `voice` "": the agent's.
    `transcription` None: the client is not told what the person said."""

    type: SessionType = "realtime"
    output_modalities: tuple[str, ...] = ("audio",)
    instructions: str = ""
    tools: tuple[Json, ...] = ()
    tool_choice: Any = "auto"
    max_output_tokens: int | str = "inf"
    input_format: FormatName = "audio/pcm"
    output_format: FormatName = "audio/pcm"
    transcription: Json | None = None
    noise_reduction: Json | None = None
    turn_detection: Json | None = field(default_factory=lambda: USUAL_TURNS)
    voice: str = ""
    speed: float = 1.0
    tracing: Any = None
    truncation: Any = "auto"
    greet: bool = False
    """Voi's own: the agent begins with its greeting."""
    resume: bool = False
    """Voi's own: the client wants to come back if its connection is lost."""

    @property
    def silent(self) -> bool:
        """The client wants text alone."""
        return "audio" not in self.output_modalities

    @property
    def must_call(self) -> str:
        """The tool that each answer has to call, or `ANY_CALL`; "": none."""
        choice = self.tool_choice
        return str(choice["name"]) if isinstance(choice, dict) else ANY_CALL if choice == "required" else ""

    @property
    def ear(self) -> tuple[str, str]:
        """Language and prompt for what hears the person; "": the agent's own."""
        asked = self.transcription or {}
        return asked.get("language", ""), asked.get("prompt", "")

    @property
    def manual(self) -> bool:
        return self.turn_detection is None

    @property
    def of_agent(self) -> tuple[Any, ...]:
        """What changes the agent."""
        return (
            self.instructions, self.tools, self.tool_choice, self.voice, self.speed, self.silent,
            self.max_output_tokens,
        )  # fmt: skip

    @property
    def answers(self) -> bool:
        """A turn that ends is answered."""
        turns = self.turn_detection
        return self.type == "realtime" and turns is not None and turns.get("create_response") is not False

    @property
    def interrupts(self) -> bool:
        """Voice stops the agent."""
        return self.turn_detection is not None and self.turn_detection.get("interrupt_response") is not False

    @property
    def idle_timeout_ms(self) -> int:
        """0: there is none."""
        return int((self.turn_detection or {}).get("idle_timeout_ms") or 0)

    def output_audio(self) -> Json:
        """How the agent sounds, as responses show it."""
        return {"format": _format(self.output_format), "voice": self.voice or "default"}

    def shown(self, session_id: str, model: str, voi: Json, expires_s: int | None = None) -> Json:
        """The whole session as JSON. `voi`: Voi's own extras. `expires_s`: when it ends at the latest, in s since
        1970."""
        heard = {
            "format": _format(self.input_format),
            "transcription": self.transcription,
            "noise_reduction": self.noise_reduction,
            "turn_detection": self.turn_detection,
        }
        if self.type == "transcription":
            return {
                "type": "transcription", "object": "realtime.transcription_session", "id": session_id,
                "audio": {"input": heard}, "include": None, "expires_at": expires_s, "voi": voi,
            }  # fmt: skip
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": model,
            "output_modalities": list(self.output_modalities),
            "instructions": self.instructions,
            "tools": list(self.tools),
            "tool_choice": self.tool_choice,
            "max_output_tokens": self.max_output_tokens,
            "tracing": self.tracing,
            "truncation": self.truncation,
            "prompt": None,
            "expires_at": expires_s,
            "audio": {"input": heard, "output": {**self.output_audio(), "speed": self.speed}},
            "include": None,
            "voi": voi,
        }

    def updated(self, session: Json, at: str = "session") -> "RealtimeSettings":
        """The settings with a client's changes. `at`: where they stand in its event, for errors. Raises EventError."""
        kind = session.get("type", self.type)
        if kind not in ("realtime", "transcription"):
            raise wrong_value(f"{at}.type", kind, "'realtime' and 'transcription'")
        changes: dict[str, Any] = {"type": kind}
        if session.get("output_modalities") is not None:
            changes["output_modalities"] = modalities_of(session["output_modalities"], f"{at}.output_modalities")
        if "instructions" in session:
            changes["instructions"] = text_at(
                session, "instructions", most=INSTRUCTIONS_MAX, param=f"{at}.instructions", required=False
            )
        if session.get("tools") is not None:
            changes["tools"] = tools_of(session["tools"], f"{at}.tools")
        if session.get("tool_choice") is not None:
            changes["tool_choice"] = tool_choice_of(session["tool_choice"], f"{at}.tool_choice")
        if session.get("max_output_tokens") is not None:
            changes["max_output_tokens"] = output_tokens_of(session["max_output_tokens"], f"{at}.max_output_tokens")
        if session.get("tracing", 0) in (None, "auto"):
            changes["tracing"] = session["tracing"]
        if session.get("truncation") in ("auto", "disabled"):
            changes["truncation"] = session["truncation"]
        audio = object_at(session, "audio", f"{at}.audio") or {}
        if heard := object_at(audio, "input", f"{at}.audio.input"):
            changes |= self._heard(heard, f"{at}.audio.input")
        if spoken := object_at(audio, "output", f"{at}.audio.output"):
            changes |= _spoken(spoken, f"{at}.audio.output")
        if own := object_at(session, "voi", f"{at}.voi"):
            for name in ("greet", "resume"):
                if not isinstance(own.get(name, False), bool):
                    raise wrong_type(f"{at}.voi.{name}", "a boolean", own[name])
            changes["greet"] = own.get("greet", False)
            changes["resume"] = self.resume or own.get("resume", False)
        return replace(self, **changes)

    def _heard(self, heard: Json, at: str) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if heard.get("format") is not None:
            changes["input_format"] = format_of(heard["format"], f"{at}.format")
        if "transcription" in heard:
            changes["transcription"] = _transcription(heard, at)
        if "noise_reduction" in heard:
            noise = object_at(heard, "noise_reduction", f"{at}.noise_reduction") or {}
            known = noise.get("type") in ("near_field", "far_field")
            changes["noise_reduction"] = {"type": noise["type"]} if known else None
        if "turn_detection" in heard:
            given = object_at(heard, "turn_detection", f"{at}.turn_detection")
            changes["turn_detection"] = None if given is None else self._turns(given, f"{at}.turn_detection")
        return changes

    def _turns(self, given: Json, at: str) -> Json:
        before = self.turn_detection or {}
        kind = given.get("type", before.get("type", "server_vad"))
        if kind not in ("server_vad", "semantic_vad"):
            raise wrong_value(f"{at}.type", kind, "'server_vad' and 'semantic_vad'")
        turns = dict(_SERVER_VAD if kind == "server_vad" else USUAL_TURNS)
        turns |= {name: value for name, value in before.items() if name in turns and before.get("type") == kind}
        turns["type"] = kind
        for name in ("create_response", "interrupt_response"):
            if given.get(name) is not None:
                if not isinstance(given[name], bool):
                    raise wrong_type(f"{at}.{name}", "a boolean", given[name])
                turns[name] = given[name]
        if kind == "semantic_vad":
            if given.get("eagerness") is not None:
                if given["eagerness"] not in EAGERNESS:
                    raise wrong_value(f"{at}.eagerness", given["eagerness"], ", ".join(f"'{e}'" for e in EAGERNESS))
                turns["eagerness"] = given["eagerness"]
            return turns
        if given.get("threshold") is not None:
            turns["threshold"] = _number(given["threshold"], 0, 1, f"{at}.threshold")
        for name in ("prefix_padding_ms", "silence_duration_ms"):
            if given.get(name) is not None:
                turns[name] = whole_number_at(given, name, most=PAUSE_MAX_MS, param=f"{at}.{name}")
        if "idle_timeout_ms" in given:
            turns["idle_timeout_ms"] = _idle(given, f"{at}.idle_timeout_ms")
        return turns


def _idle(given: Json, param: str) -> int | None:
    if given["idle_timeout_ms"] is None:
        return None
    idle_ms = whole_number_at(given, "idle_timeout_ms", most=IDLE_MAX_MS, param=param)
    if idle_ms < IDLE_MIN_MS:
        raise EventError(
            f"Invalid '{param}': expected a value from {IDLE_MIN_MS} to {IDLE_MAX_MS}.", "integer_out_of_range", param
        )
    return idle_ms


def modalities_of(value: object, param: str) -> tuple[str, ...]:
    """What a response consists of: sound with its transcript, or text. Raises EventError."""
    if not isinstance(value, list):
        raise wrong_type(param, "an array of strings", value)
    if value not in (["audio"], ["text"], ["text", "audio"], ["audio", "text"]):
        raise EventError(
            f"Invalid modalities: {str(value)[:80]}. Supported combinations are: ['text'] and ['audio'].",
            "invalid_value", param,
        )  # fmt: skip
    return tuple(value)


def format_of(value: object, param: str) -> FormatName:
    """A sound format. Raises EventError."""
    name = value.get("type") if isinstance(value, dict) else value
    if not isinstance(value, dict | str):
        raise wrong_type(param, "an object", value)
    for known in FORMATS:
        if name == known:
            rate = value.get("rate") if isinstance(value, dict) else None
            if known == "audio/pcm" and rate not in (None, RATE_HZ):
                raise wrong_value(f"{param}.rate", rate, str(RATE_HZ))
            return known
    raise wrong_value(f"{param}.type", name, ", ".join(f"'{each}'" for each in FORMATS))


def tools_of(value: object, param: str) -> tuple[Json, ...]:
    """The client's functions. Other kinds of tools are left out: an agent has its own. Raises EventError."""
    if not isinstance(value, list):
        raise wrong_type(param, "an array of objects", value)
    if len(value) > TOOLS_MAX or _size_of(value) > TOOLS_MAX_BYTES:
        raise EventError(
            f"Invalid '{param}': at most {TOOLS_MAX} tools of {TOOLS_MAX_BYTES} bytes together.",
            "array_above_max_length", param,
        )  # fmt: skip
    tools = []
    for index, tool in enumerate(value):
        place = f"{param}[{index}]"
        if not isinstance(tool, dict):
            raise wrong_type(place, "an object", tool)
        if tool.get("type", "function") != "function":
            continue
        name = text_at(tool, "name", most=NAME_MAX, param=f"{place}.name")
        if not name.replace("-", "_").isidentifier() or not name.isascii():
            raise EventError(
                f"Invalid '{place}.name': string does not match pattern '^[a-zA-Z0-9_-]+$'.", "invalid_value",
                f"{place}.name",
            )  # fmt: skip
        description = text_at(tool, "description", most=4_000, param=f"{place}.description", required=False)
        parameters = object_at(tool, "parameters", f"{place}.parameters")
        try:
            Arguments(parameters or {}, foreign=True)
        except Exception:  # a client's schema may be anything
            raise EventError(f"Invalid '{place}.parameters': it is no JSON Schema.", "invalid_function_parameters",
                             f"{place}.parameters") from None  # fmt: skip
        tools.append({"type": "function", "name": name, "description": description, "parameters": parameters or {}})
    return tuple(tools)


def _size_of(value: object) -> int:
    """In bytes of JSON; what is nested too deeply for that, or for what it is going to stand in, has more than any
    limit."""
    for _ in range(16):
        value = [value]
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return 2**31


def tool_choice_of(value: object, param: str) -> Any:
    """Raises EventError."""
    if isinstance(value, dict) and value.get("type") == "function":
        return {"type": "function", "name": text_at(value, "name", most=NAME_MAX, param=f"{param}.name")}
    if value not in ("auto", "none", "required"):
        raise wrong_value(param, value, "'none', 'auto' and 'required'")
    return value


def output_tokens_of(value: object, param: str) -> int | str:
    """The most tokens of a response. Raises EventError."""
    if value == "inf":
        return "inf"
    if type(value) is not int:
        raise wrong_type(param, "an integer", value)
    if not 1 <= value <= OUTPUT_TOKENS_MAX:
        raise EventError(
            f"Invalid '{param}': expected a value from 1 to {OUTPUT_TOKENS_MAX}.", "integer_out_of_range", param
        )
    return value


def voice_of(value: object, param: str) -> str:
    """The name of a voice: a text, or an object with an id. Raises EventError."""
    name = value.get("id") if isinstance(value, dict) else value
    if not isinstance(name, str):
        raise wrong_type(param, "a string", value)
    return name[:SHORT_MAX]


def _spoken(spoken: Json, at: str) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if spoken.get("format") is not None:
        changes["output_format"] = format_of(spoken["format"], f"{at}.format")
    if spoken.get("voice") is not None:
        changes["voice"] = voice_of(spoken["voice"], f"{at}.voice")
    if spoken.get("speed") is not None:
        changes["speed"] = _number(spoken["speed"], 0.25, 1.5, f"{at}.speed")
    return changes


def _transcription(heard: Json, at: str) -> Json | None:
    given = object_at(heard, "transcription", f"{at}.transcription")
    if given is None:
        return None
    at = f"{at}.transcription"
    kept = {name: text_at(given, name, most=SHORT_MAX, param=f"{at}.{name}", required=False)
            for name in ("model", "language") if given.get(name) is not None}  # fmt: skip
    if given.get("prompt") is not None:
        kept["prompt"] = text_at(given, "prompt", most=TRANSCRIPTION_PROMPT_MAX, param=f"{at}.prompt")
    return kept


def _number(value: object, least: float, most: float, param: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(param, "a decimal", value)
    if not least <= value <= most:
        raise EventError(f"Invalid '{param}': expected a value from {least} to {most}.", "decimal_out_of_range", param)
    return value


def _format(name: FormatName) -> Json:
    return {"type": name, "rate": RATE_HZ} if name == "audio/pcm" else {"type": name}
