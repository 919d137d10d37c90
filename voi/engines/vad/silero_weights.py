"""Silero VAD's weights: read from the shipped .npz and laid out for the compiled kernel.

`silero_v6_16k.npz` is the 16 kHz model of silero-vad 6.2.3 (MIT, see LICENSE.silero), made by tools/convert_silero.py;
names and shapes are those of the PyTorch layers: convolutions [out, in, 3], LSTM [4 * 128, 128].
"""

from importlib.resources import as_file, files

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WINDOW_SAMPLES = 512  # 32 ms at 16 kHz
CONTEXT_SAMPLES = 64
FRAME_SAMPLES = 256
BINS = FRAME_SAMPLES // 2 + 1
HIDDEN = 128
STATE_FLOATS = CONTEXT_SAMPLES + 2 * HIDDEN


def load_weights() -> dict[str, Floats]:
    """The layers by name, plus the matrices in which both implementations use them: [in, out], taps outermost.

    Of the convolutions' three taps only those that meet a frame are kept: the third layer sees 2 frames with stride 2,
    the fourth a single one.
    """
    with as_file(files(__package__) / "silero_v6_16k.npz") as path, np.load(path, allow_pickle=False) as stored:
        layers: dict[str, Floats] = {name: stored[name].astype(np.float32) for name in stored.files}
    for name, taps in (
        ("conv1", slice(None)),
        ("conv2", slice(None)),
        ("conv3", slice(1, None)),
        ("conv4", slice(1, 2)),
    ):
        weight = layers[f"{name}_weight"][:, :, taps].transpose(2, 1, 0)  # [tap, in, out]
        layers[f"{name}_matrix"] = np.ascontiguousarray(weight.reshape(-1, weight.shape[2]))
    lstm = np.concatenate([layers["lstm_weight_ih"], layers["lstm_weight_hh"]], axis=1)
    layers["lstm_matrix"] = np.ascontiguousarray(lstm.T)
    layers["lstm_bias"] = layers["lstm_bias_ih"] + layers["lstm_bias_hh"]
    return layers


def _blocks(matrix: Floats, width: int) -> Floats:
    """[in, out] as [out / width][in][width], zeros where `out` does not divide."""
    padded = np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % width)))
    return padded.reshape(len(matrix), -1, width).transpose(1, 0, 2).ravel()


def pack(layers: dict[str, Floats]) -> bytes:
    """All weights as one run of float32 in the order that `_silero.c` reads."""
    quarter = FRAME_SAMPLES // 4
    even, odd = np.arange(0, BINS, 2), np.arange(1, BINS, 2)
    below, upto = np.arange(quarter), np.arange(quarter + 1)
    last_first = np.roll(upto[1:], 1)  # the sine of sample 0 is none: its place is the middle's
    angle = 2 * np.pi / FRAME_SAMPLES
    spectrum = (
        np.cos(angle * np.outer(upto, even)),
        np.cos(angle * np.outer(below, odd)),
        np.sin(angle * np.outer(below, even)),
        np.sin(angle * np.outer(last_first, odd)),
    )
    parts: list[Floats] = [layers["stft_window"], *(_blocks(matrix.astype(np.float32), 16) for matrix in spectrum)]
    by_bin = layers["conv1_matrix"].reshape(3, BINS, -1)[:, np.concatenate([even, odd])]
    matrices = layers | {"conv1_matrix": by_bin.reshape(3 * BINS, -1)}
    for name, width in (("conv1", 16), ("conv2", 16), ("conv3", 64), ("conv4", 64), ("lstm", 64)):
        parts += [_blocks(matrices[f"{name}_matrix"], width), layers[f"{name}_bias"]]
    parts += [layers["out_weight"].ravel(), layers["out_bias"]]
    return np.concatenate(parts).astype(np.float32).tobytes()
