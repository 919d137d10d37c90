"""Compares transcripts by their words, ignoring case and punctuation."""


def words(text: str) -> list[str]:
    """The words of the text in lower case, without punctuation."""
    return "".join(c for c in text.casefold() if c.isalnum() or c.isspace()).split()


def same_words(a: str, b: str | None) -> bool:
    """True if both have the same words. False if `b` is None."""
    return b is not None and (a == b or words(a) == words(b))


def continues(text: str, earlier: str) -> bool:
    """True if `text` begins with all the words of `earlier`."""
    before = words(earlier)
    return words(text)[: len(before)] == before
