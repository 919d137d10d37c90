"""Calls that Voi makes: ordered, queued, dialled, and talked, with what keeps them from harm."""
