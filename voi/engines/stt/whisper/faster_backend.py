"""The backend for models that CTranslate2 reads, by faster-whisper's front end and tokenizer. Needs no torch."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray

from voi.engines.device import Memory
from voi.engines.measured_memory import by_driver, context_bytes, faster_whisper_key, free_by_driver, keep
from voi.engines.stt.hallucination import compression_ratio
from voi.engines.stt.whisper.cublas import CURE, load_cublas
from voi.engines.stt.whisper.passes import RATE_HZ, HeardBatch, Hypothesis, Pass, better, decoded_again
from voi.engines.stt.whisper.tokens import PromptTokens, SaidToken, beginning, choose_language, frames_of, timed_words
from voi.engines.stt.whisper.weights import converted
from voi.errors import EngineError

WINDOW_SAMPLES = 30 * RATE_HZ
_used: set[int] = set()
"""Numbers of the GPUs on which this process has had a model."""


class FasterBackend:
    """`Backend`. `model`: a size or a folder with model.bin and tokenizer.json.

    CTranslate2 wants the same number of first tokens in all rows, so rows are decoded together as far as theirs agree.
    """

    def __init__(self, model: str, *, models_dir: Path, device: str, precision: str, max_batch: int) -> None:
        self.languages: tuple[str, ...] = ()
        self._folder_of: Callable[[], Path] = lambda: converted(model, models_dir)
        self._on_gpu = device.startswith("cuda") or (device == "auto" and ctranslate2.get_cuda_device_count() > 0)
        kind, _, index = device.partition(":")
        self._number = int(index or 0)
        self._place = {"device": kind, "device_index": self._number}
        self._compute_type = ("float16" if self._on_gpu else "default") if precision == "auto" else precision
        self._precision, self._max_batch = precision, max_batch
        self._model: Any = None

    def load(self) -> None:
        folder = self._folder_of()
        if self._on_gpu and not load_cublas():
            raise EngineError(f"faster-whisper cannot use the GPU. {CURE}")
        before = by_driver(self._number) if self._on_gpu else None
        # Skip the warning that a CPU does not compute in the file's precision, unless a precision was asked for.
        ctranslate2.set_log_level(logging.ERROR)
        try:
            whisper = WhisperModel(str(folder), compute_type=self._compute_type, local_files_only=True, **self._place)
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError(f"{folder} cannot be loaded: {error}") from error
        self._model, self._vocabulary = whisper.model, whisper.hf_tokenizer
        self._extract = FeatureExtractor(feature_size=self._model.n_mels)
        self.languages = tuple(whisper.supported_languages)
        rows = self._max_batch if self._model.device == "cuda" else 1  # a CPU gains nothing from larger batches
        self.transcribe([Pass(bytes(2 * RATE_HZ)) for _ in range(rows)])
        if before is not None:
            self._keep_taken(folder, before)

    def _keep_taken(self, folder: Path, before: Memory) -> None:
        """Keep what the model took of the GPU, as its driver tells: CTranslate2 does not. The first model of a process
        also takes CUDA's own memory, which is not counted as the model's."""
        first, gpu = self._number not in _used, before.device.partition(", ")[2]
        _used.add(self._number)
        if (free := free_by_driver(self._number)) is not None:
            key = faster_whisper_key(folder, self._precision, self._max_batch)
            keep(gpu, key, before.free - free - (context_bytes(gpu) if first else 0))

    def unload(self) -> None:
        self._model = None

    def hear(self, passes: Sequence[Pass]) -> HeardBatch:
        """CTranslate2 aligns on the device, so nothing is left to do."""
        said = self.transcribe(passes)
        return HeardBatch(lambda: said, decoded_again(passes, said))

    def transcribe(self, passes: Sequence[Pass]) -> list[Hypothesis]:
        assert self._model is not None, "load comes first"
        mel = np.stack([self._mel(each.pcm) for each in passes])
        # Copied to the host, where rows can be split; some megabytes a row.
        encoded = self._model.encode(ctranslate2.StorageView.from_array(mel), to_cpu=True)
        if encoded.dtype == ctranslate2.DataType.bfloat16:  # not known to numpy
            encoded = encoded.to(ctranslate2.DataType.float32)
        features = np.array(encoded)
        languages = self._languages_of(passes, features)
        results: dict[int, Hypothesis] = {}
        open_rows, attempt = [at for at, each in enumerate(passes) if not each.cancelled], 0
        while open_rows:
            groups = defaultdict(list)
            for at in open_rows:
                tokenizer = self._tokenizer_for(languages[at], passes[at].task)
                begin = beginning(passes[at], tokenizer)
                key = (
                    len(begin.tokens),
                    begin.start,
                    passes[at].text_at_once,
                    passes[at].temperatures[attempt],
                    languages[at],
                    passes[at].task,
                )
                groups[key].append((at, begin))
            for (_, _, _, temperature, language, task), rows in groups.items():
                decoded = self._decode(passes, features, rows, temperature, self._tokenizer_for(language, task))
                results.update((at, better(results.get(at), each)) for at, each in decoded.items())
            attempt += 1
            open_rows = [at for at in open_rows if results[at].doubtful and attempt < len(passes[at].temperatures)]
        return [results.get(at) or Hypothesis((), language=languages[at]) for at in range(len(passes))]

    def _mel(self, pcm: bytes) -> NDArray[np.float32]:
        samples = np.zeros(WINDOW_SAMPLES, np.float32)
        heard = np.frombuffer(pcm, "<i2")[:WINDOW_SAMPLES]
        samples[: len(heard)] = heard / np.float32(32_768)
        mel: NDArray[np.float32] = self._extract(samples, padding=0)
        return mel

    def _languages_of(self, passes: Sequence[Pass], features: NDArray[Any]) -> list[str]:
        if not self._model.is_multilingual or all(each.language for each in passes):
            return [each.language or "en" for each in passes]
        found = self._model.detect_language(ctranslate2.StorageView.from_array(features))
        return [
            choose_language({token[2:-2]: chance for token, chance in chances}, each)
            for each, chances in zip(passes, found, strict=True)
        ]

    def _decode(
        self,
        passes: Sequence[Pass],
        features: NDArray[Any],
        rows: Sequence[tuple[int, PromptTokens]],
        temperature: float,
        tokenizer: Tokenizer,
    ) -> dict[int, Hypothesis]:
        """Decode rows that begin with the same number of tokens, in the tokenizer's language."""
        sound = ctranslate2.StorageView.from_array(np.ascontiguousarray(features[[at for at, _ in rows]]))
        first = rows[0][1]
        longest = max(begin.prefix + begin.most for _, begin in rows)
        decoded = self._model.generate(
            sound,
            [begin.tokens for _, begin in rows],
            beam_size=1,
            # CTranslate2 decodes, prefix included, min(max_length / 2, max_length - all first tokens).
            max_length=max(2 * longest, longest + len(first.tokens)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=passes[rows[0][0]].text_at_once,
            suppress_tokens=list(get_suppressed_tokens(tokenizer, [-1])),
            sampling_topk=0 if temperature else 1,
            sampling_temperature=temperature or 1.0,
        )
        tokens = [
            [token for token in _after_prefix(each, begin)[: begin.most] if token < tokenizer.eot]
            for each, (_, begin) in zip(decoded, rows, strict=True)
        ]
        prefixes = [begin.tokens[len(begin.tokens) - begin.prefix :] for _, begin in rows]
        texts = [prefix + mine for prefix, mine in zip(prefixes, tokens, strict=True)]
        frames = [frames_of(passes[at]) for at, _ in rows]
        aligned = self._model.align(sound, list(tokenizer.sot_sequence), texts, [2 * count for count in frames])
        hypotheses = {}
        for (at, begin), result, mine, times, count in zip(rows, decoded, tokens, aligned, frames, strict=True):
            said = self._said(mine, begin.prefix, times, count)
            total = result.scores[0] * len(
                result.sequences_ids[0]
            )  # the score is a mean, the prefix counted as certain
            hypotheses[at] = Hypothesis(
                timed_words(said, tokenizer) if mine else (),
                language=tokenizer.language_code,
                avg_logprob=total / (len(_after_prefix(result, begin)) + 1),
                no_speech_prob=result.no_speech_prob,
                compression_ratio=compression_ratio(tokenizer.decode(mine).strip()),
                temperature=temperature,
            )
        return hypotheses

    @staticmethod
    def _said(tokens: Sequence[int], prefix: int, times: Any, frames: int) -> list[SaidToken]:
        starts = dict(reversed(times.alignments))  # the first frame of each token
        ends = [*(starts.get(prefix + at + 1, frames) for at in range(len(tokens)))]
        return [
            SaidToken(
                token,
                starts.get(prefix + at, frames),
                end,
                float(np.log(max(1e-9, times.text_token_probs[prefix + at]))),
            )
            for at, (token, end) in enumerate(zip(tokens, ends, strict=True))
        ]

    def _tokenizer_for(self, language: str, task: str) -> Tokenizer:
        return Tokenizer(self._vocabulary, self._model.is_multilingual, task=task, language=language)


def _after_prefix(result: Any, begin: PromptTokens) -> list[int]:
    """The decoded tokens after the prefix, which CTranslate2 returns as well."""
    tokens: list[int] = result.sequences_ids[0][begin.prefix :]
    return tokens
