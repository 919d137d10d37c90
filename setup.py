"""The compiled parts: the VAD, the voice judge's transforms and the resampler. Without a compiler Voi still
installs, and computes them in numpy and Python."""

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
        ),
        # Without fast-math: sums in a fixed order.
        Extension(
            "voi.audio._resample", ["voi/audio/_resample.c"], libraries=["m"], extra_compile_args=["-O3"], optional=True
        ),
        Extension(
            "voi.engines.voice._features",
            ["voi/engines/voice/_features.c"],
            libraries=["m"],
            extra_compile_args=["-O3"],
            optional=True,
        ),
    ]
)
