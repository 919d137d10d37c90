"""Thoughts that models write behind a label, and not between marks: "Thinking: …", "## Reasoning", "(Thought: …)",
"【思考】…". Where such a thought ends is told by the label of the answer, or by a blank line.
"""

import re
from typing import Literal, NamedTuple

THOUGHT_MAX_CHARACTERS = 1_000
"""So much is read to find the end of what may be a thought. A longer text is one only if it sounds like one."""

_SURE = (
    "thinking process", "thought process", "thinking out loud", "thinking aloud", "thinking", "thoughts", "thought",
    "my thinking", "my thoughts", "my thought process", "inner thoughts", "internal thoughts", "inner monologue",
    "internal monologue", "chain of thought", "chain-of-thought", "scratchpad", "internal reasoning",
    "denkprozess", "gedankengang", "gedankengänge", "gedanken", "gedanke", "innerer monolog", "pensées", "pensée",
    "processus de pensée", "pensamientos", "pensamiento", "proceso de pensamiento", "pensieri", "pensiero",
    "processo di pensiero", "pensamentos", "pensamento", "gedachtegang", "gedachten", "gedachte", "мысли", "мысль",
    "ход мыслей", "размышления", "размышление",
    "myśli", "myśl", "myšlenky", "myšlenka", "düşünce süreci", "düşünce",
    "gondolatmenet", "tankegang", "tankar",
    "思考过程", "思考過程", "思考", "思路", "内心独白", "考え", "생각", "사고 과정",
    "التفكير",
    "विचार",
)  # fmt: skip
"""Labels of thoughts alone."""
_REASONING = (
    "reasoning process", "reasoning", "my reasoning", "step-by-step reasoning", "überlegungen", "überlegung",
    "begründung", "raisonnement", "réflexion", "réflexions", "razonamiento", "ragionamento", "raciocínio", "redenering",
    "рассуждения", "рассуждение", "rozumowanie", "推理过程", "推理", "推論", "추론",
)  # fmt: skip
"""Labels of thoughts, and of reasons: a heading is of a thought."""
_WEAK = (
    "think",
    "reason",
    "analysis",
    "plan",
    "planning",
    "rationale",
    "reflection",
    "analyse",
    "análisis",
    "analisi",
    "análise",
    "分析",
)
"""Labels of what may be meant to be heard, unless an answer follows them."""
_ANSWERS = (
    "final answer|final response|final reply|final output|my answer|my response|my reply|answer|response|reply|"
    "output|final|say|speak|spoken|speech|"
    "endgültige antwort|antwort|réponse finale|réponse|respuesta final|respuesta|risposta finale|risposta|"
    "resposta final|resposta|antwoord|итоговый ответ|ответ|відповідь|odpowiedź|odpověď|cevap|yanıt|válasz|svar|vastaus|"
    "最终回答|最終回答|最终答案|回答|回复|回覆|答复|答案|返答|応答|답변|대답|응답|الإجابة|الجواب|उत्तर|जवाब"
)
LABELS = (*_SURE, *_REASONING, *_WEAK)
"""All labels of thoughts, in lower case."""
_ANY_WORD = "|".join(map(re.escape, sorted(LABELS, key=len, reverse=True)))
_OPENING, _CLOSING = "#>*_ \t💭🤔🧠=~-", "*_ \t=~-"
_HEAD = re.compile(
    rf"(?P<marks>[{_OPENING}]{{0,8}})(?P<bracket>[\[【])?(?P<word>{_ANY_WORD})(?(bracket)[\]】])"
    rf"(?P<after>[{_CLOSING}]{{0,6}})(?:(?P<colon>[:：])[{_CLOSING}]{{0,6}}|(?P<dots>\.{{2,3}}|…)?"
    rf"[{_CLOSING}]{{0,6}}(?=\n|\Z)|(?<=】)|(?<=\])(?=[ \t]*\n))",
    re.IGNORECASE,
)
_NOTE_WORD = "|".join(map(re.escape, sorted((*_SURE, *_REASONING), key=len, reverse=True)))
_NOTE = re.compile(
    rf"(?P<open>[(\[{{（【]|\*(?!\*)|_(?!_))(?P<word>{_NOTE_WORD})(?: for [^:\n]{{1,20}})?[ \t]?[:：](?![*_])",
    re.IGNORECASE,
)
_NOTE_ENDS = {"(": ")", "[": "]", "{": "}", "（": "）", "【": "】"}
_LONGEST = max(map(len, LABELS)) + 20
_KNOWN = frozenset(LABELS)
_BEGINNINGS = frozenset(word[:length] for word in LABELS for length in range(len(word) + 1))
_ANSWER = re.compile(
    rf"^[{_OPENING}]{{0,8}}(?:\[?(?:{_ANSWERS})\]?[{_CLOSING}]{{0,6}}(?:[:：][{_CLOSING}]{{0,6}}|(?=\n))|"
    rf"(?:\.{{2,3}}|…)? ?done thinking\b\.?|(?P<action>action)[{_CLOSING}]{{0,4}}:)|"
    rf"\[/\w{{1,20}}\]|(?:\[|【)(?:{_ANSWERS})(?:\]|】)[:：]?",
    re.MULTILINE | re.IGNORECASE,
)
_ANSWER_HEADING = re.compile(
    rf"#{{1,6}} +[*_]{{0,2}}(?:{_ANSWERS}|assistant)[*_]{{0,2}}[ \t]?:?[*_]{{0,2}}[ \t]*\n\s*", re.IGNORECASE
)
_BLANK_LINE = re.compile(r"\n[ \t>]*\n\s*")
_USER = (
    r"\bthe user|\b(?:this|the|a) (?:person|caller|customer|guest|visitor) (?:is|wants|asks|asked|says|said|greets?)\b|"
    r"\bthey(?: are|'re)? (?:ask|greet|want|say|said|seem)|"
    r"\bI (?:should|need to|must|ought to) (?:respond|answer|reply|greet|ask)|"
    r"\bder (?:nutzer|benutzer|user)\b|\bdie nutzerin|\bl'utilisateur|\bel usuario|\bla usuaria|\bl'utente|\bo usuário|"
    r"\bde gebruiker|\bпользовател|\bużytkownik|\buživatel|\bkullanıcı|用户|用戶|ユーザー|사용자"
)
_OF_THE_USER = re.compile(_USER, re.IGNORECASE)
"""How models speak of the person while they think."""
_META = re.compile(
    rf"{_USER}|\bI (?:should|need to|must|have to|ought to)\b|\brespond|\b(?:my|a|the) (?:response|reply|answer)\b|"
    r"\blet me (?:think|respond|answer|greet|see what)\b|\bgreet (?:them|the|back|her|him)\b|"
    r"\bich (?:sollte|muss|soll)\b|\bje (?:dois|devrais)\b|\b(?:debo|debería|devo|dovrei)\b|\bik moet\b|"
    r"我(?:应该|需要|得)|べき",
    re.IGNORECASE,
)
"""And of their own answer."""
_LONGEST_END = 200
"""More characters than an answer's label has, or a blank line with what is judged behind it."""
_JUDGED_CHARACTERS = 80
"""So much of a paragraph shows whether it still belongs to the thought."""
_SENTENCE = re.compile(r".{32,}?[.!?。！？]", re.DOTALL)
"""A sentence of some length shows it, too."""


class Label(NamedTuple):
    """A label that has been read. `end`: where the thought begins. `note_end`: the sign that ends it, if it is in
    brackets. `certain`: what follows is known to be a thought, which only has to end."""

    end: int
    sure: bool
    is_heading: bool
    note_end: str = ""
    certain: bool = False


def label_at(text: str, at: int, *, final: bool) -> Label | Literal["wait"] | None:
    """The label that begins at `at`, the beginning of a line. "wait": more text is needed to tell."""
    if text[at] in "([{（【*_" and (note := note_at(text, at)):
        return note
    if head := _HEAD.match(text, at):
        if head.end() == len(text) and not final:
            return "wait"  # more signs of the label may come
        word = head["word"].lower()
        decorated = bool(set(head["marks"]) & set("#>*_=~💭🤔🧠")) or bool(head["bracket"])
        if not (head["colon"] or decorated) and head.end() == len(text):
            return None  # a single word
        sure = word in _SURE or (word in _REASONING and decorated)
        if head["colon"] or head["bracket"] or sure:
            return Label(head.end(), sure, not head["colon"])
        return None
    return "wait" if not final and _may_grow(text, at) else None


def answer_heading_at(text: str, at: int) -> int | None:
    """Where a heading such as "### Response:" ends, which nobody says."""
    heading = _ANSWER_HEADING.match(text, at)
    return heading.end() if heading else None


def note_at(text: str, at: int) -> Label | None:
    """The beginning of a thought in brackets or italics."""
    note = _NOTE.match(text, at)
    return Label(note.end(), True, False, _NOTE_ENDS.get(note["open"], note["open"])) if note else None


def may_be_note(text: str, at: int) -> bool:
    """Is what the text ends with perhaps the beginning of a thought in brackets?"""
    return len(text) - at <= _LONGEST and "\n" not in text[at:] and _begins_label(text[at + 1 :])


def _may_grow(text: str, at: int) -> bool:
    rest = text[at : at + _LONGEST]
    return at + len(rest) == len(text) and _begins_label(rest.lstrip(_OPENING + "[【(（{"))


def _begins_label(rest: str) -> bool:
    """Does the rest of the text begin a label, or is it one whose sign has not come?"""
    rest = rest.lower()
    return rest in _BEGINNINGS or rest.rstrip(_CLOSING + "]】.…") in _KNOWN


def answer_at(text: str, label: Label, *, final: bool) -> int | None:
    """Where what is to be heard begins; 0: the text has no thought; None: more of it is needed to tell. -1: it is a
    thought longer than THOUGHT_MAX_CHARACTERS."""
    begin, is_longer = label.end, len(text) > THOUGHT_MAX_CHARACTERS
    text = text[:THOUGHT_MAX_CHARACTERS]
    final = final and not is_longer
    answer = _ANSWER.search(text, begin - 1 if label.is_heading else begin)
    for blank in _BLANK_LINE.finditer(text, begin) if label.sure else ():
        head = _BLANK_LINE.split(text[blank.end() : blank.end() + _JUDGED_CHARACTERS], maxsplit=1)[0]
        if sentence := _SENTENCE.match(head):
            head = sentence[0]
        end = blank.end() + len(head)
        if answer and answer.start() <= end:
            break
        if end == len(text) and len(head) < _JUDGED_CHARACTERS and not (sentence or final):
            return -1 if is_longer else None
        if not _OF_THE_USER.search(head):
            return blank.end()
    if answer:
        if answer.end() == len(text) and not (final or answer["action"]):
            return -1 if is_longer else None
        return answer.start() if answer["action"] else answer.end()
    if is_longer:
        return -1 if label.certain or (label.sure and _META.search(text, begin)) else 0
    return _end_without_answer(text, label) if final else None


def kept_of(text: str) -> int:
    """Where the part of a long thought begins that may hold the beginning of its end."""
    return max(text.rfind("\n\n", 0, THOUGHT_MAX_CHARACTERS), THOUGHT_MAX_CHARACTERS - _LONGEST_END)


def _end_without_answer(text: str, label: Label) -> int:
    """The text is complete, and nothing in it looks like the end of a thought."""
    rest = text[label.end :]
    if label.certain:
        return len(text)
    if not label.sure or not (_META.search(rest) or (label.is_heading and not rest.strip())):
        return 0
    first, line_end, following = rest.partition("\n")
    if first.strip() and _META.search(first) and following.strip() and not _META.search(following):
        return label.end + len(first) + len(line_end)
    return len(text)
