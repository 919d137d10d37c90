"""Whisper STT: streaming, shared by all callers of one device.

engine.py      the engine and its streams: what is asked of the event loop
decoding_state.py   one utterance: its sound, what is confirmed of it, what to decode next (pure)
agreement.py   words that two passes agree on (pure)       sound.py   the sound itself, in one timeline (pure)
turns.py       whose pass is next, and with whom (pure)     guards.py  words that nobody said (pure)
passes.py      the Backend Protocol: a batch of windows in, a batch of hypotheses out
openai_*.py    checkpoints of the openai-whisper package, decoded by a batched decoder of our own
faster_*.py    checkpoints of faster-whisper, by CTranslate2
"""
