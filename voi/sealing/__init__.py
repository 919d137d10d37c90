"""Encryption of what is kept: AES-256-GCM boxes, and files of such boxes."""
