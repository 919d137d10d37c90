"""What people say around a value, and what is no part of it: "yes, my number is … extension 5"."""

from voi.capture.tokens import SAID_MAX_CHARACTERS, tokens_of
from voi.capture.vocabulary import Vocabulary


def without_lead(text: str, words: Vocabulary) -> str:
    """The text without what people say before a value: "yes, my e-mail address is"."""
    text = text[:SAID_MAX_CHARACTERS]
    tokens = tokens_of(text)
    at = 0
    while at < len(tokens):
        found = words.leads.match(tokens, at)
        if found and found[1] < len(tokens):
            at = found[1]
        elif at and tokens[at].said in ",:.-":
            at += 1
        else:
            break
    return text if not at else text[tokens[at].start :]


def without_trail(text: str, words: Vocabulary) -> str:
    """The text without what people say behind a name: "Anna Smith speaking"."""
    tokens = tokens_of(text)
    while tokens and tokens[-1].said in ",.!":
        tokens.pop()
    for at in range(1, len(tokens)):
        found = words.trails.match(tokens, at)
        if found and found[1] == len(tokens):
            return text[: tokens[at].start].rstrip(" ,")
    return text


def without_others(text: str, words: Vocabulary) -> str:
    """The text up to where digits begin that belong to something else: "extension 5", "expires 12 27". All of it, if
    none stand before that."""
    tokens = tokens_of(text)
    counted = False
    for at, token in enumerate(tokens):
        if counted and words.others.match(tokens, at):
            return text[: token.start]
        counted = counted or token.is_digits or token.said in words.digits or words.number(tokens, at) is not None
    return text
