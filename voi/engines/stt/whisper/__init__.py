"""Whisper STT: streaming, shared by all callers of one device.

engine.py      the engine and its streams, on the event loop
decoding_state.py   one utterance: its sound, its confirmed words, what to decode next (pure)
agreement.py   words that two passes agree on (pure)       sound.py   the sound itself, in one timeline (pure)
turns.py       the streams of the next batch (pure)         guards.py  removes hallucinations (pure)
passes.py      the Backend Protocol: a batch of windows in, a batch of hypotheses out
openai_*.py    checkpoints of the openai-whisper package, decoded by a batched decoder of our own
faster_*.py    checkpoints of faster-whisper, by CTranslate2
"""
