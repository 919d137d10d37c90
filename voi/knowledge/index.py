"""The index of a collection of files: one SQLite file with the passages and the terms that they are found by.

SQLite's FTS5 ranks by BM25. What a term is, `terms.py` says: FTS5 gets terms between spaces, and is kept from cutting
them in its own way. The file is written once, under the hash of all that it was made of, and is only read from then on.
"""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue

from voi.errors import ConfigError
from voi.knowledge.terms import WEIGHTS, Column, Term, compound_terms, query_terms, terms

FORMAT = 2
"""Of the file. Another one is made again."""
QUERY_MAX_CHARACTERS = 2_000
"""How much of the end of a question is asked."""
QUERY_TERMS_MAX = 12
"""The rarest terms of a question, which decide its answer; BM25 of each costs time."""
COMPOUND_TERMS_MAX = 8
"""The same for what may be parts of compounds."""
COMMON_SHARE = 8
"""A term in more than an eighth of the passages tells nothing about any of them ("the", "please"), in any language and
without lists of such words."""
COMMON_MIN = 3
"""A term in so few passages is never common, however few there are."""
CONNECTIONS = 2

_COLUMNS: tuple[Column, ...] = tuple(WEIGHTS)
_TABLES = f"""
create table about (format integer, passages integer);
create table passages (id integer primary key, source text, place text, words text);
create virtual table search using fts5({", ".join(_COLUMNS)}, content='', tokenize="ascii tokenchars '~'");
"""
_RANKED = (
    "select rowid from search where search match ? "
    f"order by bm25(search, {', '.join(map(str, WEIGHTS.values()))}), rowid limit ?"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a file. `place`: where in it, by its headings, pages or rows; may be ""."""

    source: str
    place: str
    words: str


def write_index(path: Path, passages: Iterable[Passage]) -> int:
    """Write the index of these passages to a new file. Returns their number. Blocks; raises OSError."""
    count = 0
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma synchronous = off")
            connection.executescript(_TABLES)
            for count, passage in enumerate(passages, 1):
                row = (count, passage.source, passage.place, passage.words)
                connection.execute("insert into passages values (?, ?, ?, ?)", row)
                found = _by_column(terms(f"{passage.source}\n{passage.place}\n{passage.words}"))
                connection.execute(
                    "insert into search (rowid, words, short, stems, parts) values (?, ?, ?, ?, ?)", (count, *found)
                )
            connection.execute("insert into search (search) values ('optimize')")
            connection.execute("insert into about values (?, ?)", (FORMAT, count))
            connection.commit()
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "fts5" in str(error):
            raise ConfigError("This Python's SQLite has no FTS5, which knowledge is searched with.") from None
        raise OSError(f"{path} cannot be written: {error}") from None
    return count


class PassageIndex:
    """An index that was written. All methods block, for milliseconds; they may be called in any thread."""

    def __init__(self, path: Path) -> None:
        """Raises OSError if the file cannot be read, or is none of ours."""
        self._uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        try:
            for _ in range(CONNECTIONS):
                self._idle.put(self._open())
            with self._connection() as connection:
                form, self.count = connection.execute("select format, passages from about").fetchone()
        except (sqlite3.Error, TypeError) as error:
            _close(self._idle)
            raise OSError(f"{path} is no index: {type(error).__name__}") from None
        if form != FORMAT:
            _close(self._idle)
            raise OSError(f"{path} is of another version of Voi")
        weakref.finalize(self, _close, self._idle)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
        connection.execute("create virtual table temp.vocabulary using fts5vocab(main, search, col)")
        return connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = self._idle.get()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def search(self, words: str, limit: int) -> list[int]:
        """Numbers of the passages that fit the words best, the best first."""
        asked = words[-QUERY_MAX_CHARACTERS:]
        whole = set(query_terms(asked))
        with self._connection() as connection:
            telling = self._telling(connection, whole, QUERY_TERMS_MAX)
            telling += self._telling(connection, set(compound_terms(asked)) - whole, COMPOUND_TERMS_MAX)
            if not telling:
                return []
            query = " OR ".join(f'{column} : "{term}"' for column, term in telling)
            found = connection.execute(_RANKED, (query, limit))
            return [number for (number,) in found]

    def _telling(self, connection: sqlite3.Connection, asked: set[Term], most: int) -> list[Term]:
        """The rarest of the terms that stand in some passages, and not in too many."""
        common = max(COMMON_MIN, self.count // COMMON_SHARE)
        rarity = []
        for column, term in asked:
            row = connection.execute("select doc from vocabulary where term = ? and col = ?", (term, column)).fetchone()
            if row and row[0] <= common:
                rarity.append((row[0], column, term))
        return [(column, term) for _, column, term in sorted(rarity)[:most]]

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """These passages, in that order."""
        with self._connection() as connection:
            rows = (
                connection.execute("select source, place, words from passages where id = ?", (number,)).fetchone()
                for number in numbers
            )
            return [Passage(*row) for row in rows if row]

    def every_passage(self) -> list[Passage]:
        with self._connection() as connection:
            rows = connection.execute("select source, place, words from passages order by id").fetchall()
        return [Passage(*row) for row in rows]

    def sources(self) -> list[tuple[str, int, int]]:
        """For each file: its name, and how many passages and characters it has."""
        with self._connection() as connection:
            return connection.execute(
                "select source, count(*), sum(length(words)) from passages group by source order by source"
            ).fetchall()


def _by_column(found: Iterable[Term]) -> list[str]:
    """The terms of each column, between spaces."""
    by_column: dict[Column, list[str]] = {column: [] for column in _COLUMNS}
    for column, term in found:
        by_column[column].append(term)
    return [" ".join(each) for each in by_column.values()]


def _close(idle: "LifoQueue[sqlite3.Connection]") -> None:
    while True:
        try:
            idle.get_nowait().close()
        except Empty:
            return
