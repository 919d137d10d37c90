"""Texts that UTF-8 can hold: a model may write half a surrogate pair, in JSON with \\u escapes."""

from typing import Any


def whole_characters(value: Any) -> Any:
    """The JSON value, with "?" for each half of a surrogate pair in its texts."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {whole_characters(name): whole_characters(inner) for name, inner in value.items()}
    return [whole_characters(inner) for inner in value] if isinstance(value, list) else value
