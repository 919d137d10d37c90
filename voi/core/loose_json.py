"""Reads the one flat JSON object in a model's answer, with any text around it and any kind of quotes."""

import json
import re

_FIELD = re.compile(
    r"""["'“”]?(?P<key>\w{1,40})["'“”]?\s{0,40}[:=]\s{0,40}(?:"(?P<double>[^"\n]{0,400})"|'(?P<single>[^'\n]{0,400})'"""
    r"""|“(?P<curly>[^”\n]{0,400})”|["']?(?P<bare>[^\s"',}\]][^"',}\]\n]{0,400}))"""
)
_LENGTH_MAX = 8_000


def loose_object(text: str) -> dict[str, object]:
    """The first object in the text, with its keys in lower case; {} if none is found. Never raises."""
    text = text[:_LENGTH_MAX]
    start = text.find("{")
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError):
        found = _fields(text[start:])
    return {key.lower(): value for key, value in found.items()}


def _fields(text: str) -> dict[str, object]:
    """Names and values of everything that looks like a field. Of a repeated name the first value counts."""
    fields: dict[str, object] = {}
    for match in _FIELD.finditer(text):
        value = next(v for k in ("double", "single", "curly", "bare") if (v := match[k]) is not None)
        fields.setdefault(match["key"], value.strip())
    return fields
