"""Loads one XTTS checkpoint onto a device, from its files to a running batch. Loading has two steps, so that other
models on the device continue meanwhile: `read` may take long and needs no device; `place` runs on the device's thread
in pieces, and the others run between them.
"""

from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from voi.engines.cuda_graphs import Graphs
from voi.engines.cuda_numbers import sum_in_single_precision
from voi.engines.cuda_streams import stream_for
from voi.engines.tts.xtts.batch import Batch
from voi.engines.tts.xtts.checkpoint import VoiceLatents, load_voices, load_weights
from voi.engines.tts.xtts.decoder import GptDecoder
from voi.engines.tts.xtts.gpt import Gpt
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.layout import Layout, read_layout
from voi.engines.tts.xtts.memory import NoRoom, check_fits, free_bytes, measure
from voi.engines.tts.xtts.need import MIB, Need, slot_bytes
from voi.engines.tts.xtts.tokenizer import XttsTokenizer
from voi.engines.tts.xtts.vocoder import Vocoder
from voi.engines.tts.xtts.windows import Plan, Stretch, steady_chunks
from voi.errors import ConfigError

FIRST_CHUNK_FRAMES = 16  # 170 ms of sound
LONGEST_CHUNK_FRAMES = 128  # 1.4 s
CHUNK_GROWTH = 2.0
PIECE_BYTES = 64 * MIB  # some 10 ms over PCI Express, a delay like that of one step


@dataclass(frozen=True, slots=True)
class Files:
    """The four files of a model, in Coqui's layout."""

    checkpoint: Path
    config: Path
    tokenizer: Path
    voices: Path


@dataclass(frozen=True, slots=True)
class Running:
    """What a loaded model is made of."""

    layout: Layout
    tokenizer: XttsTokenizer
    voices: dict[str, VoiceLatents]
    decoder: GptDecoder
    vocoder: Vocoder
    batch: Batch
    graphs: Graphs
    need: Need
    device: torch.device
    free_before: int
    """Bytes, before it took any."""

    def record(self) -> Generator[None, None, None]:
        """Record all shapes, one between two yields. The first sentences need not wait for it. Raises NoRoom."""
        shapes = chain(self.decoder.record(), self.vocoder.record())
        try:
            yield from takewhile(lambda _: self.graphs.records and self.vocoder.graphs.records, shapes)
        except torch.OutOfMemoryError as error:
            raise NoRoom(f"XTTS's recordings do not fit: {str(error).splitlines()[0]}") from None
        measure(self.need, self.device, self.free_before)

    def clear(self) -> None:
        """Free all recordings, when nothing is being computed any more; runs on the device's thread."""
        self.vocoder.finish()
        self.graphs.clear()
        self.vocoder.graphs.clear()

    def stretch(self, speed: float) -> Stretch:
        layout = self.layout
        by_speed = () if speed == 1.0 else (1.0 / speed,)
        to_frames = layout.gpt_code_stride_len / layout.output_hop_length
        to_rate = layout.output_sample_rate / layout.input_sample_rate
        return Stretch((*by_speed, to_frames, *(() if to_rate == 1.0 else (to_rate,))))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The content of the files, on the CPU, with the GPT and the vocoder in their final precisions."""

    files: Files
    layout: Layout
    tokenizer: XttsTokenizer
    voices: dict[str, VoiceLatents]
    gpt: dict[str, Tensor]
    vocoder: dict[str, Tensor]

    @property
    def conditioning(self) -> int:
        """Most places that a voice takes."""
        return max(len(voice.conditioning) for voice in self.voices.values())


def look(files: Files) -> Checkpoint:
    """Check the files without reading the weights into memory. Raises ConfigError for invalid files."""
    layout = read_layout(files.config)
    tokenizer = XttsTokenizer(files.tokenizer, layout.gpt_max_text_tokens)
    voices = load_voices(files.voices)
    gpt, vocoder = load_weights(files.checkpoint)
    _check(layout, gpt, vocoder, voices, files)
    return Checkpoint(files, layout, tokenizer, voices, gpt, vocoder)


def read(files: Files, precision: str, vocoder_precision: str = "float32") -> Checkpoint:
    """Read the files. Raises ConfigError for invalid files. `vocoder_precision`: float16 or not."""
    found, dtype = look(files), getattr(torch, precision)
    vocoder_dtype = torch.float16 if vocoder_precision == "float16" else torch.float32
    return replace(
        found,
        gpt={name: tensor.to(dtype).contiguous() for name, tensor in found.gpt.items()},
        vocoder={name: tensor.to(vocoder_dtype).contiguous() for name, tensor in found.vocoder.items()},
    )


def place(
    checkpoint: Checkpoint,
    *,
    device: str,
    slots: int,
    most_waiting: int,
    memory_bytes: int | None,
    taken: int | None = None,
    same_shapes: bool,
    tf32: bool = False,
    tuning: Collection[str] = (),
) -> Generator[None, None, Running]:
    """Place the checkpoint on the device; runs on the device's thread. Nothing is recorded yet. `tf32`: see Vocoder;
    `tuning`: see options; `taken`: see check_fits. Raises NoRoom when memory does not suffice."""
    to = torch.device(device)
    sum_in_single_precision()
    layout, conditioning = checkpoint.layout, checkpoint.conditioning
    dtype = checkpoint.gpt["mel_head.weight"].dtype
    weights = sum(tensor.nbytes for state in (checkpoint.gpt, checkpoint.vocoder) for tensor in state.values())
    voices_bytes = sum(voice.conditioning.numel() for voice in checkpoint.voices.values()) * dtype.itemsize
    need = Need(weights + voices_bytes, slot_bytes(layout, conditioning, dtype.itemsize), slots)
    check_fits(need, to, memory_bytes, taken)
    free_before = free_bytes(to)
    try:
        gpt = _gpt(layout, checkpoint.gpt, tuning)
        with torch.device("meta"):
            net = HifiGan(checkpoint.vocoder)
        yield from _fill(gpt, checkpoint.gpt, checkpoint.files, to)
        yield from _fill(net, checkpoint.vocoder, checkpoint.files, to)
        graphs = Graphs(to, "XTTS")
        decoder = GptDecoder(
            gpt, layout, slots=slots, conditioning=conditioning, graphs=graphs, same_shapes=same_shapes
        )
        own, stream = graphs, None
        if "vocoder_stream" in tuning and to.type == "cuda":
            own, stream = Graphs(to, "XTTS", on="recording the vocoder"), stream_for(to, "vocoder")
        vocoder = Vocoder(net, decoder.latents, plan_for(net), own, tf32=tf32, stream=stream)
        voices = {
            name: VoiceLatents(name, voice.conditioning.to(to, dtype), voice.embedding.to(to))
            for name, voice in checkpoint.voices.items()
        }
    except torch.OutOfMemoryError as error:
        raise NoRoom(f"XTTS does not fit on {device}: {str(error).splitlines()[0]}") from None
    batch = Batch(
        decoder,
        vocoder,
        stop_code=layout.gpt_stop_audio_token,
        most_waiting=most_waiting,
        rate_hz=layout.output_sample_rate,
        ahead="steps_ahead" in tuning,
    )
    return Running(layout, checkpoint.tokenizer, voices, decoder, vocoder, batch, graphs, need, to, free_before)


def plan_for(net: HifiGan) -> Plan:
    """The lengths of the chunks in which this vocoder makes sound: a short first one, then growing ones."""
    first = max(FIRST_CHUNK_FRAMES, net.context)
    return Plan(net.context, steady_chunks(first, CHUNK_GROWTH, max(first, LONGEST_CHUNK_FRAMES)))


def _gpt(layout: Layout, state: dict[str, Tensor], tuning: Collection[str]) -> Gpt:
    with torch.device("meta"):
        return Gpt(
            layers=layout.gpt_layers,
            width=layout.gpt_n_model_channels,
            heads=layout.gpt_n_heads,
            text_tokens=len(state["text_embedding.weight"]),
            text_places=len(state["text_position.weight"]),
            codes=layout.gpt_num_audio_tokens,
            code_places=len(state["mel_position.weight"]),
            plain_attention="plain_attention" in tuning,
            fused_activation="fused_activation" in tuning,
        )


def _fill(net: nn.Module, state: dict[str, Tensor], files: Files, to: torch.device) -> Iterator[None]:
    own: dict[str, Tensor] = {}
    moved = 0
    for name, tensor in state.items():
        own[name] = tensor.to(to)
        moved += tensor.nbytes
        if moved >= PIECE_BYTES:
            moved = 0
            yield
    try:
        net.load_state_dict(own, assign=True)
    except RuntimeError as error:
        raise ConfigError(f"{files.checkpoint} does not fit its config.json: {error}") from None
    net.eval().requires_grad_(False)


def _check(
    layout: Layout, gpt: dict[str, Tensor], decoder: dict[str, Tensor], voices: dict[str, VoiceLatents], files: Files
) -> None:
    """Raise ConfigError for mistakes that would otherwise show up as errors of torch."""
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
