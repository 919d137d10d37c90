"""The one compiled part: the VAD kernel. Without a compiler Voi still installs, and computes it in numpy."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "voi.engines.vad._silero",
            ["voi/engines/vad/_silero.c"],
            libraries=["m"],
            # fast-math lets the compiler vectorise expf; there is no NaN or infinity to keep.
            extra_compile_args=["-O3", "-ffast-math"],
            optional=True,
        )
    ]
)
