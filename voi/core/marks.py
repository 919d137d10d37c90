"""Marks that models write around thoughts, tool calls and turns: tags, tokens, brackets, fences. None is spoken."""

import re

from voi.core.found import Family, Found, MarkKind, Seen
from voi.core.sentences import begins_line

MARK_MAX_CHARACTERS = 160

_THOUGHT = re.compile(
    r"think(?:ing)?(?:_\w+)?|thoughts?(?:_process)?|reason(?:ing|s)?(?:_\w+)?|reflection|analysis|scratch_?pad|"
    r"ant_?thinking|inner(?:_\w+)?|internal_\w+|chain_of_thought|cot(?:_\w+)?|monologue"
)
_THOUGHT_TAG = re.compile(
    r"plan(?:s|ning|ner)?|reflect|reflections?|deliberat\w+|brainstorm\w*|scratch|rationale|self_\w+|internal|hidden|"
    r"ponder(?:ing)?|notes_to_self|mental_\w+|meta_\w+|(?:unused|ctrl)9[45]"
)
"""Names that only a tag makes a thought. `<unused94>thought … <unused95>` is Gemma's, `<ctrl94>` Gemini's."""
_THOUGHT_ENDS = ("unused95", "ctrl95")
_CALL = re.compile(
    r"tools?_?(?:calls?|codes?|uses?|outputs?|responses?|results?|requests?|invocations?|arguments?|inputs?|names?)\w*|"
    r"tools?|functions?(?:_?(?:calls?|results?|responses?|names?))?|invoke|use_\w*tool"
)
_CALL_TAG = re.compile(
    r"actions?(?:_input)?|api(?:_?calls?)?|calls?|execute|exec|parameters?|params?|arguments?|args?|arg_(?:key|value)|"
    r"observations?|commands?|code_interpreter|search(?:_query)?|query|mcp\w*|recipient|plugin"
)
_TOKEN_CALL = re.compile(r"python_tag|ipython|plugin|action|call|commentary")
_ANSWER = re.compile(
    r"(?:final_?|my_?)?(?:answers?|response|reply|output|result|message|solution|speech|say|speak|spoken|utterance|conclusion)|"
    r"final|assistant|ai|bot|chat(?:bot)?|dialog(?:ue)?|begin_of_box|end_of_box"
)
"""Names of marks around what is to be heard."""
_ENDS = frozenset(
    ("end", "return", "call", "eom_id", "eot_id", "im_end", "eos", "endoftext", "end_of_text", "end_of_turn", "eot")
)
_ROLES = re.compile(
    r"im_start|(?:start|begin)_of_turn|start_of_role|header_start|turn|from|recipient|extra_id_1|start_of_message|role"
)
"""Tokens with the name of a role after them."""
_OTHERS_TURN = re.compile(r"user|human|system|sys|developer|tool|observation|environment|inst|prompter|customer")
_ROLE_NAME = re.compile(r"\s{0,4}(\w{0,20})")
_SPECIAL = re.compile(
    r"/?(?:s|bos|eos|pad|unk|mask|sep|cls|nul|null|blank|eo[tdpsm]|bo[tdpsm]|so[pst]|end|(?:begin|start|end)_of_\w+|turn|"
    r"extra_id_\d+|reserved_?\w*\d+|unused_?\d+|dummy_?\d+|ctrl_?\d+|0x[\da-f]{2}|special_\w+|sentinel_\w+|endoftext|"
    r"end_?of_?(?:text|turn|sentence)|im_(?:start|end|sep)|n)"
)
"""Tokens of vocabularies that are written like tags."""
_SPECIAL_BRACKETS = frozenset(("EOS", "BOS", "SEP", "PAD", "CLS", "UNK", "MASK", "EOT", "END", "EOD"))
_END_MARK = re.compile(
    r"(?:end|stop|close|terminate|finish)_?(?:of_?)?(?:the_?)?(?:(?:phone_?)?call|conversation|chat|dialog(?:ue)?|session)|"
    r"(?:call|conversation|chat|session)_?(?:end(?:ed)?|over)|hang_?up|disconnect"
)
"""What a model writes to end the call: `[END_CALL]`, `{{end_call}}`."""
_HASHES = re.compile(r"#{2,4} ?(?P<name>[A-Za-z_]{0,24}(?: [A-Za-z]{1,16}){0,2})?(?:(?P<end> ?#{2,4})| ?#?\Z)?")
_ELEMENT = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+")
_NO_ELEMENTS = re.compile(r"voice_?tone|tone_?of_?voice", re.IGNORECASE)
"""A tag with the name of a function: `<get_weather>`. These are read elsewhere."""
_AFTER_PLACEHOLDER = frozenset(" \t.,;:!?)'’\"")
_CALL_FENCES = ("tool_code", "tool_call", "tool_calls", "tool_use", "function_call", "tool_outputs", "tool_output")
_THOUGHT_FENCES = (
    "think", "thinking", "thought", "thoughts", "reasoning", "reason", "scratchpad", "chain_of_thought", "cot",
    "internal", "monologue",
)  # fmt: skip
_LOWER_BRACKETS = re.compile(r"think|reasoning|tool_\w+|function_calls?")

_TAG = re.compile(
    r"(?:<|&lt;|◁)(?P<lead>(?:[/|｜]|DSML(?=[|｜]))*)(?P<name>0(?:x[\dA-Fa-f]{0,2})?|[A-Za-z_▁][\w▁.:-]{0,50})?"
    r"(?P<rest>[=\s({][^<>◁▷&]{0,100})?(?P<tail>[|｜/]*)(?P<end>>|&gt;|▷)?"
)
_COMMENT = re.compile(r"<!(?:-(?:-(?P<whole>)?)?)?")
_DETAILS = re.compile(r"<details(?P<about>[^<>]{0,100})>\s{0,20}", re.IGNORECASE)
_SUMMARY = "<summary>"
_TITLE_CHARACTERS = 40
_ABOUT_THOUGHT = re.compile(r"think|thought|reason", re.IGNORECASE)
_BRACKET = re.compile(
    r"(?P<open>\[\[?|\{\{?|\(\(?)(?P<slash>/|(?:end|END) )?(?P<name>[A-Za-z_]{0,24})(?P<end>\]\]?|\}\}?|\)\)?)?"
)
_ODD_TOKENS = re.compile(r"\]~!?b(?:\]|\[)?|\[e~\[?|\]~?|\[e~?")
"""MiniMax's: `]~b]ai`, `[e~[`."""
_QWEN = re.compile(r"✿(?:[A-Z]{0,10}(?P<end>✿:?[ \t]?)?)?")
_FUNCTIONARY = re.compile(r">(?:>(?:>(?P<name>\w{0,60})(?P<end>\n)?)?)?")
_FENCE = re.compile(r"`{1,3}(?P<language>(?<=```)[\w-]{0,20})?")

_QUOTES = frozenset("\"'`*()“”‘’«»„「」『』‹›")
_AFTER_MENTION = frozenset(".,;:!?)-…")


def tag(text: str, at: int, *, final: bool) -> Seen:
    """What begins with the `<` or `&lt;` at that index: a tag or a control token of a model. `final`: no more text
    comes."""
    if text[at] == "&" and "&lt;".startswith(text[at : at + 4]) and len(text) - at < 4:
        return "wait"
    if comment := _COMMENT.match(text, at):
        return _comment(text, at, comment)
    if details := _DETAILS.match(text, at):
        return _details(text, details, final=final)
    mark = _TAG.match(text, at)
    if mark is None:
        return None
    name = mark["name"] or ""
    is_token = any(pipe in mark["lead"] + mark["tail"] for pipe in "|｜")
    family, stem = family_of(name, is_token=is_token, is_tag=True)
    is_element = bool(_ELEMENT.fullmatch(name)) and not _NO_ELEMENTS.fullmatch(name)
    if not mark["end"]:
        if final and is_token and mark["lead"] and mark.end() == len(text):
            return Found("drop", len(text))  # a token that was cut
        grows = mark.end() == len(text) or "&gt;".startswith(text[mark.end() :])
        known = family or is_token or is_element or name.lower() == "details" or not mark["rest"]
        return "wait" if grows and known and len(text) - at < MARK_MAX_CHARACTERS and not final else None
    if not name:
        return None
    closes = (
        "/" in mark["lead"] or stem.startswith("end") or stem.endswith(("_end", "_suffix")) or stem in _THOUGHT_ENDS
    )
    closes |= bool(is_token and mark["tail"] and not mark["lead"])  # <channel|>
    whole = Found("drop", mark.end())
    if not family:
        found = (
            _token(text, stem, whole, mark, closes=closes)
            if is_token
            else _other_tag(text, name, stem, whole, closes=closes)
        )
        if found is None and is_element and not closes:
            found = _element(text, name, whole, is_empty=text[mark.end() - 2 : mark.end()] == "/>", final=final)
        if is_token and isinstance(found, Found):
            return _unless_token_mentioned(text, at, found, final=final)
        if not isinstance(found, Found):
            return found
    else:
        kind: MarkKind = "close" if closes else "drop" if "/" in mark["tail"] else "open"
        found = Found(kind, mark.end(), family)
    return _unless_mentioned(text, at, found, final=final)


def _details(text: str, details: re.Match[str], *, final: bool) -> Seen:
    """A `<details>` element. Its attributes or its title tell whether it is a thought."""
    rest = text[details.end() : details.end() + len(_SUMMARY) + _TITLE_CHARACTERS]
    title = rest[len(_SUMMARY) :] if rest.lower().startswith(_SUMMARY) else ""
    if _ABOUT_THOUGHT.search(details["about"]) or _ABOUT_THOUGHT.search(title.partition("<")[0]):
        return Found("until", details.end(), until="</details>")
    grows = "<" not in title and len(title) < _TITLE_CHARACTERS if title else _SUMMARY.startswith(rest.lower())
    return "wait" if grows and not final else None


def _comment(text: str, at: int, comment: re.Match[str]) -> Seen:
    if comment["whole"] is None:
        return "wait" if comment.end() == len(text) else None
    inside = text[at - 1 : at] == " " and text[at - 2 : at - 1].islower()
    return None if inside or text[at - 1 : at] in ("`", '"') else Found("until", comment.end(), until="-->")


def _token(text: str, stem: str, whole: Found, mark: re.Match[str], *, closes: bool) -> Seen:
    """A token whose name is neither that of a thought nor of a call."""
    if stem in ("start", "start_header_id"):  # the name of a role follows
        role = _ROLE_NAME.match(text, whole.end)
        assert role is not None
        if role.end() == len(text):
            return "wait"
        is_others = _OTHERS_TURN.fullmatch(role[1]) and stem == "start_header_id"
        return whole._replace(kind="open", family="turn") if is_others else whole._replace(kind="until", until="<|")
    if stem == "recipient":
        name = text[whole.end : whole.end + 3]
        return "wait" if len(name) < 3 else whole._replace(kind="role" if name == "all" else "open", family="turn")
    if _ROLES.fullmatch(stem) and not closes:
        return whole._replace(kind="role")
    if stem == "channel" and not (mark["lead"] and mark["tail"]):  # <|channel>thought … <channel|>
        return whole._replace(kind="close" if closes else "open", family="thought")
    if _OTHERS_TURN.fullmatch(stem):
        return whole._replace(kind="close" if closes else "open", family="turn")
    if _ANSWER.fullmatch(stem) or stem == "start_response":
        return whole._replace(kind="drop" if closes else "answer")
    return whole._replace(kind="end" if stem in _ENDS else "channel" if stem == "channel" else "drop")


def _other_tag(text: str, name: str, stem: str, whole: Found, *, closes: bool) -> Found | None:
    if _NO_ELEMENTS.fullmatch(name):
        return None
    if _ROLES.fullmatch(stem) and not closes and stem != "from":
        return whole._replace(kind="role")
    if _SPECIAL.fullmatch(stem) or _END_MARK.fullmatch(stem):
        return whole
    if _ANSWER.fullmatch(stem):
        return whole._replace(kind="drop" if closes else "answer")
    return whole if closes and (_ELEMENT.fullmatch(name) or _ROLES.fullmatch(stem)) else None


def _element(text: str, name: str, whole: Found, *, is_empty: bool, final: bool) -> Seen:
    """`<get_weather><city>Rome</city></get_weather>` is a call; `<first_name>, hello` is a placeholder."""
    if is_empty:
        return whole
    after = text[whole.end : whole.end + 1]
    if not after:
        return None if final else "wait"
    return None if after in _AFTER_PLACEHOLDER else whole._replace(kind="until", until=f"</{name.lower()}>")


def family_of(name: str, *, is_token: bool = False, is_tag: bool = False) -> tuple[Family, str]:
    """The family of what a mark of this name encloses, and the name in the form for comparisons."""
    stem = name.lower().rpartition(":")[2].replace("▁", "_").replace("-", "_").replace(".", "_")
    bare = re.sub(r"^(?:start|begin|end)_(?:of_)?|_(?:start|begin|end|prefix|suffix|section)(?=_|\b)", "", stem)
    if _THOUGHT.fullmatch(bare) or (is_tag and _THOUGHT_TAG.fullmatch(bare)):
        return "thought", stem
    if is_token and (_OTHERS_TURN.fullmatch(stem) or _ROLES.fullmatch(stem)):
        return "", stem
    if _CALL.fullmatch(bare) or (is_token and _TOKEN_CALL.fullmatch(bare) and stem not in _ENDS):
        return "call", stem
    if is_tag and not is_token and _CALL_TAG.fullmatch(bare):
        return "call", stem
    return "", stem


def bracket(text: str, at: int, *, final: bool) -> Seen:
    """What begins with the bracket at that index: `[INST]`, `[/THINK]` and the like. `final`: no more text comes."""
    mark = _BRACKET.match(text, at)
    if mark is None:
        return None
    if not mark["end"]:
        return "wait" if mark.end() == len(text) and not final else None
    name, opening = mark["name"], mark["open"]
    if opening == "(":
        return None
    if len(mark["end"]) < len(opening):
        return "wait" if mark.end() == len(text) and not final else None
    if name in _SPECIAL_BRACKETS and opening == "[":
        return _unless_mentioned(text, at, Found("drop", mark.end()), final=final)
    ending = (mark["slash"] or "").lower().replace(" ", "_") + name.lower()
    if _END_MARK.fullmatch(ending) and (opening != "[" or name.isupper() or "_" in ending):
        return _unless_mentioned(text, at, Found("drop", mark.end()), final=final)
    if name == "INST":
        return Found("answer", mark.end()) if mark["slash"] else Found("open", mark.end(), "turn")
    if name.isupper() and _ANSWER.fullmatch(name.lower()):
        return Found("drop" if mark["slash"] else "answer", mark.end())
    family, stem = family_of(name)
    known = name.isupper() or mark["slash"] or _LOWER_BRACKETS.fullmatch(name) or opening in ("{", "{{", "((", "[[")
    if not family or not known:
        return None
    closes = mark["slash"] or stem.startswith("end_")
    kind: MarkKind = "close" if closes else "open" if family == "thought" or opening != "[" else "call"
    return _unless_mentioned(text, at, Found(kind, mark.end(), family), final=final)


def hashes(text: str, at: int, *, final: bool) -> Seen:
    """`###END###`"""
    mark = _HASHES.match(text, at)
    if mark is None or (mark.end() == len(text) and not final):
        grows = mark is not None or (text[at:] == "#" and not final)
        return "wait" if grows else None
    name = (mark["name"] or "").lower().replace(" ", "_")
    is_end = mark["end"] and (name in _ENDS or name == "stop" or _END_MARK.fullmatch(name))
    return Found("drop", mark.end()) if is_end else None


def odd_token(text: str, at: int, *, final: bool) -> Seen:
    """Tokens of MiniMax, Qwen-Agent and Functionary, which have forms of their own."""
    char = text[at]
    if char == "✿":
        qwen = _QWEN.match(text, at)
        assert qwen is not None
        if not qwen["end"] or (qwen.end() == len(text) and not final):
            return "wait" if qwen.end() == len(text) and not final else None
        return Found("drop", qwen.end()) if "RETURN" in qwen[0] else Found("until", qwen.end(), until="✿return✿:")
    if char == ">":
        line = _FUNCTIONARY.match(text, at) if begins_line(text, at) else None
        if line is None or not line["end"]:
            return "wait" if line is not None and line.end() == len(text) and not final else None
        return (
            Found("drop", line.end()) if line["name"] in ("all", "") else Found("until", line.end(), until=">>>all\n")
        )
    token = _ODD_TOKENS.match(text, at)
    if token is None:
        return None
    if token[0] == "[e~[":
        return Found("end", token.end())
    if token[0] in ("]~b]", "]~!b["):
        return Found("role", token.end())
    return "wait" if token.end() == len(text) and not final else None


def fence(text: str, at: int) -> Seen:
    """What begins with the backtick at that index: a code block with a call of a tool, or with thoughts."""
    mark = _FENCE.match(text, at)
    if mark is None or (at and text[at - 1] != "\n"):
        return None
    language = (mark["language"] or "").lower()
    if mark.end() == len(text):
        known = (*_CALL_FENCES, *_THOUGHT_FENCES, "json")
        return "wait" if any(one.startswith(language) for one in known) else None
    return Found("until", mark.end(), until="```") if language in (*_CALL_FENCES, *_THOUGHT_FENCES) else None


def _unless_token_mentioned(text: str, at: int, found: Found, *, final: bool) -> Seen:
    """The token, or "text" if the reply only speaks of it. A token at the end of the reply is never a mention."""
    after = text[found.end : found.end + 2]
    quoted = at > 0 and text[at - 1] in _QUOTES
    inside = text[at - 2 : at - 1].isalnum() and text[at - 1] == " "
    if (quoted and not after) or (inside and len(after) < 2):
        return found if final else "wait"
    is_text = (quoted and after[0] in _QUOTES) or (inside and after[0] == " " and after[1].islower())
    return Found("text", found.end) if is_text else found


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
