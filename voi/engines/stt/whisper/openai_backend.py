"""The backend for checkpoints of the openai-whisper package: its file format, tokenizer and front end, our decoder."""

import gc
import math
import pickle
from base64 import b85decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from gzip import decompress
from pathlib import Path
from typing import Any

import numpy as np
import torch
import whisper
from numpy.typing import NDArray
from torch import Tensor
from whisper.tokenizer import Tokenizer, get_tokenizer

from voi.engines.cuda_device import free_bytes, keep_taken, require
from voi.engines.cuda_graphs import release_memory
from voi.engines.cuda_numbers import sum_in_single_precision
from voi.engines.measured_memory import whisper_key
from voi.engines.stt.hallucination import compression_ratio
from voi.engines.stt.whisper.alignment import Costs, costs, token_frames
from voi.engines.stt.whisper.openai_decoding import Decoded, Decoding, Row
from voi.engines.stt.whisper.openai_front_end import log_mel
from voi.engines.stt.whisper.openai_network import Dimensions, Encoder, TextDecoder
from voi.engines.stt.whisper.passes import HearAgain, HeardBatch, Hypothesis, Pass, better
from voi.engines.stt.whisper.tokens import SaidToken, beginning, choose_language, frames_of, timed_words
from voi.engines.stt.whisper.weights import checkpoint, size_of
from voi.engines.stt.whisper.words import RawWord
from voi.errors import EngineError

ENCODER_ROWS = 16  # larger batches gain nothing on any device, and cost memory
PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class OpenAiBackend:
    """`Backend`. `model`: a size or a path."""

    def __init__(self, model: str, *, models_dir: Path, device: str, precision: str, max_batch: int) -> None:
        self.languages: tuple[str, ...] = ()
        self._model, self._models_dir, self._max_batch = model, models_dir, max_batch
        self._device = device_of(device)
        on_gpu = self._device.type == "cuda"
        self._precision = PRECISIONS[("float16" if on_gpu else "float32") if precision == "auto" else precision]
        self._encoder: Encoder | None = None
        self._decoding: Decoding | None = None

    @torch.inference_mode()
    def load(self) -> None:
        path = checkpoint(self._model, self._models_dir)
        sum_in_single_precision()
        on_gpu = self._device.type == "cuda"
        if on_gpu:
            require(self._device, "Whisper")
            torch.cuda.set_device(self._device)
            torch.backends.cuda.enable_cudnn_sdp(False)  # it makes a new plan for each length of prompt
        free_before = free_bytes(self._device) if on_gpu else 0
        self._dims, state = read(path)
        weights = {name: tensor.to(self._device, self._precision) for name, tensor in state.items()}
        del state
        try:
            self._encoder = Encoder(self._dims, weights)
            decoder = TextDecoder(
                self._dims, weights, alignment_heads(self._dims, size_of(self._model)), self._max_batch
            )
        except KeyError as error:
            raise EngineError(f"{path} is no Whisper checkpoint: {error} is missing.") from error
        del weights  # the encoder and the decoder have copies of some, joined
        self._tokenizer = self._tokenizer_for("en")
        self.languages = tuple(self._tokenizer.all_language_codes) if self._dims.multilingual else ("en",)
        self._decoding = Decoding(
            decoder,
            end_token=self._tokenizer.eot,
            no_speech_token=self._tokenizer.no_speech,
            suppressed=suppressed_tokens(self._tokenizer),
            blank=[*self._tokenizer.encode(" "), self._tokenizer.eot],
        )
        # A GPU loads the kernels for a size at its first use; a CPU gains nothing from that.
        for rows in {1, *self._decoding.record(), self._max_batch} if on_gpu else {1}:
            for hypothesis in self.transcribe([Pass(bytes(2 * 16_000)) for _ in range(rows)]):
                if math.isnan(hypothesis.avg_logprob):
                    raise EngineError(
                        f"Whisper computes what is no number from {path} in {self._precision} on {self._device}: "
                        "`precision` float32 may help, or fetching the file again.",
                    )
        costs([decoder.attention[0, :, :8]], [50])
        if on_gpu:
            precision = str(self._precision).removeprefix("torch.")
            keep_taken(self._device, whisper_key(path, precision, self._max_batch), free_before)

    def unload(self) -> None:
        self._encoder = self._decoding = None
        gc.collect()
        if self._device.type == "cuda":
            release_memory()

    # ---- a batch ----------------------------------------------------------------------------------

    def transcribe(self, passes: Sequence[Pass]) -> list[Hypothesis]:
        said = self.hear(passes).finished()
        while isinstance(said, HearAgain):
            said = said.hear().finished()
        return said

    @torch.inference_mode()
    def hear(self, passes: Sequence[Pass]) -> HeardBatch:
        assert self._encoder is not None, "load comes first"
        mel = log_mel([each.pcm for each in passes], self._dims.n_mels, self._device).to(self._precision)
        features = torch.cat([self._encoder(part) for part in torch.split(mel, ENCODER_ROWS)])
        languages = self._languages_of(passes, features)
        kept = {at: features[at].clone() for at, each in enumerate(passes) if len(each.temperatures) > 1}
        return self._decoded(TriedBatch(passes, languages, kept), range(len(passes)), attempt=0)

    @torch.inference_mode()
    def _hear_again(self, tried: "TriedBatch", rows: Sequence[int], attempt: int) -> HeardBatch:
        assert self._decoding is not None
        self._decoding.decoder.listen(torch.stack([tried.features[at] for at in rows]))
        return self._decoded(tried, rows, attempt)

    def _decoded(self, tried: "TriedBatch", of: Sequence[int], attempt: int) -> HeardBatch:
        """Decode these passes. Their sound is in the decoder, in this order."""
        assert self._decoding is not None
        passes = [tried.passes[at] for at in of]
        rows = [self._row(each, tried.languages[at], attempt) for each, at in zip(passes, of, strict=True)]
        decoded = self._decoding.run(rows)
        said = [at for at, one in enumerate(decoded) if one.tokens and one.attention is not None]
        scores = [one.attention for one in decoded if one.tokens and one.attention is not None]
        alignment = dict(zip(said, costs(scores, [frames_of(passes[at]) for at in said]), strict=True)) if said else {}
        for one in decoded:
            one.attention = None  # the device's memory
        attempts = [
            Attempt(row, one, alignment.get(at)) for at, (row, one) in enumerate(zip(rows, decoded, strict=True))
        ]
        return HeardBatch(partial(self._finished, tried, dict(zip(of, attempts, strict=True)), attempt))

    def _languages_of(self, passes: Sequence[Pass], features: Tensor) -> list[str]:
        """The language of each pass: the given one, or the detected one. Leaves the encoder's output in the decoder."""
        assert self._decoding is not None
        decoder = self._decoding.decoder
        decoder.listen(features)
        if not self._dims.multilingual or all(each.language for each in passes):
            return [each.language or "en" for each in passes]
        logits = decoder.start_logits(self._tokenizer.sot, len(passes))
        chances = logits[:, list(self._tokenizer.all_language_tokens)].softmax(dim=-1).tolist()
        return [
            choose_language(dict(zip(self.languages, chance, strict=True)), each)
            for each, chance in zip(passes, chances, strict=True)
        ]

    def _row(self, each: Pass, language: str, attempt: int) -> Row:
        begin = beginning(each, self._tokenizer_for(language, each.task))
        return Row(
            begin.tokens,
            start=begin.start,
            most=begin.most,
            temperature=each.temperatures[attempt],
            text_at_once=each.text_at_once,
            seed=attempt,
            cancelled=lambda: each.cancelled,
        )

    # ---- what is left to do without the device ----------------------------------------------------

    def _finished(
        self, tried: "TriedBatch", latest: Mapping[int, "Attempt"], attempt: int
    ) -> list[Hypothesis] | HearAgain:
        """Judge the latest attempts, and make words of the best of all if none is in doubt that can be made again."""
        best = tried.best
        for at, one in latest.items():
            judged = Judged(one, self._rough(tried.languages[at], one))
            earlier = best.get(at)
            best[at] = earlier if earlier and better(earlier.rough, judged.rough) is earlier.rough else judged
        further = attempt + 1
        doubtful = [
            at
            for at in latest
            if best[at].rough.doubtful
            and further < len(tried.passes[at].temperatures)
            and not tried.passes[at].cancelled
        ]
        if doubtful:
            return HearAgain(partial(self._hear_again, tried, doubtful, further))
        tried.features.clear()
        return self._with_words(tried.passes, [best[at] for at in range(len(tried.passes))])

    def _rough(self, language: str, one: "Attempt") -> Hypothesis:
        tokenizer, decoded = self._tokenizer_for(language), one.decoded
        text = tokenizer.decode([token for token in decoded.tokens if token < tokenizer.eot])
        return Hypothesis(
            (),
            language=language,
            avg_logprob=decoded.avg_logprob,
            no_speech_prob=decoded.no_speech_prob,
            compression_ratio=compression_ratio(text.strip()),
            temperature=one.row.temperature,
        )

    def _with_words(self, passes: Sequence[Pass], best: Sequence["Judged"]) -> list[Hypothesis]:
        said = [at for at, one in enumerate(best) if one.attempt.alignment is not None]
        before = [len(self._tokenizer_for(best[at].rough.language).sot_sequence) for at in said]
        aligned = [cost for one in best if (cost := one.attempt.alignment) is not None]
        starts = token_frames([cost[first:] for cost, first in zip(aligned, before, strict=True)]) if said else []
        words = {
            at: self._words(passes[at], best[at], first, frames)
            for at, first, frames in zip(said, before, starts, strict=True)
        }
        return [
            replace(one.rough, words=() if each.cancelled else words.get(at, ()))
            for at, (each, one) in enumerate(zip(passes, best, strict=True))
        ]

    def _words(self, each: Pass, one: "Judged", before: int, times: NDArray[np.int64]) -> tuple[RawWord, ...]:
        """The decoded words, with the times of the alignment."""
        row, decoded = one.attempt.row, one.attempt.decoded
        starts = [*map(int, times), frames_of(each)]
        first = len(row.tokens) - row.start - before - 1  # index of the first decoded token
        return timed_words(
            [
                SaidToken(token, starts[first + at], starts[first + at + 1], logprob)
                for at, (token, logprob) in enumerate(zip(decoded.tokens, decoded.logprobs, strict=False))
            ],
            self._tokenizer_for(one.rough.language),
        )

    def _tokenizer_for(self, language: str, task: str = "transcribe") -> Tokenizer:
        return get_tokenizer(self._dims.multilingual, num_languages=self._dims.languages, language=language, task=task)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One decoding of one pass. `alignment`: None where nothing was said, or the pass was cancelled."""

    row: Row
    decoded: Decoded
    alignment: Costs | None


@dataclass(frozen=True, slots=True)
class Judged:
    """`rough`: the attempt's hypothesis, without words."""

    attempt: Attempt
    rough: Hypothesis


@dataclass(frozen=True, slots=True)
class TriedBatch:
    """A batch between its attempts. `features`: the encoder's output for each pass that may be decoded again; `best`:
    of each pass's attempts that were judged. The device's thread and the one that judges have it by turns."""

    passes: Sequence[Pass]
    languages: Sequence[str]
    features: dict[int, Tensor]
    best: dict[int, Judged] = field(default_factory=dict)


def device_of(name: str) -> torch.device:
    """The device, with its number, which `torch.cuda.set_device` needs. `name` "auto": a GPU if there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device("cuda:0" if name == "cuda" else name)


def read(path: Path) -> tuple[Dimensions, dict[str, Tensor]]:
    """A checkpoint's dimensions and weights; no code in it is run. Raises EngineError."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        dims, state = Dimensions(**content["dims"]), dict(content["model_state_dict"])
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        if isinstance(error, pickle.UnpicklingError):  # torch's advice is to load it without care
            reason = "it holds more than tensors and plain values"
        raise EngineError(f"{path} is no Whisper checkpoint, or not all of one: fetch it again. ({reason})") from error
    return dims, state


def suppressed_tokens(tokenizer: Tokenizer) -> list[int]:
    """The tokens that openai/whisper suppresses with `suppress_tokens="-1"`: marks of sounds and speakers, and special
    tokens."""
    return [
        *tokenizer.non_speech_tokens,
        tokenizer.transcribe,
        tokenizer.translate,
        tokenizer.sot,
        tokenizer.sot_prev,
        tokenizer.sot_lm,
        tokenizer.no_speech,
    ]


def alignment_heads(dims: Dimensions, size: str | None) -> list[tuple[int, int]]:
    """(layer, head) of the heads that follow the sound: OpenAI's for a known size, otherwise all heads of the later
    half of the layers."""
    known: Any = whisper._ALIGNMENT_HEADS.get(size) if size else None
    if known is not None:
        flags = np.frombuffer(decompress(b85decode(known)), dtype=bool)
        if len(flags) == dims.n_text_layer * dims.n_text_head:
            return [(int(at) // dims.n_text_head, int(at) % dims.n_text_head) for at in np.flatnonzero(flags)]
    later = range(dims.n_text_layer // 2, dims.n_text_layer)
    return [(layer, head) for layer in later for head in range(dims.n_text_head)]
