"""A program that speaks, for the tests: python speaking_program.py WHAT ARGUMENTS. Each letter is a tone of 10 ms."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

RATE_HZ = 16_000
LETTER_SAMPLES = 160


def wav(text: str, channels: int = 1, size: int | None = None, bits: int = 16, form: int = 1) -> bytes:
    sample = struct.pack("<h", 8_000) if bits == 16 else struct.pack("<f", 0.25)
    sound = sample * channels * LETTER_SAMPLES * len(text)
    size = len(sound) if size is None else size
    block = channels * bits // 8
    layout = struct.pack("<HHIIHH", form, channels, RATE_HZ, RATE_HZ * block, block, bits)
    return b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + struct.pack("<I", 16) + layout + b"data" + struct.pack(
        "<I", size
    ) + sound + b"LIST\x04\x00\x00\x00abcd" * (0 < size < 2**31 - 65_536)  # fmt: skip


def main(what: str, *arguments: str) -> int:
    out = sys.stdout.buffer
    match what:
        case "input":
            out.write(wav(sys.stdin.read()))
        case "argument":
            Path("said.txt").write_text("\n".join(arguments))
            out.write(wav(arguments[0]))
        case "file":
            Path(arguments[1]).write_bytes(wav(Path(arguments[0]).read_text(), channels=2))
        case "stream":
            whole = wav(sys.stdin.read(), size=0xFFFFFFFF)
            out.write(whole[:1_001])
            out.flush()
            while not Path(arguments[0]).exists():
                time.sleep(0.01)
            out.write(whole[1_001:])
        case "pcm":
            out.write(b"\x40\x1f" * LETTER_SAMPLES * len(sys.stdin.read()))
        case "floats":
            out.write(wav(sys.stdin.read(), bits=32, form=3))
        case "hang":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(arguments[0]).write_text(f"{os.getpid()} {child.pid}")
            time.sleep(600)
        case "endless":
            out.write(wav("x", size=0))
            while True:
                out.write(bytes(65_536))
        case "play":
            Path(arguments[0]).write_text(sys.stdin.read())
            time.sleep(float(arguments[1]))
        case "environment":
            out.write(wav("x" * len([name for name in arguments if name in os.environ])))
        case "fail":
            return 3
        case "noise":
            out.write(b"this is no sound")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
