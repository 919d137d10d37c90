"""Voi: a realtime voice-agent backend. `docs/architecture.md` is the map of the code."""

__version__ = "0.1.0"
