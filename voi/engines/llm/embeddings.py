"""Embeddings in the OpenAI format: vectors of texts, which are near to each other where the texts mean the same."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from voi.engines.llm.refusal import shown_name
from voi.errors import EngineError

TEXT_MAX_CHARACTERS = 6_000
"""Of each text: some 8,000 tokens at most, in any language, which is what models take."""
TIMEOUT_S = 60.0
BODY_MAX_BYTES = 32 << 20
"""Of an answer: 64 vectors of 8,192 numbers, as JSON."""


def embedding_request(model: str, texts: Sequence[str]) -> dict[str, Any]:
    """The fields of a request."""
    given = [text[:TEXT_MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
    return {"model": model, "input": given, "encoding_format": "float"}


def vectors_in(answer: bytes | dict[str, Any], model: str, count: int) -> npt.NDArray[np.float32]:
    """The vectors of an answer to a request for `count` texts, shape (count, dimensions). Raises EngineError."""
    try:
        told: Any = orjson.loads(answer) if isinstance(answer, bytes) else answer
        rows = sorted(told["data"], key=lambda row: int(row["index"]))
        vectors = np.array([row["embedding"] for row in rows], np.float32)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError):
        raise EngineError(f"The server's answer for model {shown_name(model)} holds no embeddings.") from None
    if vectors.ndim != 2 or len(vectors) != count or not vectors.size or not np.isfinite(vectors).all():
        raise EngineError(f"Model {shown_name(model)} did not give one embedding for each text.")
    return vectors
