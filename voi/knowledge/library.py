"""All collections of a server: made when the configuration is read, off the event loop, and kept on disk."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voi.config.config import Config
from voi.config.knowledge import Knowledge, KnowledgeFile
from voi.errors import ConfigError, EngineError
from voi.knowledge.collection import KnowledgeCollection
from voi.knowledge.index import PassageIndex
from voi.knowledge.vectors import Embed, VectorIndex, vectors_of

READER = (sys.executable, "-m", "voi.knowledge.build")
FILE_DEADLINE_S = 60.0
"""For reading one file."""
BUILD_DEADLINE_S = 600.0
"""For all files of an agent."""
CRASHES_MAX = 5
"""So many files may end the process that reads them, before it is given up."""
AGAIN_S = 60.0
"""An embedding model that failed when the files were read is asked again so often."""
LINE_LIMIT_BYTES = 1 << 20

OnIndexed = Callable[[str, str, Sequence[str], int], None]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Built:
    """An index on disk. `problems`: the files that were left out, each with the reason."""

    path: Path
    problems: list[tuple[str, str]] = field(default_factory=list)


class Library:
    """`folder`: where indexes are kept. `embed`: asks an embedding model; None: words alone find passages.
    `on_embedded`: told what an agent's index asked of its embedding model: the agent's name, the model, the texts, and
    how many ms it took."""

    def __init__(
        self,
        folder: Path,
        embed: Embed | None = None,
        on_embedded: OnIndexed = lambda agent, model, texts, took_ms: None,
    ) -> None:
        self._folder = folder
        self._on_embedded = on_embedded
        self.embed = embed
        self._collections: Mapping[Knowledge, KnowledgeCollection] = {}
        self._names: Mapping[Knowledge, str] = {}
        """The agents that their indexes are booked on."""

    def of(self, knowledge: Knowledge | None) -> KnowledgeCollection | None:
        """The newest collection for these files; None: there is none."""
        return None if knowledge is None else self._collections.get(knowledge)

    async def take(self, config: Config, *, only: str | None = None) -> list[str]:
        """Read the files of all agents of a configuration that was edited or is new; `only`: of that agent alone.
        Returns what does not work: files that were left out, with the reason. Raises ConfigError if an index cannot be
        made; then all stays as it was."""
        notes: list[str] = []
        made: dict[Knowledge, KnowledgeCollection] = {}
        names: dict[Knowledge, str] = {}
        built: dict[tuple[KnowledgeFile, ...], PassageIndex] = {}
        for name, agent in config.agents.items():
            knowledge = agent.knowledge
            if knowledge is None or knowledge in made or only not in (None, name):
                continue
            files = config.knowledge_files[knowledge.files].files
            if files not in built:
                result = await build_index(files, self._folder)
                where = f"{config.agents_source}: $.{name}.knowledge"
                notes += [f"{where}: {file} {why}; it is left out" for file, why in result.problems]
                try:
                    built[files] = await asyncio.to_thread(PassageIndex, result.path)
                except OSError as error:
                    raise ConfigError(f"{where}: {error}. Delete the file, and it is made again.") from None
            index = built[files]
            vectors = None
            if knowledge.embeddings and self.embed:
                try:
                    vectors = await self._vectors(knowledge.embeddings, index, name)
                except EngineError as error:
                    note = f"{config.agents_source}: $.{name}.knowledge: only words find passages. {error}"
                    notes.append(note)
            made[knowledge] = KnowledgeCollection(knowledge, index, vectors, self.embed)
            names[knowledge] = name
        self._collections, self._names = made, names
        return notes

    async def run(self) -> None:
        """For as long as the server runs: ask an embedding model again that failed, so that it is used once it is
        back."""
        while True:
            await asyncio.sleep(AGAIN_S)
            await self.ask_again()

    async def ask_again(self) -> None:
        """Make the vectors that could not be made. New conversations search by them; what fails again is left for the
        next time."""
        for knowledge, collection in list(self._collections.items()):
            if knowledge.embeddings is None or collection.by_meaning or not collection.index.count:
                continue
            try:
                vectors = await self._vectors(knowledge.embeddings, collection.index, self._names[knowledge])
            except (EngineError, ConfigError) as error:
                log.debug("only words find passages still: %s", error)
                continue
            if self._collections.get(knowledge) is collection:  # and not one of files that were edited meanwhile
                better = KnowledgeCollection(knowledge, collection.index, vectors, self.embed)
                self._collections = {**self._collections, knowledge: better}
                log.info("the embedding model %s finds passages again", knowledge.embeddings)

    async def _vectors(self, model: str, index: PassageIndex, agent: str) -> VectorIndex | None:
        if self.embed is None or not index.count:
            return None
        passages = await asyncio.to_thread(index.every_passage)

        def embedded(texts: Sequence[str], took_ms: int) -> None:
            self._on_embedded(agent, model, texts, took_ms)

        return VectorIndex(await vectors_of(passages, model, self.embed, self._folder, embedded))


async def build_index(files: tuple[KnowledgeFile, ...], folder: Path) -> Built:
    """The index of these files, made in a process of its own or found on disk. Raises ConfigError."""
    leave_out: dict[str, str] = {}
    deadline_s = asyncio.get_running_loop().time() + BUILD_DEADLINE_S
    while True:
        reader = _Reader()
        try:
            async with asyncio.timeout_at(deadline_s):
                await reader.run(files, folder, list(leave_out))
        except TimeoutError:
            doing = f" It was reading {reader.reads}." if reader.reads else ""
            raise ConfigError(f"The knowledge files were not read within {BUILD_DEADLINE_S:.0f} s.{doing}") from None
        except OSError as error:
            raise ConfigError(f"The process that reads knowledge files does not start: {error}") from None
        if reader.failed:
            raise ConfigError(f"The index of the knowledge files cannot be made: {reader.failed}")
        if reader.index:
            return Built(Path(reader.index), [*reader.problems, *leave_out.items()])
        if not reader.reads or reader.reads in leave_out or len(leave_out) >= CRASHES_MAX:
            raise ConfigError("The process that reads knowledge files ended before it was done.")
        leave_out[reader.reads] = "ends the process that reads it: it is broken, or too large"


class _Reader:
    """One run of `build.py`, and what it told."""

    def __init__(self) -> None:
        self.reads = self.index = self.failed = ""
        self.problems: list[tuple[str, str]] = []

    async def run(self, files: tuple[KnowledgeFile, ...], folder: Path, leave_out: list[str]) -> None:
        """Returns when the process has ended. Raises OSError; when cancelled, the process is ended."""
        job = {
            "files": [[file.name, str(file.path), file.kind] for file in files],
            "folder": str(folder),
            "leave_out": leave_out,
            "file_deadline_s": FILE_DEADLINE_S,
        }
        process = await asyncio.create_subprocess_exec(
            *READER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_LIMIT_BYTES
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(job).encode())
            process.stdin.write_eof()
            async for line in process.stdout:
                self._take(line)
            await process.wait()
        except (BrokenPipeError, ConnectionResetError):
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _take(self, line: bytes) -> None:
        told: dict[str, Any] = json.loads(line)
        self.reads = told.get("reads", self.reads)
        self.index = told.get("index", self.index)
        self.failed = told.get("failed", self.failed)
        if problem := told.get("problem"):
            self.problems.append((problem[0], problem[1]))
