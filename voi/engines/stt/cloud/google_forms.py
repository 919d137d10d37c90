"""Requests and answers of both versions of Google's streaming recognition, as protobuf messages, and one form of
answers for both. Needs the extra `google`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from voi.engines.base import STT_RATE_HZ
from voi.engines.cloud.google import imported
from voi.engines.stt.cloud.options import ServiceSetting


class GoogleForms(Protocol):
    """One version."""

    @property
    def method(self) -> str: ...

    @property
    def ours(self) -> Sequence[str]:
        """Settings that Voi sets itself."""
        ...

    def load(self, name: str) -> None:
        """Import the messages. Blocks. Raises EngineError."""

    def config(
        self, model: str, languages: Sequence[str], words: Sequence[str], *, times: bool, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The first message's configuration, for JSON. `more`: the service's own settings."""
        ...

    def first(self, recognizer: str, config: Mapping[str, Any]) -> Any: ...

    def sound(self, pcm: bytes) -> Any: ...

    @property
    def answer(self) -> Any:
        """The class of answers."""
        ...

    def told(self, answer: Any) -> dict[str, Any]:
        """An answer for JSON: `results` of `text`, `final`, `end_ms`, `language` and `words`, each [text, start_ms,
        end_ms, probability]."""
        ...


class V2:
    """Speech-to-Text v2. Settings are its `features`."""

    method = "/google.cloud.speech.v2.Speech/StreamingRecognize"
    ours = ("enable_word_time_offsets",)

    def load(self, name: str) -> None:
        self._messages = imported(name, "google.cloud.speech_v2.types.cloud_speech")
        self._request = self._messages.StreamingRecognizeRequest.pb()

    def config(
        self, model: str, languages: Sequence[str], words: Sequence[str], *, times: bool, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        features: dict[str, ServiceSetting] = {"enable_automatic_punctuation": True, **more}
        if times:
            features["enable_word_time_offsets"] = True
        config: dict[str, Any] = {
            "explicit_decoding_config": {
                "encoding": "LINEAR16", "sample_rate_hertz": STT_RATE_HZ, "audio_channel_count": 1
            },
            "language_codes": list(languages), "model": model, "features": features,
        }  # fmt: skip
        if words:
            phrases = {"phrases": [{"value": word} for word in words]}
            config["adaptation"] = {"phrase_sets": [{"inline_phrase_set": phrases}]}
        return {"config": config, "streaming_features": {"interim_results": True}}

    def first(self, recognizer: str, config: Mapping[str, Any]) -> Any:
        request = self._messages.StreamingRecognizeRequest
        return request.pb(request({"recognizer": recognizer, "streaming_config": config}))

    def sound(self, pcm: bytes) -> Any:
        return self._request(audio=pcm)

    @property
    def answer(self) -> Any:
        return self._messages.StreamingRecognizeResponse.pb()

    def told(self, answer: Any) -> dict[str, Any]:
        return {
            "results": [_told(each, each.result_end_offset, "start_offset", "end_offset") for each in answer.results]
        }


class V1:
    """Speech-to-Text v1. Settings are fields of its `RecognitionConfig`."""

    method = "/google.cloud.speech.v1.Speech/StreamingRecognize"
    ours = (
        "encoding", "sample_rate_hertz", "audio_channel_count", "language_code", "alternative_language_codes", "model",
        "speech_contexts", "enable_word_time_offsets",
    )  # fmt: skip

    def load(self, name: str) -> None:
        self._messages = imported(name, "google.cloud.speech_v1.types.cloud_speech")
        self._request = self._messages.StreamingRecognizeRequest.pb()

    def config(
        self, model: str, languages: Sequence[str], words: Sequence[str], *, times: bool, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        config: dict[str, Any] = {
            "encoding": "LINEAR16", "sample_rate_hertz": STT_RATE_HZ, "language_code": languages[0],
            "alternative_language_codes": list(languages[1:]), "model": model, "enable_automatic_punctuation": True,
            "enable_word_time_offsets": times, **more,
        }  # fmt: skip
        if words:
            config["speech_contexts"] = [{"phrases": list(words)}]
        return {"config": config, "interim_results": True}

    def first(self, recognizer: str, config: Mapping[str, Any]) -> Any:
        request = self._messages.StreamingRecognizeRequest
        return request.pb(request({"streaming_config": config}))

    def sound(self, pcm: bytes) -> Any:
        return self._request(audio_content=pcm)

    @property
    def answer(self) -> Any:
        return self._messages.StreamingRecognizeResponse.pb()

    def told(self, answer: Any) -> dict[str, Any]:
        return {"results": [_told(each, each.result_end_time, "start_time", "end_time") for each in answer.results]}


def _told(result: Any, end: Any, start_field: str, end_field: str) -> dict[str, Any]:
    best = result.alternatives[0] if result.alternatives else None
    words = best.words if best is not None else ()
    return {
        "text": best.transcript if best is not None else "",
        "final": result.is_final,
        "end_ms": _ms(end),
        "language": result.language_code or None,
        "words": [
            [each.word, _ms(getattr(each, start_field)), _ms(getattr(each, end_field)), each.confidence or 1.0]
            for each in words
        ],
    }


def _ms(duration: Any) -> int:
    return int(duration.seconds * 1_000 + duration.nanos // 1_000_000)
