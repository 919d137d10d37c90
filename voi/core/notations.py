"""How models write thoughts and tool calls into their text: marks around them (tags, tokens, brackets, fences), labels
("Action:"), or calls without any mark. `look` tells what begins at a place of the text.

Each notation has a pattern of parts that are all optional. If it reaches the end of the text, more of it may come, and
`look` says "wait".
"""

import json
import re
from typing import Any, Literal, NamedTuple

Family = Literal["", "thought", "call"]
MarkKind = Literal["open", "close", "end", "drop", "channel", "call", "python", "until", "thought", "text"]


class Found(NamedTuple):
    """What begins there, and the index where its mark ends.

    open, close: of a thought, or of calls. end: of whatever is open. drop: a mark that is not spoken and hides nothing.
    channel: its name follows. call: brackets, and `is_call` decides whether they are a call; python: brackets, and what
    follows them decides. until: hidden up to and including the text `until`. thought: "Thought:", which is one if
    "Action:" or "Answer:" follows. text: a mark that the reply only speaks of.
    """

    kind: MarkKind
    end: int
    family: Family = ""
    until: str = ""


Seen = Found | Literal["wait"] | None

TRIGGER = re.compile(r"[<&◁\[{`]|(?<![\w.])[A-Za-z_*]")
"""A notation may begin with this."""
MARK_MAX_CHARACTERS = 160

_THOUGHT = re.compile(
    r"think(?:ing)?(?:_\w+)?|thoughts?(?:_process)?|reason(?:ing|s)?(?:_\w+)?|reflection|analysis|scratch_?pad|"
    r"ant_?thinking|inner(?:_\w+)?|internal_\w+|chain_of_thought|cot(?:_\w+)?|monologue"
)
_THOUGHT_TAG = re.compile(
    r"plan(?:s|ning|ner)?|reflect|reflections?|deliberat\w+|brainstorm\w*|scratch|rationale|self_\w+|internal|hidden|ponder(?:ing)?|"
    r"notes_to_self|mental_\w+|meta_\w+|unused94"
)
"""Names that only a tag makes a thought. `<unused94>thought … <unused95>` is Gemma's."""
_CALL = re.compile(
    r"tools?_?(?:calls?|codes?|uses?|outputs?|responses?|results?|requests?|invocations?|arguments?)\w*|tools?|"
    r"functions?(?:_?(?:calls?|results?|responses?))?|invoke|use_\w*tool"
)
_TOKEN_CALL = re.compile(r"python_tag|ipython|plugin|action|call|commentary")
_ENDS = frozenset(
    ("end", "return", "call", "eom_id", "eot_id", "im_end", "eos", "endoftext", "end_of_text", "end_of_turn", "eot")
)
_CALL_FENCES = ("tool_code", "tool_call", "tool_calls", "tool_use", "function_call", "tool_outputs", "tool_output")
_THOUGHT_FENCES = (
    "think", "thinking", "thought", "thoughts", "reasoning", "reason", "scratchpad", "chain_of_thought", "cot",
    "internal", "monologue",
)  # fmt: skip
_LOWER_BRACKETS = re.compile(r"think|reasoning|tool_\w+|function_calls?")

_NAMES = frozenset(
    ("name", "tool", "tool_name", "function", "function_name", "action", "recipient_name", "command", "method", "api",
     "api_name", "plugin", "operation", "skill")
)  # fmt: skip
_ARGUMENTS = frozenset(
    ("arguments", "parameters", "args", "input", "action_input", "tool_input", "kwargs", "params", "tool_args",
     "tool_arguments", "tool_parameters", "function_args", "function_arguments", "action_args", "inputs", "argument")
)  # fmt: skip
_CALLS = frozenset(
    (
        "tool_calls",
        "function_call",
        "function_calls",
        "tool_call",
        "tool_use",
        "tool_uses",
        "tooluse",
        "toolcall",
        "tool_request",
    )
)
_KEYS = _NAMES | _ARGUMENTS | _CALLS | {"type", "id", "thought", "thoughts"}

_TAG = re.compile(
    r"(?:<|&lt;|◁)(?P<lead>(?:[/|｜]|DSML(?=[|｜]))*)(?P<name>[A-Za-z_▁][\w▁.:-]{0,50})?"
    r"(?P<rest>[=\s][^<>◁▷&]{0,100})?(?P<tail>[|｜/]*)(?P<end>>|&gt;|▷)?"
)
_BRACKET = re.compile(r"\[(?P<slash>/)?(?P<name>[A-Za-z_]{0,24})(?P<end>\])?")
_FENCE = re.compile(r"`{1,3}(?P<language>(?<=```)[\w-]{0,20})?")
_OBJECT = re.compile(
    r"(?:```\w{0,12}\s{0,20})?(?:\[\s{0,20})?(?P<brace>\{\s{0,20}(?:(?P<quote>[\"'])(?P<key>\w{0,20})"
    r"(?P<close>(?P=quote)\s{0,20}(?P<colon>:)?)?)?)?"
)
_PYTHON = re.compile(
    r"(?P<list>\[\s{0,4})?(?:print\(\s{0,4})?(?P<name>[A-Za-z_][\w.]{0,60})?(?:(?P<open>\()\s{0,20}(?P<first>\{|\)|[\"'\d]|"
    r"[A-Za-z_]\w{0,40}\s{0,4}(?P<equals>=\s{0,4}(?P<value>[\"'\d\[{(TFNtfn-])?)?)?|(?P<brace>\{\s{0,9}(?P<quoted>\")?))?"
)
_PREFIXED = re.compile(
    r"(?P<name>functools|tool_calls?|function_calls?|tool_use|toolcalls?)(?P<colon>[ \t]?[:=])?\s{0,4}(?P<open>[\[{])?|"
    r"(?:(?:assistant|commentary|analysis)[ \t]{0,3}){0,2}to=(?P<to>[\w.]{0,60})"
    r"[ \t]{0,3}[\w<|>]{0,32}\s{0,4}(?P<begin>[\[({])?"
)
"""A name before bare JSON, or a recipient in OpenAI's harmony format."""
_PREFIXES = (
    "functools", "tool_calls", "function_calls", "tool_use", "toolcalls", "to=",
    "assistant to=", "commentary to=", "analysis to=",
)  # fmt: skip
_PREFIX_CHARACTERS = max(map(len, _PREFIXES))
_LABEL = re.compile(r"[*_]{0,3}(?P<word>[A-Za-z]{1,9}(?: [A-Za-z]{0,9}){0,2})?[*_]{0,3}(?P<colon>[ \t]?:[*_]{0,3})?")
_ACTION_CALL = re.compile(r"[A-Za-z_]\w*[\[(].*[\])]\s*")
_THOUGHT_LABELS = (
    "thought", "thoughts", "thinking", "reasoning", "thought process", "inner thoughts", "my thinking", "my thoughts",
    "internal thoughts", "inner monologue", "internal monologue", "chain of thought", "thinking process",
)  # fmt: skip
_LABELS = ("action", "final answer", *_THOUGHT_LABELS)
_HARMONY_WITHOUT_TOKENS = re.compile(r"(?:analysis|commentary)(?=[A-Z])")
_ACTION = re.compile(r"[ \t]{0,4}(?P<what>[^\n]{0,80})(?P<line>\n[ \t*_]{0,6}(?P<input>[A-Za-z ]{0,12}[*_]{0,3}:?))?")

_QUOTES = frozenset("\"'`*()“”‘’«»„「」『』‹›")
_AFTER_MENTION = frozenset(".,;:!?)-…")
_SENTENCE_ENDS = frozenset('.!?:…。！？："”»*>|')


def look(text: str, at: int, *, final: bool) -> Seen:
    """What begins at `at`, where TRIGGER matches. "wait": more text is needed to tell."""
    char = text[at]
    if char in "<&◁":
        return _tag(text, at, final=final)
    if char == "[":
        return _first(_bracket(text, at, final=final), _object(text, at, final=final), _python(text, at, final=final))
    if char in "{`":
        return _first(_fence(text, at), _object(text, at, final=final))
    if not _begins_sentence(text, at):
        return None
    return _first(_prefixed(text, at, final=final), _label(text, at, final=final), _python(text, at, final=final))


def _first(*looks: Seen) -> Seen:
    """The first that found something; "wait" if one of them may still find something."""
    found = next((one for one in looks if isinstance(one, Found)), None)
    return found or ("wait" if "wait" in looks else None)


# ---- marks --------------------------------------------------------------------------------------------


def _tag(text: str, at: int, *, final: bool) -> Seen:
    if text[at] == "&" and "&lt;".startswith(text[at : at + 4]) and len(text) - at < 4:
        return "wait"
    tag = _TAG.match(text, at)
    if tag is None:
        return None
    name = tag["name"] or ""
    is_token = any(pipe in tag["lead"] + tag["tail"] for pipe in "|｜")
    family, stem = family_of(name, is_token=is_token, is_tag=True)
    if not tag["end"]:
        grows = tag.end() == len(text) or "&gt;".startswith(text[tag.end() :])
        known = family or is_token or not tag["rest"]
        return "wait" if grows and known and len(text) - at < MARK_MAX_CHARACTERS else None
    if not name or not (family or is_token):
        return None
    closes = "/" in tag["lead"] or stem.startswith("end") or stem.endswith(("_end", "_suffix"))
    closes |= stem == "unused95"
    closes |= bool(is_token and tag["tail"] and not tag["lead"])  # <channel|>
    if is_token and not family:
        if stem in ("start", "start_header_id"):  # the name of a role follows
            return Found("until", tag.end(), until="<|")
        if stem == "channel" and not (tag["lead"] and tag["tail"]):  # <|channel>thought … <channel|>
            return Found("close" if closes else "open", tag.end(), "thought")
        return Found("end" if stem in _ENDS else "channel" if stem == "channel" else "drop", tag.end())
    kind: MarkKind = "close" if closes else "drop" if "/" in tag["tail"] else "open"
    return _unless_mentioned(text, at, Found(kind, tag.end(), family), final=final)


def family_of(name: str, *, is_token: bool = False, is_tag: bool = False) -> tuple[Family, str]:
    """The family of what a mark of this name encloses, and the name in the form for comparisons."""
    stem = name.lower().rpartition(":")[2].replace("▁", "_").replace("-", "_").replace(".", "_")
    bare = re.sub(r"^(?:start|begin|end)_(?:of_)?|_(?:start|begin|end|prefix|suffix|section)(?=_|\b)", "", stem)
    if _THOUGHT.fullmatch(bare) or (is_tag and (_THOUGHT_TAG.fullmatch(bare) or stem == "unused95")):
        return "thought", stem
    if _CALL.fullmatch(bare) or (is_token and _TOKEN_CALL.fullmatch(bare) and stem not in _ENDS):
        return "call", stem
    return "", stem


def _bracket(text: str, at: int, *, final: bool) -> Seen:
    bracket = _BRACKET.match(text, at)
    assert bracket is not None
    if not bracket["end"]:
        return "wait" if bracket.end() == len(text) else None
    name = bracket["name"]
    family, stem = family_of(name)
    if not family or not (name.isupper() or bracket["slash"] or _LOWER_BRACKETS.fullmatch(name)):
        return None
    kind: MarkKind = (
        "close" if bracket["slash"] or stem.startswith("end_") else "open" if family == "thought" else "call"
    )
    return _unless_mentioned(text, at, Found(kind, bracket.end(), family), final=final)


def _fence(text: str, at: int) -> Seen:
    fence = _FENCE.match(text, at)
    if fence is None or (at and text[at - 1] != "\n"):
        return None
    if fence.end() == len(text):
        known = (*_CALL_FENCES, *_THOUGHT_FENCES, "json")
        return "wait" if any(one.startswith((fence["language"] or "").lower()) for one in known) else None
    hides = (fence["language"] or "").lower() in (*_CALL_FENCES, *_THOUGHT_FENCES)
    return Found("until", fence.end(), until="```") if hides else None


def _unless_mentioned(text: str, at: int, found: Found, *, final: bool) -> Seen:
    """The mark, or "text" if the reply only speaks of it: in quotes, or as a word inside a sentence."""
    before, after = text[max(0, at - 2) : at], text[found.end : found.end + 2]
    quoted = before[-1:] in _QUOTES and bool(before)
    inside = len(before) == 2 and before[1] == " " and (before[0].isalnum() or before[0] in ",;")
    if not (quoted or inside):
        return found
    if len(after) < (1 if quoted else 2) and not final:
        return "wait"
    if quoted and after[:1] in _QUOTES and after:
        return Found("text", found.end)
    lower = after[:1] == " " and (after[1:2].islower() or not after[1:2])
    if inside and (not after or after[0] in _AFTER_MENTION or lower):
        return Found("text", found.end)
    return found


# ---- calls without marks ------------------------------------------------------------------------------


def _object(text: str, at: int, *, final: bool) -> Seen:
    head = _OBJECT.match(text, at)
    assert head is not None
    if text[at] == "`" and not text.startswith("```", at):
        return "wait" if "```".startswith(text[at:]) and not final else None
    if at and text[at - 1] in "`\"'“" and text[at] != "`":
        return None  # it is quoted
    if head["colon"] and head["key"].lower() in _KEYS:
        return Found("call", at)
    key = (head["key"] or "").lower()
    if head.end() == len(text) and any(one.startswith(key) for one in _KEYS) and not final:
        return "wait"
    return None


def _python(text: str, at: int, *, final: bool) -> Seen:
    """A call in Python's notation. It contains a keyword or a JSON object, unless its name contains "_" or "."."""
    head = _PYTHON.match(text, at)
    assert head is not None
    name = head["name"] or ""
    is_code = "_" in name[1:-1] or "." in name or bool(head["list"])
    first = (head["first"] or " ")[0]
    if name and (head["value"] or first == "{"):
        return Found("python", at)
    if name and is_code and (head["quoted"] or head["equals"] or first in ")\"'0123456789"):
        return Found("python", at)
    return "wait" if head.end() == len(text) and not final else None


def _prefixed(text: str, at: int, *, final: bool) -> Seen:
    """`functools[{…}]`, `tool_calls: [{…}]`, `to=functions.f {…}`."""
    head = _PREFIXED.match(text, at)
    if head is None:
        start = text[at : at + _PREFIX_CHARACTERS]
        return "wait" if any(one.startswith(start) for one in _PREFIXES) and at + len(start) == len(text) else None
    if head["begin"]:
        return Found("call", head.start("begin"), "call")
    if head["open"]:
        return Found("call", at)
    return "wait" if head.end() == len(text) and not final else None


def _label(text: str, at: int, *, final: bool) -> Seen:
    """ "Action: …" with "Action Input:" in the next line or a call after it, "Thought:", and "Final Answer:"."""
    if text[:at].rstrip(" \t")[-1:] not in ("", "\n"):
        return None
    if at == 0 and (found := _HARMONY_WITHOUT_TOKENS.match(text)):
        return Found("until", found.end(), until="assistantfinal")
    label = _LABEL.match(text, at)
    assert label is not None
    word = (label["word"] or "").lower()
    if not label["colon"]:
        grows = label.end() == len(text) and any(one.startswith(word) for one in _LABELS)
        return "wait" if grows else None
    if label.end() == len(text) and not final:
        return "wait"
    if word in _THOUGHT_LABELS:
        return Found("thought", label.end())
    if label["word"] == "Final Answer":
        return Found("drop", label.end())
    if word != "action":
        return None
    action = _ACTION.match(text, label.end())
    assert action is not None
    written = re.sub(r"[*_]", "", action["input"] or "").lower()
    if written == "action input:":
        return Found("until", action.end(), until="final answer:")
    if _ACTION_CALL.fullmatch(action["what"]) and (action["line"] or final):
        return Found("until", action.end("what"), until="final answer:")
    begin = len(text) - len(text[label.end() :].lstrip())
    if text[begin : begin + 1] in ("{", "[", "`") or begin == len(text):
        return Found("call", begin) if begin < len(text) else "wait"
    return "wait" if action.end() == len(text) and "action input:".startswith(written) else None


def _begins_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \t")
    if not before or before[-1] == "\n":
        return True
    return before[-1] in _SENTENCE_ENDS and (len(before) < at or before[-1] in "。！？：>|")


def is_call(written: str) -> bool:
    """True if this is a tool call, or a list of them, as JSON. If the JSON is malformed, its field names decide."""
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return any(re.search(rf"[\"']{key}[\"']\s*:", written) for key in (*_ARGUMENTS, *_CALLS))
    return all(map(_is_call_object, found)) if isinstance(found, list) and found else _is_call_object(found)


def _is_call_object(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    keys = {key.lower(): item for key, item in value.items()}
    if any(isinstance(keys.get(key), dict | list) for key in _CALLS) or isinstance(keys.get("function"), dict):
        return True
    if len(keys) > 1 and any(isinstance(keys.get(key), str) for key in ("tool", "tool_name", "recipient_name")):
        return True
    arguments = [keys[key] for key in _ARGUMENTS if key in keys]
    names = [key for key in _NAMES if isinstance(keys.get(key), str)]
    as_text = keys.get("action_input", keys.get("tool_input"))
    return bool(names) and any(
        not isinstance(item, str) or item is as_text or item.lstrip()[:1] in ("{", "[", "") for item in arguments
    )
