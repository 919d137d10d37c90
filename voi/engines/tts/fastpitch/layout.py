"""A FastPitch model's sizes, as model_config.yaml gives them, checked before anything is allocated. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voi.errors import ConfigError

MOST = {"width": 2_048, "layers": 32, "heads": 32, "inner": 16_384, "kernel": 31, "speakers": 100_000}


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of transformer layers with convolutions (FFT blocks)."""

    layers: int
    heads: int
    width: int
    head_width: int
    inner: int
    kernel: int


@dataclass(frozen=True, slots=True)
class Predictor:
    """A stack of convolutions that gives one number for each token."""

    layers: int
    width: int
    kernel: int


@dataclass(frozen=True, slots=True)
class FastPitchLayout:
    """`speakers` 1: there is no embedding of speakers. `pitch_mean`, `pitch_std`: Hz, of the normalised pitch."""

    encoder: Stack
    decoder: Stack
    duration: Predictor
    pitch: Predictor
    speakers: int
    mel_bands: int
    pitch_kernel: int
    least_frames: float
    most_frames: float
    pitch_mean: float
    pitch_std: float
    speaker_in_predictors: bool = False
    speaker_in_decoder: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any], what: str) -> "FastPitchLayout":
        """From a configuration whose references are resolved. Raises ConfigError; `what` is the file's name."""
        try:
            problems = _unsupported(config)
            found = cls(
                encoder=_stack(config["input_fft"]),
                decoder=_stack(config["output_fft"]),
                duration=_predictor(config["duration_predictor"]),
                pitch=_predictor(config["pitch_predictor"]),
                speakers=max(1, int(config.get("n_speakers") or 1)),
                mel_bands=int(config["n_mel_channels"]),
                pitch_kernel=int(config["pitch_embedding_kernel_size"]),
                least_frames=float(config.get("min_token_duration") or 0),
                most_frames=float(config["max_token_duration"]),
                pitch_mean=float(config.get("pitch_mean") or 0),
                pitch_std=float(config.get("pitch_std") or 0),
                speaker_in_predictors=bool(config.get("speaker_emb_condition_prosody")),
                speaker_in_decoder=bool(config.get("speaker_emb_condition_decoder")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"{what} does not describe a FastPitch model: {type(error).__name__} ({error})."
            ) from None
        problems += found._problems()
        if problems:
            raise ConfigError([f"{what}: {problem}" for problem in problems])
        return found

    def _problems(self) -> list[str]:
        wrong = []
        for name, stack in (("input_fft", self.encoder), ("output_fft", self.decoder)):
            given = {"layers": stack.layers, "heads": stack.heads, "width": stack.width, "inner": stack.inner,
                     "kernel": stack.kernel}  # fmt: skip
            wrong += [f"{name}: {key} is {value}" for key, value in given.items() if not 1 <= value <= MOST[key]]
            if stack.kernel % 2 == 0 or stack.width % 2 or not 1 <= stack.head_width <= MOST["width"]:
                wrong.append(f"{name}: an even kernel, an odd width, or heads of {stack.head_width}")
        for name, each in (("duration_predictor", self.duration), ("pitch_predictor", self.pitch)):
            if not (1 <= each.layers <= MOST["layers"] and 1 <= each.width <= MOST["inner"] and each.kernel % 2
                    and 1 <= each.kernel <= MOST["kernel"]):  # fmt: skip
                wrong.append(f"{name}: {each.layers} layers of {each.width} with a kernel of {each.kernel}")
        if self.encoder.width != self.decoder.width:
            wrong.append("input_fft and output_fft differ in width")
        if not (1 <= self.mel_bands <= 512 and self.pitch_kernel % 2 and 1 <= self.pitch_kernel <= MOST["kernel"]):
            wrong.append("n_mel_channels or pitch_embedding_kernel_size")
        if not 0 <= self.least_frames <= self.most_frames <= 1_000 or self.speakers > MOST["speakers"]:
            wrong.append("min_token_duration, max_token_duration or n_speakers")
        return wrong


def _unsupported(config: Mapping[str, Any]) -> list[str]:
    found = []
    if config.get("energy_predictor"):
        found.append("models with an energy predictor are not supported.")
    if config.get("speaker_encoder"):
        found.append("models with a speaker encoder are not supported, only embeddings of speakers.")
    if any((config[name] or {}).get("pre_lnorm") for name in ("input_fft", "output_fft")):
        found.append("`pre_lnorm` is not supported; NeMo itself fails with it.")
    return found


def _stack(raw: Mapping[str, Any]) -> Stack:
    return Stack(
        int(raw["n_layer"]),
        int(raw["n_head"]),
        int(raw["d_model"]),
        int(raw["d_head"]),
        int(raw["d_inner"]),
        int(raw["kernel_size"]),
    )


def _predictor(raw: Mapping[str, Any]) -> Predictor:
    return Predictor(int(raw.get("n_layers", 2)), int(raw["filter_size"]), int(raw["kernel_size"]))


def resolved(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with references such as ${symbols_embedding_dim} and ${model.sample_rate} replaced. What
    cannot be found stays as it is."""

    def value(raw: Any, depth: int) -> Any:
        if depth > 12:
            raise ConfigError("A model's configuration refers to itself, or is nested too deeply.")
        if isinstance(raw, Mapping):
            return {str(key): value(each, depth + 1) for key, each in raw.items()}
        if isinstance(raw, list):
            return [value(each, depth + 1) for each in raw]
        if isinstance(raw, str) and raw.startswith("${") and raw.endswith("}"):
            found: Any = config
            for key in raw[2:-1].removeprefix("model.").split("."):
                found = found.get(key) if isinstance(found, Mapping) else None
            return value(found, depth + 1) if found is not None else raw
        return raw

    return {str(key): value(each, 0) for key, each in config.items()}
