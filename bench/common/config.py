"""Constants shared by every system under test, the fakes and the load generator."""

import os

# The caller's sound.
IN_RATE_HZ = 16_000
FRAME_MS = 20
FRAME_SAMPLES = IN_RATE_HZ * FRAME_MS // 1000  # 320
FRAME_BYTES = FRAME_SAMPLES * 2

# Silero VAD: windows of 32 ms; six of them below the threshold (192 ms) end the turn.
VAD_THRESHOLD = 0.5
VAD_WINDOW_SAMPLES = 512
VAD_STOP_WINDOWS = 6
VAD_STOP_MS = 192

# Fake STT: the final transcript comes this long after it was told that speech ended.
STT_DELAY_MS = 50
TRANSCRIPT = "hello are you still open on sunday"

# Fake LLM (OpenAI-compatible, own process).
LLM_FIRST_TOKEN_MS = 50
LLM_TOKEN_PERIOD_MS = 20  # 50 tokens a second
LLM_PORT = int(os.environ.get("BENCH_LLM_PORT", "18081"))
LLM_URL = f"http://127.0.0.1:{LLM_PORT}/v1"
# No comma in the first sentence: a system that speaks clauses starts no earlier than one that speaks sentences.
SENTENCES = (
    "Sure I can help you out with that.",
    "We open at nine every morning and we close at six in the evening on all the week days here.",
)
REPLY_TOKENS = [
    ("" if i == 0 and not s else " ") + word if word != "." else word
    for s, sentence in enumerate(SENTENCES)
    for i, word in enumerate(sentence.replace(".", " .").split())
]
FIRST_SENTENCE_TOKENS = 9
LLM_SENTENCE_MS = LLM_FIRST_TOKEN_MS + (FIRST_SENTENCE_TOKENS - 1) * LLM_TOKEN_PERIOD_MS  # 210

# Fake TTS: the first chunk comes this long after the request, then four times real time.
OUT_RATE_HZ = 24_000
OUT_BYTES_PER_S = OUT_RATE_HZ * 2
TTS_FIRST_CHUNK_MS = 50
TTS_CHUNK_MS = 80
TTS_CHUNK_BYTES = OUT_BYTES_PER_S * TTS_CHUNK_MS // 1000
TTS_SPEED = 4
TTS_MS_PER_LETTER = 50


def speech_bytes(text: str) -> int:
    """Sound of a text. White space is silent, so that it does not matter where a system cuts its sentences."""
    return sum(map(len, text.split())) * TTS_MS_PER_LETTER * OUT_BYTES_PER_S // 1000


REPLY_BYTES = sum(map(speech_bytes, SENTENCES))
REPLY_MS = REPLY_BYTES * 1000 // OUT_BYTES_PER_S

# After the VAD's decision, what no system without speculation can avoid: 50 + 210 + 50 ms.
FIXED_MS = STT_DELAY_MS + LLM_SENTENCE_MS + TTS_FIRST_CHUNK_MS
