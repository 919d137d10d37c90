"""Records 10 ms of sound every 10 ms, and says on standard output which, until it is killed. `sealed`: encrypted."""

import sys
import time
from concurrent.futures import Future
from itertools import count
from pathlib import Path

from voi.core.script import Script
from voi.session.recording import Recorder

KEY = bytes(range(32))
PIECE = b"\x01\x02" * 160


def main(folder: str, sealed: str) -> None:
    key: Future[bytes | None] | None = None
    if sealed == "sealed":
        key = Future()
        key.set_result(KEY)
    recorder = Recorder(Path(folder), "c1", 100_000_000, key)
    recorder.begin(Script())
    for number in count():
        recorder.user_sound(PIECE)
        print(number, flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
