"""Ears of services: speech to text over a provider's WebSocket or HTTP."""
