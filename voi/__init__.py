"""Voi: a realtime voice-agent backend. `docs/architecture.md` is the map of the house."""

__version__ = "0.1.0"
