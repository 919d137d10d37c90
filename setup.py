"""The compiled parts: the VAD, the voice judge's transforms and the resampler. Without a compiler Voi still
installs, and computes them in numpy and Python."""

import zlib
from pathlib import Path

from setuptools import Extension, setup


def kernel(name: str, *flags: str) -> Extension:
    """The module says of which source it was made (`voi.audio.compiled`)."""
    source = f"{name.replace('.', '/')}.c"
    crc32 = zlib.crc32((Path(__file__).parent / source).read_bytes())
    return Extension(
        name,
        [source],
        libraries=["m"],
        define_macros=[("SOURCE_CRC32", f"{crc32}L")],
        extra_compile_args=["-O3", *flags],
        optional=True,
    )


setup(
    ext_modules=[
        # fast-math lets the compiler vectorise expf; there is no NaN or infinity to keep.
        kernel("voi.engines.vad._silero", "-ffast-math"),
        # Without fast-math: sums in a fixed order.
        kernel("voi.audio._resample"),
        kernel("voi.engines.voice._features"),
    ]
)
