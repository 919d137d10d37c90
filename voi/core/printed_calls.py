"""Tool calls that models print without marks: JSON, Python and other code, `name {…}`, and the labels of ReAct.

Each notation has a pattern of parts that are all optional. If it reaches the end of the text, more of it may come.
"""

import json
import re
from typing import Any

from voi.core.found import Found, Seen
from voi.core.sentences import begins_line

_NAMES = frozenset(
    ("name", "tool", "tool_name", "function", "function_name", "action", "recipient_name", "command", "method", "api",
     "api_name", "plugin", "operation", "skill")
)  # fmt: skip
_ARGUMENTS = frozenset(
    ("arguments", "parameters", "args", "input", "action_input", "tool_input", "kwargs", "params", "tool_args",
     "tool_arguments", "tool_parameters", "function_args", "function_arguments", "action_args", "inputs", "argument")
)  # fmt: skip
_CALLS = frozenset(
    ("tool_calls", "function_call", "function_calls", "tool_call", "tool_use", "tool_uses", "tooluse", "toolcall",
     "tool_request")
)  # fmt: skip
_KEYS = _NAMES | _ARGUMENTS | _CALLS | {"type", "id", "thought", "thoughts"}
_REPLY_KEYS = frozenset(("text", "voice_tone", "tone", "voice tone", "voice-tone", "voicetone"))
"""Of the form that a prompt may ask for, which `reply_json.py` reads."""
ANSWER_KEYS = (
    "text", "final_answer", "answer", "response", "reply", "message", "content", "output", "speech", "say", "utterance",
    "final_response", "assistant", "greeting", "line", "dialogue", "antwort", "réponse", "respuesta", "risposta",
    "resposta", "antwoord", "ответ", "回答", "回复", "答案", "답변",
)  # fmt: skip
"""Fields that hold what is to be said, the likeliest first."""

_OBJECT = re.compile(
    r"(?:```\w{0,12}\s{0,20})?(?:\[\s{0,20})?(?P<brace>\{\s{0,20}(?:(?P<quote>[\"'])(?P<key>[^\"'\n{}:]{0,40})"
    r"(?P<close>(?P=quote)\s{0,20}(?P<colon>:)?)?|(?P<bare>[A-Za-z_]\w{0,40})\s{0,4}(?:(?P<sign>:)\s{0,4}(?P<value>[\"'{\[\d])?)?)?)?"
)
_BEFORE_NAME = r"(?:(?:await|return|print) ?\(?\s{0,4})?"
_ASSIGNED = re.compile(r"[a-z_]\w{0,30} ?(?P<sign>=(?![=>])\s?)?")
_PYTHON = re.compile(
    rf"(?P<tick>`)?(?P<list>\[\s{{0,4}})?{_BEFORE_NAME}(?P<name>[A-Za-z_][\w.]{{0,60}})?(?:(?P<open>[(\[])\s{{0,20}}"
    r"(?P<first>\{|\)|[\"'\d]|[A-Za-z_]\w{0,40}\s{0,4}(?P<equals>[=:]\s{0,4}(?P<value>[\"'\d\[{(TFNtfn-])?)?)?|"
    r"(?P<brace>\{\s{0,9}(?P<quoted>\")?))?"
)
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9]{2,30}")
_REACT_NAME = re.compile(
    r"(?i:search|look_?up|retrieve|query|fetch|browse|calculat(?:e|or)|call|run|execute|open|click)"
)
"""With its argument in square brackets, as in ReAct's `Search[weather in Rome]`."""
_IDENTIFIER = re.compile("[A-Za-z_]")
_PRINTED_NAME = re.compile(r"print\([A-Za-z_][\w.]{0,40}\)[ \t]*(?=\n|\Z)")
_CODE_NAME = re.compile(r"\w+_\w+|\w+(?:\.\w+)+|[a-z]+(?:[A-Z][a-z0-9]*)+")
_OBJECT_BEHIND = re.compile(
    r"(?::\d{1,3})?[ \t]{0,3}:?\s{0,4}(?:`{1,3}\w{0,10}\s{0,4})?(?P<brace>\{\s{0,9}(?P<quoted>[\"'}])?)?"
)
_PREFIXED = re.compile(
    r"(?P<name>functools|tool_calls?|function_calls?|tool_use|toolcalls?)(?P<colon>[ \t]?[:=])?\s{0,4}(?P<open>[\[{])?|"
    r"(?:\[|\*{1,3})?(?i:(?:calling )?(?:tool|function|api)(?:[ _](?P<call>calls?|use|request))?|calling)"
    r"\*{0,3}(?:[ \t]?:)?\*{0,3}\s{0,4}"
    r"(?P<called>[\w.]{0,60})[ \t]{0,3}(?P<braces>[\[({])?(?P<closed>\])?|"
    r"call:(?P<target>[\w.:]{0,80})[ \t]{0,3}(?P<arguments>[\[({])?|"
    r"(?:(?:assistant|commentary|analysis)[ \t]{0,3}){0,2}to=(?P<to>[\w.]{0,60})"
    r"[ \t]{0,3}[\w<|>]{0,32}\s{0,4}(?P<begin>[\[({])?"
)
"""A name before bare JSON, the label of a call, Gemma's `call:f{…}`, and a recipient as harmony names it."""
_PREFIXES = (
    "functools", "tool_calls", "function_calls", "tool_use", "toolcalls", "to=", "call:",
    "assistant to=", "commentary to=", "analysis to=", "tool call:", "function call:", "[tool call:", "[function call:",
    "calling tool:", "calling function:", "calling ",
)  # fmt: skip
FIRST_WORDS = (
    "functools", "tool", "function", "api", "call", "assistant", "commentary", "analysis", "final", "ai", "await",
    "return", "print",
)  # fmt: skip
"""How the first of several words begins that may be a call or its label."""
_PREFIX_CHARACTERS = max(map(len, _PREFIXES))
_BEGINNINGS = frozenset(one[:length] for one in _PREFIXES for length in range(1, len(one) + 1))
_LABEL = re.compile(r"[*_]{0,3}(?P<word>[A-Za-z]{1,9}(?:[ _][A-Za-z]{0,9}){0,2})?[*_]{0,3}(?P<colon>[ \t]?:[*_]{0,3})?")
_ACTION_CALL = re.compile(r"[A-Za-z_]\w*[\[(].*[\])]\s*")
_CALL_LABELS = ("action", "tool", "function", "name", "tool name", "function name", "api", "tool_name", "function_name")
_LABELS = (*_CALL_LABELS, "user", "human", "final answer", "assistant", "ai", "ai assistant", "chatbot")
_SPEAKERS = ("assistant", "ai assistant", "chatbot")
_INPUTS = tuple(
    f"{word}:"
    for name in ("input", "inputs", "args", "arguments", "parameters", "params")
    for word in (f"action {name}", f"tool {name}", f"function {name}", name)
)
_HARMONY_WITHOUT_TOKENS = re.compile(r"(?:analysis|commentary)(?=[A-Z])")
_ACTION = re.compile(r"[ \t]{0,4}(?P<what>[^\n]{0,80})(?P<line>\n[ \t*_]{0,6}(?P<input>[A-Za-z ]{0,20}[*_]{0,3}:?))?")


def object_(text: str, at: int, *, final: bool, any_key: bool) -> Seen:
    """JSON. `any_key`: JSON without the fields of a call may be the arguments of one."""
    head = _OBJECT.match(text, at)
    assert head is not None
    if text[at] == "`" and not text.startswith("```", at):
        return "wait" if "```".startswith(text[at:]) and not final else None
    if at and text[at - 1] in "`\"'“" and text[at] != "`":
        return None  # it is quoted
    key = (head["key"] or head["bare"] or "").lower()
    may_be_data = any_key and stands_alone_from(text, at)
    if head["bare"]:  # as in JavaScript
        if may_be_data and head["value"] and key not in _REPLY_KEYS:
            return Found("call", at)
        return "wait" if may_be_data and head.end() == len(text) and not final else None
    if head["colon"] and (key in _KEYS or (may_be_data and key not in _REPLY_KEYS)):
        return Found("call", at)
    if head.end() == len(text) and not final and (may_be_data or any(one.startswith(key) for one in _KEYS)):
        return "wait"
    return None


def python(text: str, at: int, *, final: bool) -> Seen:
    """A call in Python's notation or one like it. With a keyword or a JSON object in it any name is one; a name of code
    ("get_weather") needs neither. A plain one ("hangup()", of the family "call") must be alone up to the end
    of the line."""
    if text[at] == "`" and not begins_line(text, at):
        return None
    if begins_line(text, at) and (printed := _PRINTED_NAME.match(text, at)):
        return Found("drop", printed.end()) if final or printed.end() < len(text) else "wait"
    assigned = _ASSIGNED.match(text, at)
    if assigned and assigned["sign"]:
        value = _called(text, assigned.end(), final=final) if assigned.end() < len(text) else None if final else "wait"
        return value._replace(end=at) if isinstance(value, Found) else value
    if assigned and assigned.end() == len(text) and text[-1] == " " and not final:
        return "wait"
    return _called(text, at, final=final)


def _called(text: str, at: int, *, final: bool) -> Seen:
    head = _PYTHON.match(text, at)
    assert head is not None
    name = head["name"] or ""
    if name.endswith(".") and head.end("name") < len(text):
        return None  # the end of a sentence
    is_code = "_" in name[1:-1] or bool(_CODE_NAME.fullmatch(name)) or bool(head["list"])
    first = (head["first"] or " ")[0]
    is_keyword = head["value"] and (is_code or "=" in head["equals"])
    if name and (is_keyword or first == "{"):
        return Found("python", at)
    if name and (
        head["quoted"] or (is_code and (head["equals"] or first in ")\"'0123456789" or _IDENTIFIER.match(first)))
    ):
        return Found("python", at)
    if first in ")\"'" and _PLAIN_NAME.fullmatch(name) and head["open"] == "(":
        return Found("python", at, "call")
    if head["open"] == "[" and head["first"] and not head["list"] and _REACT_NAME.fullmatch(name):
        return Found("python", at, "call")
    if is_code and not head["open"] and not head["brace"] and head.end() < len(text):
        behind = _OBJECT_BEHIND.match(text, head.end())
        assert behind is not None
        if behind["quoted"]:
            return Found("call", behind.start("brace"), "call")
        return "wait" if behind.end() == len(text) and not final else None
    return "wait" if head.end() == len(text) and not final else None


def call_follows(text: str, *, final: bool) -> bool | None:
    """True if the text begins with another call in Python's notation; None: more text is needed to tell."""
    found = _called(text, 0, final=final) if text else None
    return None if found == "wait" else isinstance(found, Found) and not found.family


def prefixed(text: str, at: int, *, final: bool) -> Seen:
    """`functools[{…}]`, `tool_calls: [{…}]`, `to=functions.f {…}`, `call:f{…}`, "Tool call: f(…)"."""
    head = _PREFIXED.match(text, at)
    if head is None:
        start = text[at : at + _PREFIX_CHARACTERS].lower()
        reaches_end = at + len(start) == len(text)
        return "wait" if reaches_end and start.lstrip("*").rstrip("*") in _BEGINNINGS else None
    for bracket in ("begin", "arguments"):
        if head[bracket]:
            return Found("call", head.start(bracket), "call")
    if head["braces"]:
        is_label = ":" in text[at : head.start("braces")] or _CODE_NAME.fullmatch(head["called"])
        return Found("call", head.start("braces"), "call") if is_label else None
    if head["open"]:
        return Found("call", at)
    if head["closed"] and text[at] == "[" and ":" in head[0] and head["called"]:
        named = head["call"] or _CODE_NAME.fullmatch(head["called"])
        return Found("drop", head.end()) if named else None
    return "wait" if head.end() == len(text) and not final else None


def label(text: str, at: int, *, final: bool) -> Seen:
    """ "Action: …" with "Action Input:" in the next line or a call behind it, and "Final Answer:"."""
    if not begins_line(text, at):
        return None
    if at == 0 and (found := _HARMONY_WITHOUT_TOKENS.match(text)):
        return Found("until", found.end(), until="assistantfinal")
    head = _LABEL.match(text, at)
    assert head is not None
    word = (head["word"] or "").lower()
    if not head["colon"]:
        grows = head.end() == len(text) and any(one.startswith(word) for one in _LABELS)
        return "wait" if grows and not final else None
    if head.end() == len(text) and not final:
        return "wait"
    if at and head["word"] in ("User", "Human") and text[head.start() : head.start("colon")] == head["word"]:
        return Found("open", head.end(), "turn")  # the model goes on with what others may say
    if head["word"] == "Final Answer" or (at == 0 and word in _SPEAKERS) or (at == 0 and head["word"] == "AI"):
        return Found("drop", head.end())
    return _action(text, head.end(), word, final=final) if word in _CALL_LABELS else None


def _action(text: str, at: int, word: str, *, final: bool) -> Seen:
    action = _ACTION.match(text, at)
    assert action is not None
    written = re.sub(r"[*_]", "", action["input"] or "").lower().lstrip()
    is_token = re.fullmatch(r"[\w.:-]+\s*", re.sub(r"[*_`]", "", action["what"])) is not None
    if written in _INPUTS and (is_token or word == "action"):
        return Found("until", action.end(), until="final answer:")
    if word == "action" and _ACTION_CALL.fullmatch(action["what"]) and (action["line"] or final):
        return Found("until", action.end("what"), until="final answer:")
    begin = len(text) - len(text[at:].lstrip())
    if word != "name" and (text[begin : begin + 1] in ("{", "[", "`") or begin == len(text)):
        return Found("call", begin) if begin < len(text) else None if final else "wait"
    grows = action.end() == len(text) and any(one.startswith(written) for one in _INPUTS)
    return "wait" if grows and (is_token or not action["what"].strip() or word == "action") and not final else None


def stands_alone_from(text: str, at: int) -> bool:
    """Does a sentence of its own begin there, which the one before does not lead up to ("Here it is:")?"""
    before = text[:at].rstrip()
    return (
        not before
        or (before[-1] in ".!?…。！？" and before != text[:at])
        or (before[-1] not in ":：" and "\n" in text[len(before) : at])
    )


def call_in(written: str, *, alone: bool) -> str | None:
    """What is to be said instead of this JSON: "" if it is a tool call or the arguments of one, and its answer if it
    has one. None: it is no call. `alone`: nothing belongs to it on its line. Of JSON with mistakes the names of the
    fields decide."""
    written = written.removeprefix("```").removeprefix("json").strip("`\n ")
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        known = any(re.search(rf"[\"']{key}[\"']\s*:", written) for key in (*_ARGUMENTS, *_CALLS))
        reply = any(re.search(rf"[\"']{key}[\"']\s*:", written) for key in _REPLY_KEYS)
        return "" if known or (alone and not reply and "}" in written) else None
    objects = found if isinstance(found, list) else [found]
    if not objects or not all(isinstance(each, dict) for each in objects):
        return None
    if all(map(_is_call, objects)):
        return ""
    if not alone:
        return None
    if all(any(key.lower() in _REPLY_KEYS - {"tone"} for key in each) for each in objects):
        kept = [{key: item for key, item in each.items() if key.lower() in _REPLY_KEYS} for each in objects]
        return None if kept == objects else "\n".join(json.dumps(each, ensure_ascii=False) for each in kept)
    answers = [text for each in objects if (text := _answer(each))]
    return json.dumps({"text": " ".join(answers)}, ensure_ascii=False) if answers else ""


def _answer(value: dict[str, Any]) -> str:
    keys = {key.lower(): item for key, item in value.items()}
    return next((keys[key] for key in ANSWER_KEYS if isinstance(keys.get(key), str)), "")


def _is_call(value: Any) -> bool:
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
