"""Tells stage directions (`*sighs*`) from emphasis (`*really*`) and from speech in italics (`*Note: we are closed.*`).

A lost word is worse than a gesture that is read out: only what the lists of `gestures.py` know stays silent.
"""

import re

from voi.core import gestures, props

_WORD = re.compile(r"[^\W_][\w'’-]*")
_PART = re.compile(r"[^\W_][\w-]*")
_LABEL = re.compile(r"\w\s?[:：](?:\s|\Z|(?<=：))")
_ENDS = (".", "。", "．", "।")
_SUBJECTS = re.compile(
    "i|you|he|she|it|they|we|who|that|this|er|sie|es|wer|il|elle|qui|él|ella|quien|lei|chi|to|"
    "the|an?|these|those|my|your|his|her|our|their|some|many|of|and|der|die|das|ein|eine|man|les?|la|on|un|una|une|los|el|"
    "las|gli|i|lo|si|se"
)
"""Before a single word: it belongs to the sentence."""
_SPEAKERS = re.compile(
    "i|you|we|ich|du|wir|ihr|je|tu|nous|vous|yo|tú|io|eu|você|ik|jij|я|ты|вы|мы|your|our|my|no|nicht|kein|pas|"
    "dein|euer|unser|mein|votre|notre|mon|nuestr[oa]|su|mi|il|mio|tuo|nostro"
)
_BESIDE_GERUNDS = re.compile(
    r"\w+ly|at|to|up|down|away|back|in|out|around|over|you|loud|hard|again|head|hands|hand|eyes|lips|arms|a|an|the|her|his"
)
_SMALL = re.compile("with|from|into|over|under|avec|para|dans|oder|dell[aeo]|nell[aeo]|sull[aeo]|zwischen|from")
_ABOUT_TONE = re.compile(
    "tone|voice|mood|emotion|style|in|with|an?|very|slightly|and|tonfall|stimme|mit|voix|ton|voz|tono|语气|地|声音"
)
_ALONE = re.compile(
    "types|waits|listens|checks|dials|searches|looks|stands|sits|rises|enters|exits|arrives|departs|returns|works|sings|"
    "speaks|reads|writes|scrolls|clicks|thinks|eats|sleeps|wakes|freezes|relaxes|brightens|softens|approaches|retreats|"
    "hesitates|disappears|vanishes|reappears|cheers|screams|yells|shouts|prays|collapses|melts|panics|disconnects"
)
"""Actions that one word tells."""
_ACTION = re.compile(
    r"(?!(?:hands|heads|hats|thumbs|eyes|bottoms) (?:up|off|down)\Z)(?!(?:need|mean|meet|save|cost|make|fit|suit|cover|"
    r"contain|get|help|want|ha|ensure|make|require|keep|beat|deserve|cover)s )(?:goes|[a-z]{2,}[^\W\daious]s) "
    r"(?:(?:the|his|her|their|your) [a-z]|(?:up|down|away|off|out|over|back|around|closer|forward|aside|[a-z]{3,}ly|"
    r"[a-z]{3,}[^\We]ed)\Z).*|gets (?:up|down|off|out|ready|closer|dressed)|"
    r"(?:hand|pass|pour|slide|tosse|throw|serve|bring|show|lead)s (?:you|him|her|them) (?:the|an?|his|her|your|some) .*"
)
"""A verb of the third person with its object, its particle or its manner, and not what an advertisement says."""
_SENTENCE_ENDS = frozenset(".!?…。！？\"'”’)")
_NOUN_WORDS_MAX = 4


def is_direction(text: str, line: str, after: str) -> bool:
    """True if `text`, which is between asterisks, is a stage direction; False if it is to be spoken. `line`: what
    precedes it in its line. `after`: the next character, after a space if there is one; "" at the end."""
    after = after.strip(" ")
    line = line.rstrip(" \t*")
    words = [word.casefold() for word in _PART.findall(text)]
    if not words or after in (":", "：") or _LABEL.search(text):
        return False
    if gestures.WITHOUT_SPACES.search(text) or props.has_arabic_or_hindi_gesture(text):
        return True
    in_sentence = line[-1:].isalnum() and not line[-1:].isdigit()
    begins_sentence = text[0].isupper() and after.islower()
    if _acts(text, words):
        before = _WORD.findall(line) if in_sentence else []
        emphatic = len(words) == 1 and bool(before) and _SUBJECTS.fullmatch(before[-1].casefold()) is not None
        return not (emphatic or begins_sentence)
    if in_sentence or begins_sentence:
        return False
    if _handles(text, words) and not after.islower():
        return True
    fills = (not line or line[-1] in _SENTENCE_ENDS) and not (after.islower() or after in (".", ",", ";", "!", "?"))
    if fills and _is_action(text, words):
        return True
    if text.islower() and len(words) == 1 and gestures.MOODS.fullmatch(words[0]):
        return not after.islower()
    return _is_pause_or_sound(words) or (len(words) == 1 and text.islower() and bool(gestures.BARE.fullmatch(words[0])))


def is_tone(text: str, line: str, after: str) -> bool:
    """True if `text`, which is in brackets, says how the words after it are to be spoken: "warm", "in a soft voice"."""
    words = [word.casefold() for word in _PART.findall(text)]
    while words and (_ABOUT_TONE.fullmatch(words[0]) or _ABOUT_TONE.fullmatch(words[-1])):
        words = words[1:] if _ABOUT_TONE.fullmatch(words[0]) else words[:-1]
    line, after = line.rstrip(" \t"), after.strip(" ")
    in_sentence = line[-1:].isalnum() and (line[-1:] < "\u0e00" or after in _ENDS)
    if not words or in_sentence or (text[:1].isupper() and after.islower()):
        return False
    return all(gestures.TONES.fullmatch(word) or gestures.MOODS.fullmatch(word) for word in words)


def is_gesture(text: str) -> bool:
    """True if this is certainly a gesture, whatever the context."""
    words = [word.casefold() for word in _PART.findall(text)]
    return bool(words) and text[-1].isalpha() and _acts(text, words)


def _acts(text: str, words: list[str]) -> bool:
    """True if the words describe an action: "smiles", "slowly nods", "she looks away", "her eyes widen", "Robin
    smiles."."""
    first, rest = words[0], words[1:]
    if gestures.VERBS.fullmatch(first):
        return not (_is_title(text) or _is_compound(words))
    if rest and props.ENGLISH.verb.fullmatch(first) and gestures.MOODS.fullmatch(rest[-1]):
        return True
    if gestures.MOVES.fullmatch(first) and _moves(rest):
        return not (_is_title(text) or (first.endswith("ing") and rest[0] in ("distance", "room")))
    if gestures.PHRASES.fullmatch(" ".join(words)):
        return True
    if not rest or (_SPEAKERS.fullmatch(first) and not gestures.THIRD_PERSON.fullmatch(first)):
        return _has_body(words)
    if gestures.REFLEXIVES.fullmatch(first) or gestures.MANNER.fullmatch(first) or first == "en":
        return _acts(text, rest)
    if gestures.THIRD_PERSON.fullmatch(first):
        return _acts("", rest)
    if _has_body(words):
        return True
    is_name = text[:1].isupper() and text.endswith(_ENDS)
    return is_name and bool(gestures.VERBS.fullmatch(rest[0])) and not _is_title(text)


def _handles(text: str, words: list[str]) -> bool:
    """True for "adjusts his glasses", "se ajusta las gafas", "she sips her coffee" and the like."""
    while len(words) > 1 and (
        gestures.REFLEXIVES.fullmatch(words[0])
        or gestures.MANNER.fullmatch(words[0])
        or gestures.THIRD_PERSON.fullmatch(words[0])
    ):
        words = words[1:]
    return props.is_handling(words) and not _is_title(text)


def _is_action(text: str, words: list[str]) -> bool:
    """True for an English verb of the third person without its subject: "types", "hands you the key", "is typing"."""
    if not text.islower() or not (text.isascii() and text[-1].isalpha()):
        return False
    first, rest = words[0], words[1:]
    if not rest:
        return _ALONE.fullmatch(first) is not None
    if first == "is":
        return rest[0].endswith("ing") and rest[0] not in ("nothing", "missing", "amazing", "closing", "opening")
    if props.ENGLISH.not_first.fullmatch(first) or any(map(props.BUSINESS.fullmatch, words)):
        return False
    return _ACTION.fullmatch(" ".join(words)) is not None


def _moves(rest: list[str]) -> bool:
    return any(gestures.PLACES.fullmatch(word) or gestures.VERBS.fullmatch(word) for word in rest)


def _has_body(words: list[str]) -> bool:
    """ "eyes widen", "his voice trembles"."""
    parts = words[1:] if gestures.POSSESSIVES.fullmatch(words[0]) else words
    return len(parts) > 1 and bool(gestures.BODY.fullmatch(parts[0])) and bool(gestures.BODY_VERBS.fullmatch(parts[1]))


def _is_pause_or_sound(words: list[str]) -> bool:
    """ "a long pause", "ahem", "soupir"."""
    if len(words) > _NOUN_WORDS_MAX:
        return False
    others = [word for word in words if not gestures.NOUNS.fullmatch(word)]
    return len(others) < len(words) and all(map(gestures.BESIDE_NOUNS.fullmatch, others))


def _is_compound(words: list[str]) -> bool:
    """True for "dancing shoes", "laughing gas": things, not actions."""
    return len(words) == 2 and words[0].endswith("ing") and not _BESIDE_GERUNDS.fullmatch(words[1])


def _is_title(text: str) -> bool:
    long = [word for word in _WORD.findall(text) if len(word) > 3 and not _SMALL.fullmatch(word)]
    return len(long) > 1 and all(word[0].isupper() for word in long)
