#!/usr/bin/env python3
"""Measures what agents draw on: how long an index takes to make, what a search takes, and what both need of memory.

    .venv/bin/python bench/knowledge.py [PASSAGES]      10,000 by default

The texts are the files of Python's own library: real words, the same on every machine of that version. The questions
are words of a passage behind a polite beginning, as people ask.
"""

import asyncio
import random
import re
import resource
import sys
import sysconfig
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

from voi.config.knowledge import Knowledge, find_files
from voi.knowledge.collection import KnowledgeCollection, Query
from voi.knowledge.index import PassageIndex
from voi.knowledge.library import build_index

QUERIES = 1_000
FILE_CHARACTERS = 400_000
PDF_PAGES = 200


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def write_texts(folder: Path, characters: int) -> int:
    """Writes so much text into files. Returns their bytes."""
    texts, size, number = [], 0, 0
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if "site-packages" not in path.parts and "lib2to3" not in path.parts:
            texts.append(path.read_text("utf-8", "replace"))
            size += len(texts[-1])
            if sum(map(len, texts)) > FILE_CHARACTERS or size > characters:
                (folder / f"{number:03}.txt").write_text("\n\n".join(texts))
                texts, number = [], number + 1
        if size > characters:
            break
    return sum(path.stat().st_size for path in folder.iterdir())


def write_pdf(path: Path, lines: Sequence[str]) -> None:
    """A PDF with forty lines of text on each page."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for page in range(PDF_PAGES):
        shown = b"".join(
            b"(" + re.sub(r"[^\w .,;:-]", "", line).encode("ascii", "ignore") + b") Tj T*\n"
            for line in lines[page * 40 : page * 40 + 40]
        )
        content = zlib.compress(b"BT /F1 10 Tf 12 TL 20 700 Td\n" + shown + b"ET")
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {len(objects) + 2} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode(),
            f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode() + content + b"\nendstream",
        ]
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(PDF_PAGES))
    objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {PDF_PAGES} >>".encode()
    file, places = bytearray(b"%PDF-1.7\n"), []
    for number, value in enumerate(objects, 1):
        places.append(len(file))
        file += f"{number} 0 obj\n".encode() + value + b"\nendobj\n"
    start = len(file)
    file += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    file += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    file += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    path.write_bytes(file)


def questions(index: PassageIndex) -> list[str]:
    luck, passages = random.Random(1), index.every_passage()
    asked = []
    while len(asked) < QUERIES:
        words = re.findall(r"[a-zA-Z]{2,}", luck.choice(passages).words)
        if len(words) > 20:
            at, count = luck.randrange(len(words) - 12), luck.randrange(4, 12)
            asked.append("so could you tell me please what is the " + " ".join(words[at : at + count]))
    return asked


def share(taken_s: list[float], part: float) -> str:
    return f"{sorted(taken_s)[int(len(taken_s) * part)] * 1_000:.2f} ms"


async def measure(root: Path, passages: int) -> None:
    size = write_texts(root / "docs", passages * 800)
    began_s = time.perf_counter()
    built = await build_index(find_files(root, ["docs"]).files, root / "data")
    took_s = time.perf_counter() - began_s
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    before_mb = rss_mb()
    index = PassageIndex(built.path)
    print(f"{index.count:,} passages of {size / 1e6:.1f} MB: {took_s:.1f} s, {took_s / size * 1e6:.2f} s/MB")
    print(f"the process that indexes: {peak_mb:.0f} MB at most; on disk: {size_of(built.path) / 2**20:.1f} MB")
    began_s = time.perf_counter()
    await build_index(find_files(root, ["docs"]).files, root / "data")
    print(f"found again on disk: {time.perf_counter() - began_s:.2f} s")

    collection, asked = KnowledgeCollection(Knowledge(files=("docs",)), index), questions(index)
    for before in ("", "what does the function return when the file is missing"):
        taken_s = []
        for words in asked:
            began_s = time.perf_counter()
            await collection.search(Query(words, before))
            taken_s.append(time.perf_counter() - began_s)
        what = "with the turn before" if before else "one search"
        print(f"{what}: p50 {share(taken_s, 0.5)}, p99 {share(taken_s, 0.99)}")
    print(f"memory of the server: +{rss_mb() - before_mb:.1f} MB")

    lines = [line for passage in index.every_passage() for line in passage.words.split("\n")]
    write_pdf(root / "pdf" / "a.pdf", lines)
    size = size_of(root / "pdf" / "a.pdf")
    began_s = time.perf_counter()
    await build_index(find_files(root, ["pdf"]).files, root / "data")
    took_s = time.perf_counter() - began_s
    print(
        f"a PDF of {PDF_PAGES} pages, {size / 1e6:.1f} MB: {took_s:.1f} s, {took_s / PDF_PAGES * 1_000:.0f} ms a page"
    )


def size_of(path: Path) -> int:
    return path.stat().st_size


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        at = Path(name).resolve()
        (at / "docs").mkdir()
        (at / "pdf").mkdir()
        asyncio.run(measure(at, int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
