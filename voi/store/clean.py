"""Names that every database accepts."""

from voi.store.schema import NAME_MAX


def clean(text: str, most: int = NAME_MAX) -> str:
    """A name that every database accepts: short, without NUL and lone surrogates."""
    return text[:most].replace("\0", "").encode("utf-8", "replace").decode()
