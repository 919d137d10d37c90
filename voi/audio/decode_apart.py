"""Decodes an untrusted recording in a separate process: if it crashes FFmpeg, its sender gets an error, and the server
goes on. The process gets only the file's bytes, and its memory and time are limited.

    python -m voi.audio.decode_apart < recording      the sample rate (unsigned 32-bit) and float32, little-endian
"""

import logging
import resource
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

from voi.audio.sample import BYTES_LIMIT, LENGTH_LIMIT_S, Sample, read_sample
from voi.errors import ClientError, ConfigError

DEADLINE_S = 30
MEMORY_LIMIT_BYTES = 3 * 1024**3
"""Address space: FFmpeg and numpy reserve much more than they use."""
CLIENT_FAULT, CONFIG_FAULT = 3, 4
"""Exit codes; the words are on standard error."""

log = logging.getLogger(__name__)


def read_sample_apart(data: bytes, *, limit_s: float = LENGTH_LIMIT_S) -> Sample:
    """Like `voi.audio.sample.read_sample`, from bytes. Blocks: do not call it on the event loop. Raises ClientError,
    also for a file that crashes the decoder or keeps it busy for over 30 s; ConfigError when PyAV is missing."""
    command = [sys.executable, "-m", "voi.audio.decode_apart", f"{limit_s:g}"]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        raise ClientError(f"The sound cannot be decoded within {DEADLINE_S} s.") from None
    words = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == CLIENT_FAULT:
        raise ClientError(words)
    if done.returncode == CONFIG_FAULT:
        raise ConfigError(words)
    if done.returncode or len(done.stdout) < 4:
        log.warning("a recording from outside ended its decoder (exit code %d); it is refused", done.returncode)
        raise ClientError("The sound cannot be decoded: its file is broken.")
    (rate_hz,) = struct.unpack_from("<I", done.stdout)
    return Sample(np.frombuffer(done.stdout, "<f4", offset=4).astype(np.float32), rate_hz)


def read_file_apart(path: Path, *, limit_s: float = LENGTH_LIMIT_S) -> Sample:
    """The same from a file; errors begin with its name. Raises ClientError also when it cannot be read, or has more
    than 64 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_LIMIT + 1)
    except OSError as error:
        raise ClientError(f"{path.name} cannot be read: {error.strerror or type(error).__name__}.") from None
    if len(data) > BYTES_LIMIT:
        raise ClientError(f"{path.name} has more than {BYTES_LIMIT // 2**20} MiB.")
    try:
        return read_sample_apart(data, limit_s=limit_s)
    except ClientError as error:
        raise ClientError(f"{path.name}: {error}") from None


def main() -> int:
    """Runs in the separate process. Returns its exit code."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (DEADLINE_S, DEADLINE_S))
    try:
        sample = read_sample(sys.stdin.buffer.read(), limit_s=float(sys.argv[1]))
    except (ClientError, ConfigError) as error:
        print(error, file=sys.stderr)
        return CLIENT_FAULT if isinstance(error, ClientError) else CONFIG_FAULT
    sys.stdout.buffer.write(struct.pack("<I", sample.rate_hz) + sample.samples.astype("<f4").tobytes())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
