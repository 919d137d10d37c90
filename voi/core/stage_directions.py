"""Tells stage directions (`*sighs*`) from emphasis (`*really*`) and from speech in italics (`*Note: we are closed.*`).

Languages differ in their verbs and agree in how directions are set: alone, in lower case and without a full stop.
"""

import re

_WORD = re.compile(r"[^\W_][\w'’-]*")
_LABEL = re.compile(r"\w\s?[:：](?:\s|\Z|(?<=：))")
_MID_SENTENCE = ",;，、؛،:：—–("
_ENDS = ".…。．।"
_EMPHATIC = "!?！？؟"

_ENGLISH = (
    "applaud|beam|blush|bow|breath|cackl|chuckl|cough|cringe|cri|exhal|frown|gasp|giggl|grin|groan|growl|gulp|hesitat|hug|"
    "inhal|kiss|laugh|moan|mumbl|murmur|mutter|nod|paus|pout|purr|shiver|shrug|shudder|sigh|smil|smirk|snicker|sniffl?|"
    "snort|sob|squeal|stammer|stutter|swallow|trembl|wav|weep|whisper|whistl|winc|wink|yawn"
)
_GERMAN = (
    "atmet|errötet|flüstert|gähnt|grinst|hustet|kichert|klatscht|lacht|lächelt|murmelt|nickt|räuspert|schluchzt|"
    "schluckt|schmunzelt|schüttelt|schweigt|seufzt|strahlt|umarmt|verbeugt|weint|winkt|zittert|zögert|zuckt|zwinkert|"
    "(?:flüster|grins|kicher|lach|lächel|nick|schmunzel|seufz|strahl|wein|zwinker|zöger)e?nd"
)
_FRENCH = (
    "acquiesce|applaudit|bâille|chuchote|glousse|hoche|hausse|murmure|pleure|pouffe|ricane|rigole|rit|rougit|sanglote|"
    "secoue|soupire|sourit|tousse|souriant|soupirant|riant"
)
_SPANISH = (
    "abraza|aplaude|asiente|bosteza|carraspea|guiña|llora|murmura|ríe|solloza|sonríe|sonroja|suspira|susurra|tose|"
    "riendo|sonriendo|suspirando|asintiendo"
)
_ITALIAN = "ammicca|annuisce|applaude|arrossisce|mormora|piange|ridacchia|sbadiglia|sospira|sorride|sussurra|sorridendo"
_PORTUGUESE = "acena|boceja|chora|cora|gargalha|pisca|sorri|suspira|sussurra|sorrindo|suspirando|rindo"
_DUTCH_NORDIC = (
    "bloost|fluistert|gaapt|giechelt|glimlacht|grijnst|hoest|huilt|knikt|knipoogt|zucht|skrattar|suckar|nickar|"
    "smiler|sukker|nikker|hymyilee|nauraa|huokaa|nyökkää"
)
_SLAVIC = (
    "chichocze|kaszle|kiwa|mruga|płacze|rumieni|szepcze|uśmiecha|wzdycha|ziewa|śmieje|směje|usmívá|povzdechne|"
    "přikývne|вздыхает|зевает|качает|кашляет|кивает|краснеет|плачет|подмигивает|пожимает|сме[её]тся|улыба(?:ется|ясь)|"
    "усмехается|хихикает|шепчет|улыбнул(?:ся|ась)|посміхається|сміється|зітхає|киває"
)
_OTHERS = (
    "bólint|kacsint|mosolyog|nevet|sóhajt|suttog|gülümse(?:r|yerek)|gülümsüyor|gülüyor|fısıldar|χαμογελά(?:ει)?|γελάει"
)
_GESTURE = re.compile(
    rf"(?:{_ENGLISH})(?:e?s|e?d|ing|ting|ped|bing|ding)|{_GERMAN}|{_FRENCH}|{_SPANISH}|{_ITALIAN}|{_PORTUGUESE}|"
    rf"{_DUTCH_NORDIC}|{_SLAVIC}|{_OTHERS}"
)
"""A verb that is nearly always a stage direction between asterisks, such as smiles, laughing or lächelt."""
_GESTURE_WITHOUT_SPACES = re.compile(
    "[笑哭叹嘆泣頷]|点头|點頭|摇头|搖頭|眨|咳|脸红|臉紅|耸肩|聳肩|鞠躬|拥抱|擁抱|ため息|うなず|ウインク|照れ|にっこり|"
    "미소|웃|한숨|끄덕|윙크|기침|고개|मुस्क|हँस|हंस|[يت]بتسم|[يت]ضحك|[يت]تنهد|ابتسم|ยิ้ม|หัวเราะ|ถอนหายใจ"
)
_MOVE = re.compile(
    "(?:cross|glanc|hand|hold|lean|lift|lower|look|nudg|offer|pat|plac|point|pull|push|put|rais|reach|shak|sit|stand|"
    "star|step|tak|tap|tilt|touch|turn|walk|rub|roll|tuck)(?:e?s|ing|ting|ping)|"
    "beugt|blickt|dreht|hebt|hält|klopft|legt|lehnt|neigt|nimmt|reicht|runzelt|schaut|setzt|streicht|überlegt|"
    "regarde|prend|penche|réfléchit|mira|inclina|sacude|encoge|guarda|scuote|olha|balança|kijkt|schudt|patrzy|смотрит"
)
"""A verb that opens many stage directions, and stands in ordinary sentences too."""
_LOOKS_LIKE_VERB = re.compile(r"[^\W_]{3,}(?:s|ing)")
_NO_VERBS = re.compile(
    "across|always|anything|being|business|christmas|during|everything|greetings|having|his|its|king|less|morning|"
    "evening|nothing|perhaps|plus|politics|something|sometimes|spring|string|thanks|thing|this|thus|unless|"
    "wedding|meeting|building|news|yes|ours|yours|theirs"
)
_THIRD_PERSON = re.compile("he|she|his|her|hers|er|elle|él|ella|lui|ele|ela|hij|он|она|він|вона")
_STARTS_WITH_THIRD_PERSON = re.compile("[他她]|彼|그는|그녀|그가")
_SUBJECTS = re.compile("i|you|he|she|it|they|we|who|that|this|er|sie|es|wer|il|elle|qui|él|ella|quien|lei|chi")
_WITHOUT_SPACES = re.compile("[\u2e80-\ua4cf\uf900-\ufaff]")
_SPEAKERS = re.compile("i|you|we|ich|du|wir|ihr|je|tu|nous|vous|yo|tú|io|eu|você|ik|jij|я|ты|вы|мы")
_EMPHASIS_MAX_CHARACTERS = 4
"""Of writing without capitals and spaces. A longer text between asterisks is a direction."""


def is_direction(text: str, line: str, after: str) -> bool:
    """Is `text`, which stands between asterisks, a stage direction? False: it is to be spoken. `line`: what precedes it
    in its line. `after`: the next character, after a space if there is one; "" at the end."""
    set_off, after = after[:1] == " ", after.strip(" ")
    line = line.rstrip(" \t*")
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words or after in (":", "：") or _LABEL.search(text):
        return False
    mid = line[-1:].isalnum() or line[-1:] in tuple(_MID_SENTENCE)
    acting = words[: 1 if _SPEAKERS.fullmatch(words[0]) or _is_title(text) else 2]
    if any(map(_GESTURE.fullmatch, acting)) or _GESTURE_WITHOUT_SPACES.search(text):
        before = _WORD.findall(line) if line[-1:].isalnum() else []
        return not (len(words) == 1 and before and _SUBJECTS.fullmatch(before[-1].casefold()))
    if len(words) > 1 and (_THIRD_PERSON.fullmatch(words[0]) or _MOVE.fullmatch(words[0])):
        return True
    if _STARTS_WITH_THIRD_PERSON.match(text):
        return True
    verb = _LOOKS_LIKE_VERB.fullmatch(words[0]) is not None and _NO_VERBS.fullmatch(words[0]) is None
    if mid:
        return verb and len(words) > 1 and not line[-1].isalnum()
    if text[-1] in _EMPHATIC:
        return False
    if text[0].islower():
        return verb or len(words) > 1 or not after.islower()
    if text[0].isupper():
        return verb and not after.islower() and text[-1] not in _ENDS and not _is_title(text)
    if text[-1] in _ENDS or text[0].isdigit() or not text[0].isalpha():
        return False
    set_off = set_off and _WITHOUT_SPACES.match(text) is not None
    return set_off or after in ("", "\n") or " " in text or len(text) > _EMPHASIS_MAX_CHARACTERS


def _is_title(text: str) -> bool:
    long = [word for word in _WORD.findall(text) if len(word) > 3]
    return len(long) > 1 and all(word[0].isupper() for word in long)
