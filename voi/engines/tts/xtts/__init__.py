"""XTTS-v2: sentences of all callers are generated together. `engine` holds the Tts; the heavy parts load at warm-up."""
