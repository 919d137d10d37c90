"""Kyutai's Pocket TTS: small voices for a CPU, and voices cloned from recordings."""
