"""Finds passages by meaning, with the vectors that an embedding model makes of them. Those are kept on disk by what
they were made of, since each costs money and time.
"""

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voi.errors import ConfigError, EngineError
from voi.knowledge.index import Passage

Vectors = npt.NDArray[np.float32]
Embed = Callable[[str, Sequence[str]], Awaitable[Vectors]]
"""Takes an embedding model and texts, and returns their vectors, shape (texts, dimensions). Raises EngineError."""

BATCH = 64
"""Passages of one request."""
DIMENSIONS_MAX = 8_192

OnEmbedded = Callable[[Sequence[str], int], None]
"""Told of each request: the texts, and how many ms it took."""


class VectorIndex:
    """The vectors of a collection's passages, in the order of their numbers, which begin with 1."""

    def __init__(self, vectors: Vectors) -> None:
        """`vectors`: shape (passages, dimensions)."""
        self._vectors = unit(vectors)

    def search(self, vector: Vectors, limit: int) -> list[int]:
        """Numbers of the passages nearest to the vector, shape (dimensions,); the nearest first. Blocks for
        milliseconds. Raises EngineError for a vector of another model."""
        dimensions = self._vectors.shape[1]
        if vector.shape != (dimensions,):
            raise EngineError(f"The embedding model gave a vector of {vector.size} numbers, not of {dimensions}.")
        nearness = self._vectors @ unit(vector[np.newaxis])[0]
        return [int(at) + 1 for at in np.argsort(-nearness, kind="stable")[:limit]]


def unit(vectors: Vectors) -> Vectors:
    """The vectors, shape (texts, dimensions), each with the length 1. A null vector stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return scaled


async def vectors_of(
    passages: Sequence[Passage],
    model: str,
    embed: Embed,
    folder: Path,
    on_embedded: OnEmbedded = lambda texts, took_ms: None,
) -> Vectors:
    """Vectors of the passages, shape (passages, dimensions). Only for those that have none in the folder yet the model
    is asked. Raises EngineError, ConfigError."""
    loop = asyncio.get_running_loop()
    texts = {_digest(text): text for text in map(_text_of, passages)}
    kept = KeptVectors(folder, model)
    known = await asyncio.to_thread(kept.load, texts.keys())
    missing = [digest for digest in texts if digest not in known]
    for at in range(0, len(missing), BATCH):
        batch = missing[at : at + BATCH]
        began_s, asked = loop.time(), [texts[digest] for digest in batch]
        made = await embed(model, asked)
        on_embedded(asked, round((loop.time() - began_s) * 1_000))
        if made.ndim != 2 or len(made) != len(batch) or not 0 < made.shape[1] <= DIMENSIONS_MAX:
            raise EngineError(f"The embedding model {model[:80]!r} did not give one vector for each text.")
        new = {digest: vector.astype("<f4").tobytes() for digest, vector in zip(batch, made, strict=True)}
        await asyncio.to_thread(kept.add, new)
        known |= new
    if len({len(vector) for vector in known.values()}) > 1:
        kept.path.unlink(missing_ok=True)
        raise EngineError(f"The embedding model {model[:80]!r} gives vectors of another length than before; try again.")
    rows = [np.frombuffer(known[_digest(_text_of(passage))], "<f4") for passage in passages]
    return np.stack(rows).astype(np.float32) if rows else np.empty((0, 1), np.float32)


class KeptVectors:
    """The vectors of one model on disk, by the hash of their text. All methods block, and raise ConfigError if the file
    cannot be used."""

    def __init__(self, folder: Path, model: str) -> None:
        self.path = folder / f"{hashlib.sha256(model.encode()).hexdigest()[:32]}.db"

    def load(self, digests: Collection[str]) -> dict[str, bytes]:
        try:
            with closing(self._open()) as connection:
                rows = connection.execute("select text, vector from vectors")
                found = {text: vector for text, vector in rows if text in digests}
            os.utime(self.path)  # it is in use: the sweep leaves it
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None
        return found

    def add(self, vectors: Mapping[str, bytes]) -> None:
        try:
            with closing(self._open()) as connection:
                connection.executemany("insert or replace into vectors values (?, ?)", vectors.items())
                connection.commit()
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None

    def _open(self) -> sqlite3.Connection:
        self.path.touch(mode=0o600)
        connection = sqlite3.connect(self.path, timeout=10)
        connection.execute("create table if not exists vectors (text text primary key, vector blob not null)")
        return connection

    def _unusable(self, error: Exception) -> ConfigError:
        return ConfigError(f"{self.path} cannot be used ({error}). Delete it, and it is made again.")


def _text_of(passage: Passage) -> str:
    return f"{passage.source} {passage.place}\n{passage.words}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
