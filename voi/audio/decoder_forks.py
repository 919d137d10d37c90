"""Starts decoder processes quickly. One process, the fork server, has FFmpeg loaded and forks a decoder whenever it is
asked to: that takes a few milliseconds and a few MB, where a new Python takes a third of a second and 40 MB.

    python -m voi.audio.decoder_forks      standard input is a socket

Each request is one byte, the container's place in `CONTAINERS`, with the decoder's end of its socket beside it
(SCM_RIGHTS). The answer is the decoder's pid (4 bytes, big-endian). The fork server ends when its socket does.
"""

import atexit
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from typing import get_args

from voi.audio.media import Container

CONTAINERS: tuple[Container, ...] = get_args(Container)
PID_BYTES = 4
START_TIMEOUT_S = 20.0
"""For the first decoder: the fork server has to load FFmpeg. On a machine that is very busy that takes a while."""
SENT_BYTES = 32 * 1024
"""How much sound a decoder's socket holds: about as much is taken in one turn of the event loop, one to two seconds.
The VAD computes inline."""


class DecoderForks:
    """The fork server of this process. It is started when the first decoder is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def decoder(self, container: Container) -> tuple[socket.socket, int]:
        """A new decoder: our end of its socket, and its pid. Blocks: call it in a thread. Raises OSError."""
        with self._lock:
            try:
                return self._fork(container)
            except OSError:
                if self._process is None or self._process.poll() is None:
                    raise
                return self._fork(container)  # the fork server was killed: the next one will do

    def _fork(self, container: Container) -> tuple[socket.socket, int]:
        control = self._running()
        ours, its = socket.socketpair()
        try:
            with its:
                its.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES)
                socket.send_fds(control, [bytes([CONTAINERS.index(container)])], [its.fileno()])
            pid = control.recv(PID_BYTES, socket.MSG_WAITALL)
            if len(pid) < PID_BYTES:
                raise ConnectionResetError("the process that starts decoders ended")
        except OSError:
            ours.close()
            self._forget()
            raise
        return ours, int.from_bytes(pid, "big")

    def _running(self) -> socket.socket:
        if self._control is None:
            ours, its = socket.socketpair()
            ours.settimeout(START_TIMEOUT_S)
            environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # a fork keeps one thread
            with its:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "voi.audio.decoder_forks"], stdin=its.fileno(), env=environment
                )
            self._control = ours
        return self._control

    def _forget(self) -> None:
        """End the fork server. Its decoders go on."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        with self._lock:
            self._forget()
            self._process = None


FORKS = DecoderForks()
atexit.register(FORKS.close)


# ---- the fork server ------------------------------------------------------------------------------


def main() -> None:
    """Runs in the separate process."""
    from voi.audio.ffmpeg import load_av

    load_av()
    for sent_to_all in (signal.SIGINT, signal.SIGTERM):  # the server ends this process by closing the socket
        signal.signal(sent_to_all, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # decoders that end leave nothing behind
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=os.dup(0))
    control.setblocking(True)
    while True:
        request, lines, _, _ = socket.recv_fds(control, 1, 1)
        if not request:
            os._exit(0)
        (line,) = lines
        pid = os.fork()
        if pid == 0:
            control.close()
            _decode(CONTAINERS[request[0]], line)
        os.close(line)
        control.sendall(pid.to_bytes(PID_BYTES, "big"))


def _decode(container: Container, line: int) -> None:
    """Be the decoder; it does not return."""
    from voi.audio.decoder_process import serve

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        serve(container, line)
    finally:
        os._exit(0)  # the decoder's thread may be in the middle of a file


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError):
        main()
