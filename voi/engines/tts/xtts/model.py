"""One XTTS checkpoint on a device, ready to speak: files to a running batch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from voi.engines.tts.xtts.batch import Batch
from voi.engines.tts.xtts.checkpoint import VoiceLatents, load_voices, load_weights
from voi.engines.tts.xtts.decoder import Decoder
from voi.engines.tts.xtts.gpt import Gpt
from voi.engines.tts.xtts.graphs import Graphs
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.layout import Layout, read_layout
from voi.engines.tts.xtts.memory import Need, check_fits
from voi.engines.tts.xtts.tokenizer import Tokenizer
from voi.engines.tts.xtts.vocoder import Vocoder
from voi.engines.tts.xtts.windows import Plan, Stretch, steady_chunks
from voi.errors import ConfigError

FIRST_CHUNK_FRAMES = 16  # 170 ms of sound
LONGEST_CHUNK_FRAMES = 128  # 1.4 s
CHUNK_GROWTH = 2.0


@dataclass(frozen=True, slots=True)
class Files:
    checkpoint: Path
    config: Path
    tokenizer: Path
    voices: Path


@dataclass(frozen=True, slots=True)
class Running:
    """What a loaded model is made of."""

    layout: Layout
    tokenizer: Tokenizer
    voices: dict[str, VoiceLatents]
    decoder: Decoder
    vocoder: Vocoder
    batch: Batch
    graphs: Graphs
    need: Need

    def stretch(self, speed: float) -> Stretch:
        layout = self.layout
        by_speed = () if speed == 1.0 else (1.0 / speed,)
        to_frames = layout.gpt_code_stride_len / layout.output_hop_length
        to_rate = layout.output_sample_rate / layout.input_sample_rate
        return Stretch((*by_speed, to_frames, *(() if to_rate == 1.0 else (to_rate,))))


def load(
    files: Files,
    *,
    device: str,
    precision: str,
    slots: int,
    most_waiting: int,
    memory_bytes: int | None,
    same_shapes: bool,
) -> Running:
    """On the device's thread; all shapes are recorded, so that the first caller waits for nothing.

    ConfigError for files that are wrong, EngineError when memory does not suffice.
    """
    place, dtype = torch.device(device), getattr(torch, precision)
    layout = read_layout(files.config)
    tokenizer = Tokenizer(files.tokenizer, layout.gpt_max_text_tokens)
    voices = load_voices(files.voices)
    gpt_state, decoder_state = load_weights(files.checkpoint)
    conditioning = max(len(voice.conditioning) for voice in voices.values())
    _check(layout, gpt_state, decoder_state, voices, files)
    need = Need(
        weights=sum(t.numel() for state in (gpt_state, decoder_state) for t in state.values()) * dtype.itemsize,
        per_slot=layout.cache_bytes(conditioning, dtype.itemsize)
        + layout.max_codes * layout.gpt_n_model_channels * dtype.itemsize,
        slots=slots,
    )
    check_fits(need, place, memory_bytes)
    gpt = _gpt(layout, gpt_state, place, dtype)
    with torch.device("meta"):
        net = HifiGan(decoder_state)
    _fill(net, decoder_state, files.checkpoint, place, dtype)
    graphs = Graphs(place)
    decoder = Decoder(gpt, layout, slots=slots, conditioning=conditioning, graphs=graphs, same_shapes=same_shapes)
    first = max(FIRST_CHUNK_FRAMES, net.context)
    plan = Plan(net.context, steady_chunks(first, CHUNK_GROWTH, max(first, LONGEST_CHUNK_FRAMES)))
    vocoder = Vocoder(net, decoder.latents, plan, graphs)
    batch = Batch(decoder, vocoder, stop_code=layout.gpt_stop_audio_token, most_waiting=most_waiting)
    decoder.record()
    vocoder.record()
    on_device = {
        name: VoiceLatents(name, voice.conditioning.to(place, dtype), voice.embedding.to(place, dtype))
        for name, voice in voices.items()
    }
    return Running(layout, tokenizer, on_device, decoder, vocoder, batch, graphs, need)


def _gpt(layout: Layout, state: dict[str, Tensor], place: torch.device, dtype: torch.dtype) -> Gpt:
    with torch.device("meta"):
        gpt = Gpt(
            layers=layout.gpt_layers,
            width=layout.gpt_n_model_channels,
            heads=layout.gpt_n_heads,
            text_tokens=len(state["text_embedding.weight"]),
            text_places=len(state["text_position.weight"]),
            codes=layout.gpt_num_audio_tokens,
            code_places=len(state["mel_position.weight"]),
        )
    _fill(gpt, state, None, place, dtype)
    return gpt


def _fill(net: nn.Module, state: dict[str, Tensor], file: Path | None, place: torch.device, dtype: torch.dtype) -> None:
    own = {name: tensor.to(place, dtype).contiguous() for name, tensor in state.items()}
    try:
        net.load_state_dict(own, assign=True)
    except RuntimeError as error:
        raise ConfigError(f"{file or 'The checkpoint'} does not fit its config.json: {error}") from None
    net.eval().requires_grad_(False)


def _check(
    layout: Layout, gpt: dict[str, Tensor], decoder: dict[str, Tensor], voices: dict[str, VoiceLatents], files: Files
) -> None:
    """Mistakes that would show up as torch's errors otherwise."""
    width = layout.gpt_n_model_channels
    sizes: list[tuple[str, Any, Any]] = [
        ("codes", layout.gpt_num_audio_tokens, gpt["mel_head.weight"].shape[0]),
        ("width", width, gpt["mel_head.weight"].shape[1]),
        ("text places", layout.gpt_max_text_tokens + 2, gpt["text_position.weight"].shape[0]),
        ("code places", layout.gpt_max_audio_tokens + 3, gpt["mel_position.weight"].shape[0]),
        ("waveform decoder's input", width, decoder["conv_pre.weight"].shape[1]),
    ]
    for voice in voices.values():
        sizes.append((f"width of the voice {voice.name!r}", width, voice.conditioning.shape[1]))
        sizes.append((f"embedding of the voice {voice.name!r}", decoder["cond_layer.weight"].shape[1],
                      voice.embedding.shape[0]))  # fmt: skip
    wrong = [f"{name}: {files.config} says {said}, the files have {has}" for name, said, has in sizes if said != has]
    if wrong:
        raise ConfigError([f"XTTS files do not belong together. {text}." for text in wrong])
