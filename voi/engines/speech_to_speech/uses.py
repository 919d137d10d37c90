"""What an answer of a speech-to-speech model cost. Its tokens have different prices, so each kind is told as a model of
its own: the model's name for text, NAME/audio for sound, and NAME/cached for what the server had seen before."""

from collections.abc import Iterator, Mapping
from typing import Any

from voi.use import Use

PROVIDER = "openai-realtime"
"""Its name as an engine, in logs, metrics and price lists."""
MS_PER_OUTPUT_TOKEN = 50
"""Of sound that a model makes, by OpenAI's count. Used where the server did not count."""


def uses_of(model: str, usage: Mapping[str, Any], sound_ms: int, took_ms: int) -> Iterator[Use]:
    """The uses. `usage`: of the server's `response.done`; empty: it did not tell. `sound_ms`: length of the sound that
    came, `took_ms`: from asking to the end."""
    if not _count(usage, "input_tokens") and not _count(usage, "output_tokens"):
        tokens = sound_ms // MS_PER_OUTPUT_TOKEN
        audio = f"{model}/audio"
        yield Use("llm", PROVIDER, audio, 0, tokens, sound_ms=sound_ms, estimated=True, took_ms=took_ms)
        return
    given, made = _part(usage, "input_token_details"), _part(usage, "output_token_details")
    cached = _part(given, "cached_tokens_details")
    input_audio, output_audio = _count(given, "audio_tokens"), _count(made, "audio_tokens")
    cached_audio = min(input_audio, _count(cached, "audio_tokens"))
    cached_tokens = max(_count(given, "cached_tokens"), cached_audio)
    input_text = max(0, _count(usage, "input_tokens") - input_audio - (cached_tokens - cached_audio))
    output_text = max(0, _count(usage, "output_tokens") - output_audio)
    yield Use("llm", PROVIDER, model, input_text, output_text, took_ms=took_ms)
    if input_audio or output_audio or sound_ms:
        yield Use("llm", PROVIDER, f"{model}/audio", input_audio - cached_audio, output_audio, sound_ms=sound_ms)
    if cached_tokens:
        yield Use("llm", PROVIDER, f"{model}/cached", cached_tokens)


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = values.get(name)
    return part if isinstance(part, dict) else {}


def _count(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0
