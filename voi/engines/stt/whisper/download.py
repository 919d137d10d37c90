"""Downloads one file: resumes a broken download, checks the content, and renames it into place. Blocks."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from voi.config.usual_variables import hub_token

DEADLINE_S = 60
"""Deadline of each wait for data. The whole download has none."""
HUB_HOST = "huggingface.co"
_CHUNK_BYTES = 1 << 20
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416

FetchProgress = Callable[[int, int], None]
"""Called with the bytes so far and the total (0: not known)."""


@dataclass(frozen=True, slots=True)
class Source:
    """`sha256` of the content, or `git_sha1`, under which git keeps it ("blob", its length, a zero, the content)."""

    url: str
    sha256: str = ""
    git_sha1: str = ""

    def is_content_of(self, path: Path) -> bool:
        with path.open("rb") as file:
            if self.sha256:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
            digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
            return digest.hexdigest() == self.git_sha1


def download(source: Source, target: Path, on_progress: FetchProgress) -> None:
    """Download to `target`. Raises OSError; what was received stays beside `target`, and the next call continues from
    there. Raises ValueError for a file that is not the expected one, which is then deleted."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    try:
        _append(source.url, partial, on_progress)
    except http.client.HTTPException as error:
        raise OSError(f"the connection broke ({type(error).__name__}); another try goes on from there") from error
    if not source.is_content_of(partial):
        partial.unlink()
        raise ValueError(f"what {source.url} gives is not the {target.name} expected (its checksum differs)")
    partial.replace(target)


def opened(url: str, start: int = 0, deadline_s: float = DEADLINE_S) -> Any:
    """The response to a request for the content from the byte `start` on. Raises OSError with a text for people."""
    host = urlsplit(url).netloc
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    if urlsplit(url)[:2] == ("https", HUB_HOST) and (token := hub_token()):
        request.add_unredirected_header("Authorization", f"Bearer {token}")  # not for where the hub sends us to
    try:
        return urllib.request.urlopen(request, timeout=deadline_s)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and start:
            return error
        raise OSError(f"{host} answers {error.code} {error.reason} for {url}") from error
    except urllib.error.URLError as error:
        raise OSError(f"{host} cannot be reached ({error.reason})") from error


def _append(url: str, partial: Path, on_progress: FetchProgress) -> None:
    here = partial.stat().st_size if partial.is_file() else 0
    with opened(url, here) as answer:
        if answer.status == _RANGE_NOT_SATISFIABLE:
            return  # the file is complete
        if answer.status != _PARTIAL_CONTENT:
            here = 0  # the server sends the whole file
        left = int(answer.headers.get("Content-Length") or 0)
        done, total = here, here + left if left else 0
        with partial.open("ab" if here else "wb") as file:
            while chunk := answer.read(_CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                on_progress(done, total)
    if done < total:
        raise OSError(f"the connection broke after {done} of {total} bytes; another try goes on from there")
