"""Chooses an agent's VAD, turn and STT engines: the settings' or the agent's own, with the options of each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from voi.config.parts import FileModel

if TYPE_CHECKING:
    from voi.config.settings import Settings

ChosenKind = Literal["vad", "turn", "stt"]
CHOSEN: tuple[ChosenKind, ...] = ("vad", "turn", "stt")
NONE = "none"


class EngineChoice(FileModel):
    """Engines by name, in the place of those that the settings name."""

    vad: str | None = Field(default=None, min_length=1)
    """Voice activity detection, instead of VOI_VAD_ENGINE."""
    turn: str | None = Field(default=None, min_length=1)
    """Detection of the end of a turn, instead of VOI_TURN_ENGINE; none: silence and words decide."""
    stt: str | None = Field(default=None, min_length=1)
    """Speech to text, instead of VOI_STT_ENGINE."""

    def name(self, kind: ChosenKind, settings_choice: str) -> str:
        chosen: str | None = getattr(self, kind)
        return chosen or settings_choice


def usual_engines(settings: "Settings") -> dict[ChosenKind, str]:
    """The engines that the settings name, by kind."""
    return {"vad": settings.vad_engine, "turn": settings.turn_engine, "stt": settings.stt_engine}


def named_engine(settings: "Settings", kind: str, name: str) -> tuple[str, dict[str, Any]]:
    """The engine's name in the registry and its options, from VOI_ENGINE_OPTIONS. An entry with "engine" gives that
    engine another name, so that one engine can be loaded twice with different options."""
    options: Mapping[str, Any] = settings.engine_options.get(f"{kind}.{name}", {})
    given = {option: value for option, value in options.items() if option != "engine"}
    if kind == "stt" and name == settings.stt_engine:
        given = settings.stt_options | given
    return str(options.get("engine", name)), given
