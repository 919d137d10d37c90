"""What a conversation used of an engine that may cost money."""

from dataclasses import dataclass, field
from typing import Literal

UseKind = Literal["llm", "stt", "tts", "call"]


@dataclass(frozen=True, slots=True)
class Use:
    """One request to an LLM, the sound of one utterance that was transcribed, a text that was voiced; or the call
    itself. `provider`: the engine (of a call: the kind of its door). `model`: as the configuration names it; "": none.
    `sound_ms`: heard, made, or the call's length. `characters`: given to a voice. `estimated`: the provider did not
    count, or not all. `took_ms`: of a request to an LLM, from asking to the end of its answer."""

    kind: UseKind
    provider: str
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    sound_ms: int = 0
    characters: int = 0
    estimated: bool = False
    took_ms: int = field(default=0, compare=False)
