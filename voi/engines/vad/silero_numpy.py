"""Silero VAD in numpy, for machines without the compiled kernel; the same results within 1e-5.

See `_silero.c` for the network. The four STFT frames come from one real FFT, each convolution is one matrix product.
Scratch space is shared by all streams: windows are computed one after the other.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from voi.engines.vad.silero_weights import BINS, CONTEXT_SAMPLES, FRAME_SAMPLES, HIDDEN, WINDOW_SAMPLES, Floats

FRAMES = 4
HOP_SAMPLES = 128
_F32 = 4  # bytes
_LAST = CONTEXT_SAMPLES + WINDOW_SAMPLES  # end of the real samples in the padded input


class SileroNumpy:
    """The network. `probability` has the compiled kernel's signature, less the weights."""

    def __init__(self, layers: dict[str, Floats]) -> None:
        self._layers = layers
        self._window = layers["stft_window"]
        self._out = layers["out_weight"].ravel()
        self._out_bias = float(layers["out_bias"][0])
        # A zero frame before and after is the convolutions' padding.
        self._samples = np.zeros(_LAST + CONTEXT_SAMPLES, np.float32)
        self._frames = as_strided(self._samples, (FRAMES, FRAME_SAMPLES), (HOP_SAMPLES * _F32, _F32))
        self._windowed = np.zeros((FRAMES, FRAME_SAMPLES), np.float32)
        self._spectrum = np.zeros((FRAMES, BINS), np.complex64)
        self._magnitude = np.zeros((FRAMES + 2, BINS), np.float32)
        self._taps1 = as_strided(self._magnitude, (FRAMES, 3 * BINS), (BINS * _F32, _F32))
        self._y1 = np.zeros((FRAMES + 1, 128), np.float32)
        self._taps2 = as_strided(self._y1, (2, 3 * 128), (2 * 128 * _F32, _F32))
        self._y2 = np.zeros((2, 64), np.float32)
        self._y3 = np.zeros(64, np.float32)
        self._z = np.zeros(2 * HIDDEN, np.float32)
        self._gates = np.zeros(4 * HIDDEN, np.float32)
        self._tanh = np.zeros(HIDDEN, np.float32)

    def probability(self, state: Floats, window: bytes) -> float:
        """`window`: 512 samples s16le. `state` (float32 [320]: context, hidden, cell) is brought up to date."""
        layers, x = self._layers, self._samples
        context, hidden, cell = state[:CONTEXT_SAMPLES], state[CONTEXT_SAMPLES:-HIDDEN], state[-HIDDEN:]
        x[:CONTEXT_SAMPLES] = context
        pcm = np.frombuffer(window, "<i2").reshape(WINDOW_SAMPLES)  # ValueError for any other length
        np.multiply(pcm, np.float32(1 / 32768), out=x[CONTEXT_SAMPLES:_LAST])
        context[:] = x[WINDOW_SAMPLES:_LAST]
        x[_LAST:] = x[_LAST - 2 : _LAST - 2 - CONTEXT_SAMPLES : -1]  # reflected

        np.multiply(self._frames, self._window, out=self._windowed)
        np.fft.rfft(self._windowed, out=self._spectrum)  # type: ignore[arg-type]  # numpy 2 keeps float32
        np.abs(self._spectrum, out=self._magnitude[1:-1])
        _layer(self._taps1, layers["conv1_matrix"], layers["conv1_bias"], self._y1[1:])
        _layer(self._taps2, layers["conv2_matrix"], layers["conv2_bias"], self._y2)
        _layer(self._y2.reshape(-1), layers["conv3_matrix"], layers["conv3_bias"], self._y3)
        _layer(self._y3, layers["conv4_matrix"], layers["conv4_bias"], self._z[:HIDDEN])
        self._z[HIDDEN:] = hidden

        gates = self._gates
        np.matmul(self._z, layers["lstm_matrix"], out=gates)
        gates += layers["lstm_bias"]
        np.tanh(gates[2 * HIDDEN : 3 * HIDDEN], out=self._tanh)
        np.negative(gates, out=gates)  # sigmoid of all gates in place; the cell gate's place is not read again
        np.exp(gates, out=gates)
        gates += 1
        np.reciprocal(gates, out=gates)
        self._tanh *= gates[:HIDDEN]
        cell *= gates[HIDDEN : 2 * HIDDEN]
        cell += self._tanh
        np.tanh(cell, out=hidden)
        hidden *= gates[3 * HIDDEN :]
        np.maximum(hidden, 0, out=self._tanh)
        return float(1 / (1 + np.exp(-(self._tanh @ self._out + self._out_bias))))


def _layer(taps: Floats, matrix: Floats, bias: Floats, out: Floats) -> None:
    np.matmul(taps, matrix, out=out)
    out += bias
    np.maximum(out, 0, out=out)
