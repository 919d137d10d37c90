"""What the words alone say about the turn: has the person finished, and is it only a backchannel such as "mhm"?

A light end-of-turn heuristic that needs no model. It knows English, and other languages by their punctuation and most
common small words. STT engines end almost every text with a full stop, so a full stop counts for little and the last
word for much.
"""

import re
from collections.abc import Sequence

from voi.core.open_words import ENDINGS, ENGLISH, GREETINGS, OTHERS

_SIGNS = re.compile(r"[.,;:!?…\"“”„«»()\[\]{}*_~/–—。！？．、，；：・「」『』،؟؛۔।॥¿¡]+")
_END_SIGNS = re.compile(r"[\s\"'”’»)\]]*\Z")
_UNFINISHED_END = re.compile(r"(?:[,;:、，；：،–—-]|\.\.+|…)\Z")
_QUESTION_OR_SHOUT = re.compile(r"[?!？！؟;]\Z")
_STOP = re.compile(r"[.。।॥۔።]\Z")

UNFINISHED, LIKELY_UNFINISHED, LIKELY_FINISHED, FINISHED = 0.1, 0.3, 0.7, 0.95


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLERS = _words("um uhm umm uh er erm ehm hmm hm äh ähm öh öhm euh ehh eeh este ээ эм えっと あの 那个 呃 嗯嗯")
_STRANDED = _words("of from into with without to at for like as is are was were am be been")
"""These can end questions ("where are you from") and short answers ("yes I am")."""
_OPENS_QUESTION = _words(
    "who whom whose what which where when why how do does did is are am was were can could will would shall should "
    "may might have has had"
)
_SHORT_ANSWERS_WITH_VERB = re.compile(
    r"(?:(?:yes|yeah|yep|no|nope|oh|sure|well|so|of course)\s+)*"
    r"(?:i|you|he|she|it|we|they|that|this|there)\s+(?:is|are|was|were|am)\Z"
    r"|.*(?:(?:n't|\bnot|\bnever) (?:want|have|need|like)|\bused|\blove) to\Z"
)
_OPENS_CLAUSE = _words("if when because since although while unless once whenever before after")

_OPENS_MORE = _words("and so but then because or")
"""One of these continues a statement, which is incomplete until a verb follows."""
_VERBS = _words(
    "is are am was were be been being has have had do does did done can could will would shall should may might "
    "must go goes went gone get gets got make makes made say says said tell tells told take takes took taken come "
    "comes came see sees saw seen know knows knew known think thinks thought want wants need needs like likes love "
    "loves hate hates look looks give gives gave given find finds found use uses work works feel feels felt try "
    "tries leave leaves left call calls keep keeps kept let lets begin begins began help helps show shows hear "
    "hears heard play plays run runs ran move moves live lives believe believes bring brings brought happen "
    "happens write writes wrote written sit sits sat stand stands stood lose loses lost pay pays paid meet meets "
    "met set sets learn learns lead leads led understand understands understood watch watches follow follows stop "
    "stops speak speaks spoke read reads spend spends spent grow grows grew open opens walk walks win wins won "
    "teach teaches taught offer offers remember remembers buy buys bought send sends sent build builds built stay "
    "stays fall falls fell cut cuts reach reaches kill kills raise raises pass passes sell sells sold decide "
    "decides return returns explain explains hope hopes carry carries break breaks broke eat eats ate drink drinks "
    "drank sleep sleeps slept ask asks asked put puts start starts turn turns talk talks sing sings sang book "
    "order change cancel wait mean means meant seem seems became become becomes cost costs thank drive drives "
    "drove fly flies flew hold holds held wish wishes wonder wonders"
)  # fmt: skip
_VERB_ENDINGS = ("ed", "ing", "n't", "'s", "'re", "'ll", "'d", "'ve", "'m")
_VERBLESS_WORDS_MAX = 8

_ANSWERS = _words(
    "yes yeah yep yup no nope nah sure ok okay alright right exactly correct absolutely definitely certainly maybe "
    "perhaps probably never always please thanks stop wait cancel continue next repeat help done hello hi hey bye "
    "goodbye goodnight sorry pardon what why how who when where really great good fine cool nice awesome perfect "
    "wow agreed deal ja nein doch danke bitte hallo tschüss halt stopp genau oui non merci bonjour salut arrête sí "
    "si gracias hola adiós para vale claro sim não obrigado obrigada olá tchau pare sì grazie ciao basta nee dank "
    "hoi doei tak nie dziękuję cześć да нет спасибо привет стоп пока так ні дякую はい いいえ ありがとう "
    "こんにちは 是 不是 好 好的 谢谢 你好 停 네 아니요 감사합니다 안녕하세요 نعم لا شكرا مرحبا हाँ नहीं धन्यवाद "
    "नमस्ते evet hayır teşekkürler merhaba dur"
)
_ANSWER_PHRASES = frozenset(
    {
        "thank you", "thank you very much", "thanks a lot", "no thanks", "no thank you", "yes please", "of course",
        "i see", "got it", "sounds good", "that's it", "that's all", "not really", "not yet", "i don't know",
        "i think so", "i hope so", "good morning", "good afternoon", "good evening", "good night", "how are you",
        "what's up", "see you", "go on", "go ahead", "never mind", "hold on", "shut up", "be quiet", "one moment",
        "yes i am", "no i'm not", "me too", "all right", "auf wiedersehen", "guten tag", "guten morgen", "ça va",
        "au revoir", "d'accord", "buenos días", "buenas tardes", "por favor", "muchas gracias", "de nada", "bom dia",
        "per favore", "va bene", "dank je", "to je vše", "merci beaucoup", "vielen dank",
    }
)  # fmt: skip

_BACKCHANNELS = _words(
    "mhm mm mmm mmhm mmhmm mm-hmm mm-hm mhmm hmm hm uh-huh uhuh uhhuh huh uh um ah aha ah-ha oh ooh ok okay k yeah "
    "yep yup ya yes right sure alright true indeed exactly totally cool nice wow great good really gotcha "
    "interesting ja jaja jo genau stimmt klar achso ach hm-hm oui ouais d'accord voilà exact sí si claro vale ajá "
    "exacto sim pois isso certo é sì già esatto jasne да ага угу так понятно うん はい ええ そう そうですね へえ "
    "なるほど 嗯 嗯嗯 对 对对 是 是的 哦 好 好的 네 응 예 그래 نعم ايوه تمام हाँ हां जी अच्छा ठीक evet hı-hı tamam"
)
_BACKCHANNEL_PHRASES = frozenset(
    {
        "uh huh", "mm hmm", "mm hm", "m hm", "i see", "got it", "of course", "all right", "oh really", "go on",
        "is that so", "makes sense", "that's right", "that's true", "oh wow", "ach so", "ah ja", "ah oui", "bien sûr",
        "je vois", "ah bon", "ya veo", "por supuesto", "de acuerdo", "va bene", "ho capito", "entendi", "そう です ね",
        "हाँ जी",
    }
)  # fmt: skip
_BACKCHANNEL_WORDS_MAX = 4
WORD_MIN_MS, VOICE_MIN_MS = 100, 40


def completeness(text: str) -> float | None:
    """Probability 0..1 that a person who said this and fell silent has finished; None: it cannot be told."""
    said = _END_SIGNS.sub("", text.strip())
    words = spoken_words(said)
    if not words:
        return None
    phrase, last = " ".join(words), words[-1]
    if last in _FILLERS or _UNFINISHED_END.search(said):
        return UNFINISHED
    if _QUESTION_OR_SHOUT.search(said):
        return FINISHED
    if phrase in _ANSWER_PHRASES or (len(words) <= 2 and all(word in _ANSWERS for word in words)):
        return FINISHED
    if last == "so" and len(words) > 1 and words[-2] not in ("think", "hope", "guess", "say", "believe", "suppose"):
        return LIKELY_UNFINISHED
    if _breaks_off(last) and not _stranded(words, phrase):
        return UNFINISHED
    if words[0] in _OPENS_CLAUSE and len(words) <= 5 and "," not in said:
        return LIKELY_UNFINISHED
    if _lacks_its_verb(words):
        return UNFINISHED
    if _STOP.search(said):
        return LIKELY_FINISHED
    return None


def _breaks_off(last: str) -> bool:
    return last in ENGLISH or last in OTHERS or (last.endswith(ENDINGS) and last not in GREETINGS)


def ends_open(text: str) -> bool:
    """True if the STT put no end mark (a full stop, a question mark) after the last word."""
    said = _END_SIGNS.sub("", text.strip())
    return not (_STOP.search(said) or _QUESTION_OR_SHOUT.search(said))


def has_filler_end(text: str) -> bool:
    """True if the last word is a filler such as "um"."""
    words = spoken_words(text)
    return bool(words) and words[-1] in _FILLERS


def _lacks_its_verb(words: list[str]) -> bool:
    """True for "And so my fellow Americans": a statement was begun and its verb is still missing."""
    return (
        words[0] in _OPENS_MORE
        and 3 <= len(words) <= _VERBLESS_WORDS_MAX
        and not any(word in _VERBS or word.endswith(_VERB_ENDINGS) for word in words)
    )


def is_backchannel(text: str) -> bool:
    """True if the text is only a backchannel ("mhm", "yeah", "I see"): it shows that the person listens."""
    words = spoken_words(text)
    if not words or len(words) > _BACKCHANNEL_WORDS_MAX or "?" in text:
        return False
    phrase = " ".join(words)
    if phrase in _BACKCHANNEL_PHRASES:
        return True
    for known in _BACKCHANNEL_PHRASES:  # "yeah I see", "I see, right"
        if phrase.startswith(known + " ") or phrase.endswith(" " + known):
            words = spoken_words(phrase.replace(known, " ", 1))
            break
    return all(word in _BACKCHANNELS for word in words)


def _stranded(words: list[str], phrase: str) -> bool:
    """True if the last word usually continues, but here ends a question or a short answer."""
    if words[-1] not in _STRANDED:
        return False
    return words[0] in _OPENS_QUESTION or _SHORT_ANSWERS_WITH_VERB.match(phrase) is not None


def spoken_words(text: str) -> list[str]:
    """The words in lower case, without punctuation."""
    plain = _SIGNS.sub(" ", text.replace("’", "'").casefold())
    return [bare for word in plain.split() if (bare := word.strip("'-"))]


def could_say(words: Sequence[str], voice_ms: int) -> bool:
    """True if a person can say that many words in `voice_ms` of voice. Transcripts of coughs often have more."""
    return voice_ms >= VOICE_MIN_MS + WORD_MIN_MS * len(words)
