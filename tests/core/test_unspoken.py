"""Thoughts and printed tool calls are never spoken, whatever pieces they come in; everything else is."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.unspoken import Unspoken

HIDDEN = [
    ('functools[{"name": "f", "arguments": {"city": "Rome"}}]', ""),
    ('functools[{"name": "f", "arguments": {}}]\nIt rains.', "It rains."),
    ('tool_calls: [{"name": "f", "arguments": {}}]', ""),
    ('function_call={"name": "f", "arguments": {}}', ""),
    ('{"tool_use": {"name": "f", "input": {}}}', ""),
    ('{"function_calls": [{"name": "f"}]}It rains.', "It rains."),
    ('to=functions.f {"city": "Rome"}', ""),
    ('to=functions.f code{"city": "Rome"}It rains.', "It rains."),
    ('commentary to=functions.f json{"city": "Rome"}', ""),
    ('assistant to=browser.search {"q": 1}', ""),
    ('{"command": "ls", "arguments": {"a": 1}}', ""),
    ('{"function_name": "f", "function_args": {}}', ""),
    ('{"method": "f", "params": []}It rains.', "It rains."),
    ("<unused94>thought\nThey greet me.<unused95>Hi.", "Hi."),
    ("<unused94>thought goes on", ""),
    ("<unused94>thought\nThey greet me.\n<unused95>Hi.", "Hi."),
    ("<ctrl94>thought\nplan<ctrl95>Hi.", "Hi."),
    ("<ctrl94>thought\nThey greet me.\n<ctrl95>Hi.", "Hi."),
    ("<ctrl94>thought goes on", ""),
    ("Goodbye. [END_CALL]", "Goodbye. "),
    ("Goodbye.[end_call]", "Goodbye."),
    ("[END CALL]", ""),
    ("Goodbye. {{end_call}}", "Goodbye. "),
    ("Goodbye. {END_CONVERSATION}", "Goodbye. "),
    ("Goodbye. [HANGUP]", "Goodbye. "),
    ("[HANG_UP]Goodbye.", "Goodbye."),
    ("Goodbye. <hangup>", "Goodbye. "),
    ("Goodbye. <end_call>", "Goodbye. "),
    ("Goodbye. ###END###", "Goodbye. "),
    ("Goodbye!###END###", "Goodbye!"),
    ("Goodbye ### END CALL ###", "Goodbye "),
    ("###STOP###\n", ""),
    ("```think\nThey greet me.\n```\nHi.", "Hi."),
    ("```Reasoning\nplan\n```Hi.", "Hi."),
    ("**Thinking:** They greet me.\n\nHello there, my good friend of old.", "Hello there, my good friend of old."),
    ("**Thought process:** They greet me.\n\nHi.", "Hi."),
    ("**Reasoning**: they greet.\n\nHi.\nThere.", "Hi.\nThere."),
    ("Thinking: They greet me.\n\nHi.", "Hi."),
    ("**Thinking:** They greet me.\n\n**Answer:** Hi.", "Hi."),
    ("<plan>greet them</plan>Hi.", "Hi."),
    ("<planning>greet them</planning>Hi.", "Hi."),
    ("<self_reflection>plan</self_reflection>Hi.", "Hi."),
    ("<rationale>plan</rationale>Hi.", "Hi."),
    ('print(default_api.get_weather(city="Rome"))', ""),
    ("get_weather(city=Rome)", ""),
    ("Thought: Do I need a tool? No.\nAnswer: Hello there.", "Hello there."),
    ("**Reasoning:** they greet.\n\n**Response:** Hi.", "Hi."),
    ('{"tool": "search", "query": "Rome"}', ""),
    ('{"type": "tool_use", "id": "x", "name": "f", "input": {}}', ""),
    ('{"name": "f", "arguments": null}', ""),
    ("Thinking: hm.\nFinal Answer: Yes.", "Yes."),
    ('{"name": "f", "arguments": {}}</tool_call>Hi.', "Hi."),
    ('[get_weather(city="Rome"),\n get_time()]', ""),
    ("<think>The user wants a story.</think>Once upon a time.", "Once upon a time."),
    ("<think>\nplan\n</think>\n\nHi.", "Hi."),
    ("<thinking>plan</thinking>Hi.", "Hi."),
    ("<reasoning effort='high'>plan</reasoning>Hi.", "Hi."),
    ("<thought>plan</thought> Hi.", "Hi."),
    ("<THINK>plan</Think>Hi.", "Hi."),
    ("<thinking>plan</think>Hi.", "Hi."),
    ("[THINK]plan[/THINK]Hi.", "Hi."),
    ("<think>It goes on and on.", ""),
    ("Hello. <think>What now?</think>Goodbye.", "Hello. Goodbye."),
    ("<|channel|>analysis<|message|>plan<|end|><|start|>assistant<|channel|>final<|message|>Hi.<|return|>", "Hi."),
    ("<|channel|>commentary to=functions.f<|message|>{}<|call|>", ""),
    ('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>', ""),
    ('One moment.\n<tool_call>{"name": "f"}</tool_call>', "One moment.\n"),
    ('<function_calls><invoke name="f"></invoke></function_calls>Done.', "Done."),
    ('{"name": "get_weather", "arguments": {"city": "Bonn }"}}', ""),
    ('{"name": "f", "parameters": {"a": [1, "]"]}} It rains.', "It rains."),
    ('Let me look.\n{"tool": "f", "args": {}}\n', "Let me look.\n"),
    ('[TOOL_CALLS] [{"name": "f", "arguments": {}}]', ""),
    ('[TOOL_CALLS]f{"city": "Bonn"}Sunny.', "Sunny."),
    ('get_weather({"city": "Bonn"})', ""),
    ('get_weather({"city": "Bonn)"})\nIt rains.', "It rains."),
    ("<think/>Hi.", "Hi."),
    ("<antThinking>plan</antThinking>Hi.", "Hi."),
    ('<function=f>{"a": 1}</function>It rains.', "It rains."),
    ('{"type": "function", "function": {"name": "f", "arguments": "{}"}}', ""),
    ('{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": {}}}\nIt rains.', "It rains."),
    ("<tool_response>{}</tool_response>It rains.", "It rains."),
    ("```tool_code\nprint(f())\n```\nIt rains.", "It rains."),
    ("<seed:think>plan</seed:think>Hi.", "Hi."),
    ("<|START_THINKING|>plan<|END_THINKING|><|START_RESPONSE|>Hi.<|END_RESPONSE|>", "Hi."),
    ('<|START_THINKING|>plan<|END_THINKING|><|START_ACTION|>[{"tool_name": "f"}]<|END_ACTION|>', ""),
    ("<|begin_of_thought|>plan<|end_of_thought|><|begin_of_solution|>Hi.<|end_of_solution|>", "Hi."),
    ("[REASONING]plan[/REASONING]Hi.", "Hi."),
    ("[REASONING]plan goes on", ""),
    ("◁think▷plan◁/think▷Hi.", "Hi."),
    ("&lt;think&gt;plan&lt;/think&gt;Hi.", "Hi."),
    ("&lt;think&gt;plan goes on", ""),
    ("<|thinking|>plan<|/thinking|>Hi.", "Hi."),
    ("<|inner_prefix|>plan<|inner_suffix|>Hi.", "Hi."),
    ("<|channel>thought\nplan<channel|>Hi.", "Hi."),
    ('<|tool_call>call:f{city:<|"|>Rome<|"|>}<tool_call|>', ""),
    ('[get_weather(city="Rome")]', ""),
    ('[f(city="Rome")]', ""),
    ('f(city="Rome")', ""),
    ('One moment.\nf(city="Rome")', "One moment.\n"),
    ('Let me check. get_weather(city="Rome")', "Let me check. "),
    ('[f(city="Rome"), g(x=1)] It rains.', "It rains."),
    ('<|python_tag|>f.call(city="Rome")<|eom_id|>', ""),
    ('<|python_tag|>{"name": "f", "parameters": {}}', ""),
    ('Let me look. {"name": "f", "arguments": {"city": "Rome"}} It rains.', "Let me look. It rains."),
    ('Sure, {"name": "f", "arguments": {"city": "Rome"}}', "Sure, "),
    (
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{"a": 1}\n```'
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
        "",
    ),
    (
        '<｜DSML｜function_calls>\n<｜DSML｜invoke name="f">\n'
        '<｜DSML｜parameter name="city" string="true">Rome</｜DSML｜parameter>\n</｜DSML｜invoke>\n'
        "</｜DSML｜function_calls>",
        "",
    ),
    (
        '<minimax:tool_call>\n<invoke name="f">\n<parameter name="city">Rome</parameter>\n</invoke>\n'
        "</minimax:tool_call>Done.",
        "Done.",
    ),
    ('<tool_calls>\n{"name": "f", "arguments": {}}\n</tool_calls>Done.', "Done."),
    ('Action: search\nAction Input: {"q": "Rome"}', ""),
    ("Action: search\nAction Input: Rome weather\nObservation: sun\nFinal Answer: It is sunny.", "It is sunny."),
    ("Thought: I need it.\nAction: search\nAction Input: Rome", ""),
    ("Thought: I know.\nFinal Answer: Paris.", "Paris."),
    ('Action:\n```json\n{"action": "f", "action_input": "Rome"}\n```', ""),
    ("**Action:** search\n**Action Input:** Rome", ""),
    ('<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"city":"Rome"}<|call|>', ""),
    (
        "<|start|>assistant<|channel|>analysis<|message|>plan<|end|><|start|>assistant<|channel|>final"
        "<|message|>Hi.<|return|>",
        "Hi.",
    ),
    ("analysisWe need to greet.assistantfinalHi.", "Hi."),
    ('<function=f>{"city": "Rome"}</function>', ""),
    ("<tool_call><function=f><parameter=city>Rome</parameter></function></tool_call>Done.", "Done."),
    ("<tool_call>f<arg_key>city</arg_key><arg_value>Rome</arg_value></tool_call>", ""),
    ('```json\n{"name": "f", "arguments": {"city": "Rome"}}\n```\nIt rains.', "It rains."),
    ('```json\n[{"name": "f", "arguments": {"city": "Rome"}}]\n```', ""),
    ('Let me look.\n```json\n{"name": "f", "arguments": {"city": "Rome"}}\n```', "Let me look.\n"),
    ('```\n{"name": "f", "arguments": {}}\n```', ""),
    ('[{"name": "f", "arguments": {"city": "Rome"}}]', ""),
    ('<TOOLCALL>[{"name": "f", "arguments": {}}]</TOOLCALL>', ""),
    ('[TOOL_CALLS]f[ARGS]{"city": "Rome"}', ""),
    ('[TOOL_CALLS]f[CALL_ID]abc123[ARGS]{"city": "Rome"}Sunny.', "Sunny."),
    ("<start_function_call>call:f{city:<escape>Rome<escape>}<end_function_call>", ""),
    (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0"
        '<|tool_call_argument_begin|>{"a": 1}<|tool_call_end|><|tool_calls_section_end|>Hi.',
        "Hi.",
    ),
    ('<|action_start|><|plugin|>{"name": "f"}<|action_end|>Hi.', "Hi."),
    ('<|tools_prefix|>[{"f": {}}]<|tools_suffix|>', ""),
    ("functions.get_time()", ""),
    ('get_weather("Rome")\nIt rains.', "It rains."),
    ('get_weather{"city": "Rome"}', ""),
    ('{"tool_calls": [{"name": "f", "arguments": {}}]}', ""),
    ('{"action": "f", "action_input": "Rome"}', ""),
    ('{"arguments": {"city": "Rome"}, "name": "f"}', ""),
    ("<thinking>\nplan\n\nmore\n</thinking>\nHi.", "Hi."),
    ("Hello there. <think>and so on", "Hello there. "),
    ("<reasoning_content>plan</reasoning_content>Hi.", "Hi."),
    ("<inner_thoughts>plan</inner_thoughts>Hi.", "Hi."),
    ("<scratch_pad>plan</scratch_pad>Hi.", "Hi."),
    ("<think>\nplan with </p> and <b> in it\n</think>Hi.", "Hi."),
    ("Hi.<|im_end|>", "Hi."),
    ("<|im_start|>assistant\nHi.", "Hi."),
    ("Okay.\n<think>\nplan", "Okay.\n"),
    ('<think>plan</think>\n<tool_call>\n{"name": "f"}\n</tool_call>\nHere you go.', "Here you go."),
    ("<THOUGHT>plan</THOUGHT>\n\nHi.", "Hi."),
    ("<|thought|>plan<|/thought|>Hi.", "Hi."),
    ("<think >plan</think >Hi.", "Hi."),
    ("</think>Hi.", "Hi."),
    ('<tool_call>{"name": "f"}</tool_call>\n<tool_call>{"name": "g"}</tool_call>', ""),
    ('Ich sehe nach. <tool_call>{"name": "f"}</tool_call>Es regnet.', "Ich sehe nach. Es regnet."),
    ('{\n  "name": "f",\n  "arguments": {\n    "a": "it\'s ["\n  }\n}\nIt rains.', "It rains."),
    ("{'name': 'f', 'arguments': {'city': 'Rome'}}", ""),
    ("[f(a=[1, 2], b={'x': 'y)'})]", ""),
    ('search(query="it\'s raining", n=3)', ""),
    ("client.search(q='a')\nclient.open(n=1)", ""),
    ('Ja, Moment. wetter_abrufen(ort="Rom")', "Ja, Moment. "),
    ('好的。get_weather(city="北京")', "好的。"),
    (
        "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>commentary<|message|>y"
        "<|end|><|start|>assistant<|channel|>final<|message|>Hi.",
        "Hi.",
    ),
    ("<|channel|>final<|message|>Hi.<|return|>", "Hi."),
    ("<|start|>assistant<|channel|>final<|message|>Hi.", "Hi."),
    ("[THINKING]plan[/THINKING]Hi.", "Hi."),
    ("<analysis>plan</analysis><answer>Hi.</answer>", "Hi."),
    ('{"function": {"name": "f", "arguments": "{}"}}', ""),
    ('{"tool": "f", "input": {}}', ""),
    ('{"voice_tone": "warm", "text": "<think>plan</think>Hello."}', '{"voice_tone": "warm", "text": "Hello."}'),
    ('<think>plan</think>{"voice_tone": "warm", "text": "Hello."}', '{"voice_tone": "warm", "text": "Hello."}'),
    ("**Thought:** I need it.\n**Action:** f\n**Action Input:** {}", ""),
    ("<|begin_of_text|>Hi.<|eot_id|>", "Hi."),
    ("```tool_call\n{}\n```\nHi.", "Hi."),
    ("One sec…\n\n[get_weather(city='Rome', unit=\"C\")]\n", "One sec…\n\n"),
    ("Action: f[Rome]\nObservation: x", ""),
    ("```xml\n<tool_call>{}</tool_call>\n```", "```xml\n```"),
]

ENDS_WITHOUT_BEGINNING = [
    ("\n</think>\n\nHi.", "Hi."),
    ("<seed:think>a<seed:cot_budget_reflect>b</seed:cot_budget_reflect>c</seed:think>Hi.", "Hi."),
    ("plan</think>\n\nHi.", "Hi."),
    ("I plan.[/THINK]Hi.", "Hi."),
    ("I plan.◁/think▷Hi.", "Hi."),
    ("I plan.<|END_THINKING|>Hi.", "Hi."),
    ("I plan.</seed:think>Hi.", "Hi."),
    ("I plan.&lt;/think&gt;Hi.", "Hi."),
]

SPOKEN = [
    "Reasoning: the court found it void.\n\nSecond, it was late.",
    "[PLAN] Buy milk.",
    "Tools are here. To go on, say yes.",
    "The function calls are dear.",
    "Functools [see below] helps.",
    "My plan: we go. Planning is good.",
    "Thinking of you. Thoughts and prayers.",
    "```python\nprint(1)\n```",
    "to=me is odd.",
    "Reasoning: because it rains.",
    "Thinking: that is what I do.",
    "Thoughts are free.",
    'print("Hello") shows it.',
    "Answer: yes.",
    "Response: none.",
    "Reply when you can.",
    "Use my_function (really).",
    "Actions speak.",
    "Thinking hard: no.",
    "snake_case is a style.",
    "Call my_function() there.",
    "Hello there, how are you?",
    "I think, therefore I am.",
    "a < b and c > d, x <3 you",
    "<b>Bold</b> and [a link](x) and [THE END]",
    '{"voice_tone": "warm", "text": "Hello."}',
    "Call me (if {you} like).",
    "print me",
    "Use `think` or ``` code ```.",
    "Line one.\nLine two.\n\nname(x) is a function.",
    "think> <thin",
    "[THIN",
    "[hangup] and [disconnect]",
    "The [END_CALL] mark ends it.",
    "## End\nGoodbye.",
    "### Hang up\nHow to do it.",
    "### Rome ###\nHere",
    "C## and #end and ##",
    "The <think> tag is what some models write.",
    "Models write <think> and </think> around it.",
    "Use `<think>` and `</think>` for that.",
    'Write "<tool_call>" before it.',
    "You write [TOOL_CALLS] before the JSON.",
    "What does </think> mean? It ends a thought.",
    "Action: pick up the phone.\nThen dial.",
    "Action: the hero jumps.",
    "Lights, camera, action: go!",
    "Thought: what if we left?\nWould you come?",
    'f(city="Rome") is how you call it.',
    'Call f(city="Rome") and print it.',
    'In Python, print("Hello") shows a text.',
    'Use print(end="") for that.',
    "f(x) = 2 x",
    'The object {"name": "Robin", "age": 7} is JSON.',
    'Write `{"name": "f", "arguments": {}}` there.',
    "[1] Smith 2020.",
    "[sighs] Fine.",
    "[thinking] Hmm, let me see.",
    "I love you <3 and 5 < 6 > 4.",
    "AT&T and R&D, x &lt; y",
    "<b>Hi</b> <i>there</i>",
    "Reasoning: because it rains.",
    "Analysis shows that it rains.",
    "analysis is hard",
    "He said: think (hard)!",
    "Robin(smiles) Hello",
    "a.b(c) and so",
    "Final thoughts: none.",
    "```python\nprint('hi')\n```",
    '```json\n{"voice_tone": "warm", "text": "Hello."}\n```',
    "Tools: a hammer. Function: none.",
    "google.com(really) is it",
    "The functions <function> and <tools> exist.",
    "Ich nenne das <think>-Marke.",
    "Thought: maybe",
    "5 <think",
    "tool_call",
    "[TOOL",
    "I went to Rome (Italy) and Paris (France).",
    "Robin: hello. Anna: hi!",
    "See section 3.2(b) please.",
    "The price is 5 [plus tax].",
    "Say {name} here.",
    'He is a {"quoted"} man',
    "if x = [1, 2] then {x}",
    "Type the letter `<` here.",
    'an "action": jump',
    "Think of it. Thinking helps. Thoughts are free.",
    "In HTML you write <p> and <div>.",
    "Is <tool_call> a tag?",
    "What are <think> tags? They hold thoughts.",
    "(The <think> tag.)",
    "Der <think>-Tag ist neu.",
    "El símbolo <think>, por ejemplo.",
    "tools: [hammer, saw]",
    'I said: "stop (now)".',
    '"name": it is a key',
    'JSON looks like {"key": "value"}.',
    "The function f(x) = x is simple. f(x) grows.",
    "Hello! (smiles) How are you?",
    "final answer: no",
    "Well [laughs], {okay}.",
    "Use <b>think</b> twice.",
    "1. `f(x=1)`\n2. `g()`",
    "Dr. Who(m) is it?",
]


def run(text: str, size: int, **options: bool) -> tuple[str, Unspoken]:
    unspoken = Unspoken(**options)
    out = "".join(unspoken.feed(text[at : at + size]) for at in range(0, len(text), size))
    return out + unspoken.close(), unspoken


def splits(text: str) -> Iterator[list[int]]:
    """Where to split the text into deltas: at each place alone, and at all places."""
    yield []
    yield from ([at] for at in range(1, len(text)))
    yield list(range(1, len(text)))


def said(text: str, places: list[int], **options: bool) -> tuple[str, Unspoken]:
    """What is spoken in the end; text that is withdrawn as a thought is not."""
    unspoken, out, known = Unspoken(**options), "", False
    for begin, end in pairwise([0, *places, len(text)]):
        new = unspoken.feed(text[begin:end])
        out = new if unspoken.thought_first and not known else out + new
        known = unspoken.thought_first
    return out + unspoken.close(), unspoken


@pytest.mark.parametrize(("text", "spoken"), HIDDEN)
def test_never_spoken_at_any_split(text: str, spoken: str) -> None:
    for places in splits(text):
        out, unspoken = said(text, places)
        assert out == spoken, places
        assert not unspoken.thought_first or spoken == "Hi."


@pytest.mark.parametrize("text", SPOKEN)
def test_everything_else_is_spoken_at_any_split(text: str) -> None:
    for places in splits(text):
        out, unspoken = said(text, places)
        assert out == text, places
        assert not unspoken.thought_first


@pytest.mark.parametrize(("text", "spoken"), ENDS_WITHOUT_BEGINNING)
def test_a_thought_that_never_began_is_to_be_taken_back(text: str, spoken: str) -> None:
    for places in splits(text):
        assert said(text, places)[0].strip() == spoken, places
    assert said(text, list(range(1, len(text))))[1].thought_first or text.startswith("\n<")


def test_what_a_reply_tells_of_marks_does_not_vanish_with_its_rest() -> None:
    text = 'Models write <think> before a thought, and then `</think>`. A call looks like f(city="Rome") there.'
    for places in splits(text):
        assert said(text, places)[0] == text


def test_of_a_model_that_may_begin_so_nothing_is_given_out_too_early() -> None:
    assert run("The user greets me.</think>Hi.", 3, opened=True)[0] == "Hi."
    assert run("It did not think this time.", 3, opened=True)[0] == "It did not think this time."


@pytest.mark.parametrize(("text", "spoken"), [*HIDDEN, *((text, text) for text in SPOKEN)])
def test_where_a_thought_may_be_open_the_same_is_spoken(text: str, spoken: str) -> None:
    """Only of a reply that has the end of a thought and no beginning, what precedes it is lost."""
    for places in splits(text):
        out, unspoken = said(text, places, opened=True)
        assert out == spoken or (unspoken.began == "thought" and spoken.endswith(out)), places


@pytest.mark.parametrize(("text", "spoken"), ENDS_WITHOUT_BEGINNING)
def test_where_a_thought_may_be_open_nothing_has_to_be_taken_back(text: str, spoken: str) -> None:
    for places in splits(text):
        out, unspoken = said(text, places, opened=True)
        assert out.strip() == spoken, places
        assert not unspoken.thought_first or text.startswith("<seed:think>")


def test_a_reply_whose_thought_is_cut_says_nothing() -> None:
    unspoken = Unspoken(opened=True)
    assert unspoken.feed("They greet me. I could") + unspoken.close(cut=True) == ""


def test_what_was_held_back_is_given_out_once_it_is_known_to_be_speech() -> None:
    unspoken = Unspoken(opened=True)
    assert unspoken.feed("Hello ") == ""
    assert unspoken.speaks() + unspoken.feed("there. ") == "Hello there. "
    assert unspoken.speaks() == ""


def test_text_waits_only_while_it_may_be_hidden() -> None:
    unspoken = Unspoken()
    assert unspoken.feed("Well") == ""  # it may become a call
    assert unspoken.feed(", a <") == "Well, a "
    assert unspoken.feed("b>") == "<b>"
    assert unspoken.feed(" x <thin") == " x "
    assert unspoken.feed("g>") == "<thing>"


PIECES = st.lists(
    st.sampled_from(
        [
            "<think>", "</think>", "</tool_call>", "[THINK]", "<tool_call>", "◁think▷", "&lt;think&gt;", "<|channel|>",
            "{", "}", '"name"', '"arguments"', ":", "a", "A", " ", "\n", "f(x=1", "a_b(", ")", "[", "]", "```json",
            "```", "<|", "|>", "\\", '"', "`", "Action: f\n", "Action Input:", "Thought:", "Final Answer:", ".",
            "<|python_tag|>", "<|end|>", "[TOOL_CALLS]",
        ]
    ),
    max_size=20,
)  # fmt: skip


@given(PIECES, st.integers(1, 5))
def test_how_it_is_cut_changes_nothing(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    if "</think>" in text:  # what was given out before it depends on when it came
        return
    assert run(text, size)[0] == run(text, len(text) or 1)[0]


@given(st.text(alphabet="abc de.,!?\n", max_size=60), st.integers(1, 7))
def test_plain_text_is_given_whole(text: str, size: int) -> None:
    assert run(text, size)[0] == text
