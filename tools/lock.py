#!/usr/bin/env python3
"""Write the lock files in locks/ from the version ranges in pyproject.toml.

`make lock` keeps the versions that are locked as far as the ranges allow; `make lock UPGRADE=1` takes the newest.

All extras are resolved together, for every Python that Voi supports: any set of them fits. `server.lock` is what
each installation has; the lock of an extra holds what it adds. Each line names one version and the hashes of its files,
and install.sh takes nothing else. torch is not locked: which build fits (CPU, or one for CUDA) depends on the
machine, and so do its hashes and the NVIDIA packages that it brings. `torch.lock` has its version alone.
`litellm-proxy.lock` is for the LiteLLM proxy, which runs beside Voi and not with its packages.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "locks"
SERVER = ("media", "turn", "voice")
EXTRAS = (
    "dev",
    "echo",
    "faster-whisper",
    "google",
    "languages",
    "litellm",
    "llamacpp",
    "mcp",
    "otel",
    "piper",
    "pocket-tts",
    "postgres",
    "sound",
    "telephone",
    "train",
    "webrtc",
    "whisper",
    "wyoming",
    "xtts",
    "xtts-cjk",
    "zeroconf",
)
# What installs the rest. Python brings old ones into a new virtual environment, with known holes.
INSTALLERS = ("pip", "setuptools", "wheel")
# For their files alone: the tests compare with the ONNX model in it, and need none of its dependencies.
ALONE = {"dev": "silero-vad==6.2.3"}
# Runs apart from Voi, in an environment of its own: some of its packages want other versions than Voi does.
PROXY = "litellm[proxy]>=1.106,<2,!=1.82.7,!=1.82.8"
PROPRIETARY = "litellm-enterprise"
"""The proxy runs without it, and its licence allows no use in production."""
TORCH = re.compile(r"(torch|triton|nvidia-.*|cuda-.*)==")
HEADER = "# Made by tools/lock.py from pyproject.toml; `make lock` renews it.\n"


BLOCK = re.compile(r"^[a-z0-9].*(?:\n .*)*\n", re.MULTILINE)


def resolve(*arguments: str, text: str = "", constraint: str = "", preferred: str = "") -> list[str]:
    """The packages that the requirements need, each as one block of lines: name, version, marker and hashes.

    `preferred` is the text of lock files: their versions are taken where they fit. Raises CalledProcessError, after uv
    said why, when the requirements fit no set of versions.
    """
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    # No address of a package index may get into the repository: everybody has their own.
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    with tempfile.TemporaryDirectory() as folder:
        for option, content in (("", text), ("--constraint", constraint)):
            if content:
                path = Path(folder, f"lines{option}.txt")
                path.write_text(content)
                command += [option, str(path)] if option else [str(path)]
        output = Path(folder, "output.lock")
        output.write_text(preferred)
        subprocess.run([*command, *arguments, "--output-file", str(output)], cwd=ROOT, check=True)
        return BLOCK.findall(output.read_text())


def resolve_extras(*extras: str, **more: str) -> list[str]:
    chosen = [argument for extra in extras for argument in ("--extra", extra)]
    return resolve("pyproject.toml", *chosen, **more)


def write(name: str, blocks: list[str]) -> None:
    (LOCKS / f"{name}.lock").write_text(HEADER + "".join(blocks))
    print(f"locks/{name}.lock: {len(blocks)} packages")


def write_proxy() -> None:
    path = LOCKS / "litellm-proxy.lock"
    kept = path.read_text() if path.exists() and "--upgrade" not in sys.argv else ""
    write(path.stem, resolve("--no-emit-package", PROPRIETARY, text=PROXY, preferred=kept))


def main() -> int:
    LOCKS.mkdir(exist_ok=True)
    installers = "\n".join(INSTALLERS)
    kept = (
        ""
        if "--upgrade" in sys.argv
        else "".join(path.read_text() for path in LOCKS.glob("*.lock") if path.name != "litellm-proxy.lock")
    )
    everything = resolve_extras(*SERVER, *EXTRAS, text=installers, preferred=kept)
    constraint = "".join(re.sub(r" \\\n .*", "", block, flags=re.DOTALL) + "\n" for block in everything)
    write(
        "torch",
        [re.sub(r" .*", "", block, flags=re.DOTALL) + "\n" for block in everything if block.startswith("torch==")],
    )
    write("installers", resolve(text=installers, constraint=constraint))
    write_proxy()
    server = resolve_extras(*SERVER, constraint=constraint)
    write("server", server)
    for extra in EXTRAS:
        added = [block for block in resolve_extras(*SERVER, extra, constraint=constraint) if block not in server]
        if extra in ALONE:
            added += resolve("--no-deps", text=ALONE[extra])
        write(extra, [block for block in added if not TORCH.match(block)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
