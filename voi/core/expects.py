"""What the agent asked for, read from its last question. People who say a number pause between its groups of digits."""

import re
from enum import StrEnum


class Expects(StrEnum):
    OPEN = "open"
    """Anything, or nothing was asked."""
    NUMBER = "number"
    """Digits: a telephone number, a date of birth, an account."""
    SPELLING = "spelling"
    """Letters, an e-mail address, a name letter by letter."""
    LIST = "list"
    """Several items, or a street address."""
    YES_NO = "yes_no"
    CHOICE = "choice"


_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_ASKS = re.compile(
    r"\?|\b(?:please|tell|give|say|spell|read|repeat|provide|confirm|enter|need|may i have"
    r"|let me (?:know|get|have|take))\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(?:(?:phone|telephone|mobile|cell|account|card|order|booking|reference|tracking|confirmation|policy|member\w*"
    r"|customer|invoice|social security|passport|licen[cs]e|serial|room|flight|pin"
    r"|extension|routing)\s*(?:number|code|id)"
    r"|(?:zip|post\w*|postal|area|security|pin)[ -]?code|numbers?|digits|date of birth|birth ?day|expir\w+ date"
    r"|pin|call(?:ed)? you back (?:on|at))\b",
    re.IGNORECASE,
)
_SPELLING = re.compile(
    r"\b(?:spell\w*|letter by letter|e-?mail(?: address)?|(?:web|internet) address|user ?name|licen[cs]e plate"
    r"|registration|vin)\b",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:(?:street|home|postal|mailing|delivery|shipping|billing)? ?address|which ones|what items"
    r"|what would you like to order|ingredients|symptoms|list|name (?:them|all|a few|some|three|two)"
    r"|anything else you)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"(?:\A|[,;:] |\b(?:and|so|but|okay|well|great),? )(?:is|are|was|were|am|do|does|did|have|has|had|can|could"
    r"|will|would|shall|should|may|might|isn't|aren't|don't|doesn't|didn't|won't|wouldn't|shouldn't|haven't|hasn't)\b"
    r"|\b(?:right|correct|okay|ok|yes|agreed|isn't it|don't you|ready)\?\Z",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\bor\b(?! not\b)", re.IGNORECASE)
_PROMISES = re.compile(
    r"\A(?:can|could|may|shall) (?:i|we) (?:help|do|get|assist)|\A(?:how|what) (?:can|may|could)", re.IGNORECASE
)
_ASKS_FOR = re.compile(
    r"\A(?:(?:and|so|but|okay|ok|well|great|thanks?|thank you|sure|alright|now)[,.!]? )*(?:please )?"
    r"(?:can|could|would|may|will) (?:you|i)\b",
    re.IGNORECASE,
)
SENTENCES_READ = 3


def expects(said: str) -> Expects:
    """The kind of answer that the agent's words ask for, by their last sentence that asks for something."""
    sentence, _, _ = request(said).partition("\n")
    return _asked_by(sentence) if sentence else Expects.OPEN


def request(said: str) -> str:
    """The last of the agent's sentences that asks for something, and those after it, a line each; "" if none does."""
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE_END.split(said.strip())[-SENTENCES_READ:]]
    asking = [number for number, sentence in enumerate(sentences) if _ASKS.search(sentence)]
    return "\n".join(sentences[asking[-1] :]) if asking else ""


def _asked_by(sentence: str) -> Expects:
    if _PROMISES.search(sentence):
        return Expects.OPEN
    yes_no = _YES_NO.search(sentence) is not None and not _ASKS_FOR.search(sentence)
    if yes_no and sentence.endswith("?"):
        return Expects.CHOICE if _CHOICE.search(sentence) else Expects.YES_NO
    for kind, pattern in ((Expects.SPELLING, _SPELLING), (Expects.NUMBER, _NUMBER), (Expects.LIST, _LIST)):
        if pattern.search(sentence):
            return kind
    return Expects.CHOICE if sentence.endswith("?") and _CHOICE.search(sentence) else Expects.OPEN
