"""Pocket TTS by its own package (pocket-tts, MIT). Blocks, and not for two threads at once.

The package sets torch to one thread for the whole process when it is imported, and logs parts of texts.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voi.audio.pcm import from_float
from voi.errors import ConfigError, EngineError

VARIANTS: Mapping[str, str] = {
    "en": "english", "fr": "french", "de": "german", "it": "italian", "es": "spanish", "pt": "portuguese",
    "nl": "dutch",
}  # fmt: skip
"""ISO code -> the package's name of that language's usual model."""
SOUND_MAX_S = 30.0
"""The most of a recording that makes a voice."""

VoiceState = dict[str, dict[str, Tensor]]
"""What the network keeps of a voice: for each layer with a memory its tensors."""


@dataclass(frozen=True, slots=True)
class PocketSource:
    """Which model. `variant`: one of the package's, such as english; `config`: a YAML file in its place."""

    variant: str
    config: Path | None = None
    temperature: float | None = None
    quantized: bool = False


class PocketModel:
    """Raises ImportError without the package, ConfigError for an unknown variant or a wrong file, EngineError when the
    weights cannot be fetched or loaded."""

    def __init__(self, source: PocketSource) -> None:
        threads = torch.get_num_threads()
        from pocket_tts import TTSModel
        from pocket_tts.default_parameters import get_default_voice_for_language
        from pocket_tts.utils.config import CONFIGS_DIR

        torch.set_num_threads(threads)
        logging.getLogger("pocket_tts").setLevel(logging.ERROR)
        named: dict[str, Any] = {"language": source.variant}
        if source.config is not None:
            named = {"config": source.config}
        elif not (CONFIGS_DIR / f"{source.variant}.yaml").is_file():
            known = ", ".join(sorted(file.stem for file in CONFIGS_DIR.glob("*.yaml")))
            raise ConfigError(f"pocket-tts: there is no `variant` {source.variant!r}; there are {known}.")
        try:
            self._model: Any = TTSModel.load_model(**named, temp=source.temperature, quantize=source.quantized)
        except OSError as error:  # also the hub's errors
            raise EngineError(
                f"Pocket TTS cannot fetch or read the weights of {source.config or source.variant} "
                f"({type(error).__name__}): the start needs a connection to the hub once, or a `config` of local files."
            ) from None
        except Exception as error:  # the package and torch raise many kinds
            raise ConfigError(
                f"pocket-tts: {source.config or source.variant} cannot be loaded: {type(error).__name__}."
            ) from None
        self.rate_hz = int(self._model.sample_rate)
        self.clones = bool(self._model.has_voice_cloning)
        self.usual_voice: str | None = None if source.config else get_default_voice_for_language(source.variant)

    def voice(self, name: str | Path) -> VoiceState:
        """The package's voice of that name, or the one in a file. Raises ConfigError."""
        try:
            state: VoiceState = self._model.get_state_for_audio_prompt(name)
        except Exception as error:  # the package, the hub and safetensors raise many kinds
            raise ConfigError(
                f"pocket-tts: the voice {name} cannot be read or fetched: {type(error).__name__}."
            ) from None
        return self._fitting(state, name)

    def _fitting(self, state: VoiceState, name: str | Path) -> VoiceState:
        own = {key for key, module in self._model.flow_lm.named_modules() if hasattr(module, "init_state")}
        if state.keys() != own:
            raise ConfigError(f"pocket-tts: the voice {name} belongs to another model.")
        return state

    @torch.inference_mode()
    def cloned(self, sound: Tensor) -> VoiceState:
        """The voice of a recording, (1, samples) at `rate_hz`."""
        state: VoiceState = self._model.get_state_for_audio_prompt(sound[:, : int(SOUND_MAX_S * self.rate_hz)])
        return state

    def stream(self, text: str, voice: VoiceState, stop: threading.Event) -> Iterator[bytes]:
        """PCM as it is made. `stop` ends it within a frame of 80 ms."""
        for chunk in self._model.generate_audio_stream(voice, text, stop=stop):
            yield from_float(chunk.float().numpy())
