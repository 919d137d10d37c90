"""Makes the caller's utterance and the exact floor of the VAD's decision: assets/utterance.s16 and vad_floor.json.

The utterance is a recorded sentence, cut so that its last voiced sample is the last of a 20 ms frame. Silero (ONNX)
then runs offline over noise + utterance + noise for each of the 8 ways that 20 ms frames lie on the 32 ms windows
(period 160 ms). The floor is the time from "last voiced frame sent" to "the frame that completes the sixth window of
silence sent": when an ideal server with this VAD can know that the caller stopped.
"""

import json
import sys
import wave
from pathlib import Path

import numpy as np

from common import config as C
from common.silero import OnnxStream, session

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
SPEECH = HERE.parent / "tests" / "data" / "audio" / "spk1_snt2.wav"
PEAK = 26_000
ALIGNMENTS = 8  # lcm(20 ms, 32 ms) / 20 ms
WINDOW_BYTES = C.VAD_WINDOW_SAMPLES * 2


def utterance() -> np.ndarray:
    with wave.open(str(SPEECH)) as wav:
        assert (wav.getframerate(), wav.getnchannels()) == (C.IN_RATE_HZ, 1)
        sound = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(np.float32)
    sound *= PEAK / np.abs(sound).max()
    first = np.nonzero(np.abs(sound) > 0.06 * PEAK)[0][0]
    last = np.nonzero(np.abs(sound) > 0.35 * PEAK)[0][-1]  # a crisp end: the model lingers less
    sound = sound[first : last + 1]
    front = np.zeros(-len(sound) % C.FRAME_SAMPLES, np.float32)
    return np.clip(np.concatenate([front, sound]), -32767, 32767).astype("<i2")


def noise(rng: np.random.Generator, frames: int) -> np.ndarray:
    return rng.integers(-6, 7, frames * C.FRAME_SAMPLES).astype("<i2")


def vad_stop_ms(pcm: np.ndarray, alignment: int) -> float:
    """From the last voiced frame to the decision, or raise when a pause inside the utterance ends the turn."""
    rng, stream = np.random.default_rng(7), OnnxStream(session())
    lead = 80 + alignment
    signal = np.concatenate([noise(rng, lead), pcm, noise(rng, 60)]).tobytes()
    end = lead * C.FRAME_SAMPLES + len(pcm)
    speaking, silent = False, 0
    for start in range(0, len(signal) - WINDOW_BYTES + 1, WINDOW_BYTES):
        if stream.probability(signal[start : start + WINDOW_BYTES]) >= C.VAD_THRESHOLD:
            speaking, silent = True, 0
        elif speaking:
            silent += 1
        if silent == C.VAD_STOP_WINDOWS:
            stop = (start + WINDOW_BYTES) // 2
            if stop <= end:
                sys.exit(f"{SPEECH.name} has a pause inside that ends the turn: choose another recording")
            frames_sent = -(-stop // C.FRAME_SAMPLES)
            return (frames_sent * C.FRAME_SAMPLES - end) * 1000 / C.IN_RATE_HZ
    sys.exit(f"{SPEECH.name}: the VAD heard no end")


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    pcm = utterance()
    pcm.tofile(ASSETS / "utterance.s16")
    floor = [vad_stop_ms(pcm, alignment) for alignment in range(ALIGNMENTS)]
    (ASSETS / "vad_floor.json").write_text(json.dumps(floor))
    print(f"utterance {len(pcm) / C.IN_RATE_HZ:.2f} s; VAD floor by alignment {floor} ms, mean {np.mean(floor):.1f}")


if __name__ == "__main__":
    main()
