"""Thoughts behind labels, in brackets and between special tokens are never spoken."""

import pytest

from tests.core.test_unspoken import said, splits

THOUGHTS = [
    "**Thinking**\nThe user greets me, so I greet.\n\n**Answer**\nHello there.",
    "**Thinking**\nThe user greets me, so I greet.\n\n**Response**\n\nHello there.",
    "## Thinking\nThe user greets me.\n\n## Response\nHello there.",
    "# Thought\nThe user greets me.\n# Answer\nHello there.",
    "Thinking\nThe user greets me.\nAnswer\nHello there.",
    "Thinking...\nThe user greets me.\n...done thinking.\n\nHello there.",
    "Thinking...\nThe user greets me.\n...done thinking.\nHello there.",
    "*Thinking: The user greets me.*\n\nHello there.",
    "_Thinking: The user greets me._\n\nHello there.",
    "> Thinking: The user greets me.\n\nHello there.",
    "> **Thinking**\n> The user greets me.\n\nHello there.",
    "> Reasoning: greet.\n> They said hi.\n\nHello there.",
    "Thought: The user greets me.\n\nHello there.",
    "Thought: The user greets me.\nFinal: Hello there.",
    "Thoughts: greet.\n\nHello there.",
    "Reasoning: The user said hi, so I should greet.\n\nAnswer: Hello there.",
    "Internal monologue: greet.\n\nHello there.",
    "THOUGHT: greet\nRESPONSE: Hello there.",
    "THINKING: greet them.\n\nHello there.",
    "Analysis: the user greets.\n\nResponse: Hello there.",
    "Analysis: the user greets.\nAnswer: Hello there.",
    "Plan: greet the user.\nResponse: Hello there.",
    "Chain of thought: greet.\nAnswer: Hello there.",
    "My reasoning: greet.\nMy answer: Hello there.",
    "Gedanke: Der Nutzer grüßt.\nAntwort: Hello there.",
    "Überlegung: Der Nutzer grüßt.\nAntwort: Hello there.",
    "**Denkprozess:** Der Nutzer grüßt.\n\n**Antwort:** Hello there.",
    "Pensée : il salue.\nRéponse : Hello there.",
    "Réflexion : il salue.\nRéponse : Hello there.",
    "Pensamiento: saluda.\nRespuesta: Hello there.",
    "Razonamiento: saluda.\nRespuesta final: Hello there.",
    "Pensiero: saluta.\nRisposta: Hello there.",
    "Pensamento: saúda.\nResposta: Hello there.",
    "思考：用户打招呼。\n回答：Hello there.",
    "思考：用户打招呼。\n\n回复：Hello there.",
    "思考: ユーザーが挨拶した。\n回答: Hello there.",
    "【思考】用户打招呼。【回答】Hello there.",
    "Мысль: здоровается.\nОтвет: Hello there.",
    "Gedachte: groet.\nAntwoord: Hello there.",
    "Assistant: Hello there.",
    "**Assistant:** Hello there.",
    "(Thinking: The user greets me.) Hello there.",
    "(thinking: the user greets me)\nHello there.",
    "[Thinking: The user greets me.] Hello there.",
    "(Thought: greet them.)\n\nHello there.",
    "<details><summary>Thinking</summary>\nThe user greets me.\n</details>\nHello there.",
    "<details>\n<summary>Thought process</summary>\n\nThe user greets me.\n\n</details>\n\nHello there.",
    '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n> The user\n</details>\nHello there.',  # noqa: E501
    "<!-- thinking: greet them -->Hello there.",
    "<!-- The user greets me. -->\nHello there.",
    "{thinking: greet them} Hello there.",
    "{{thinking}}greet{{/thinking}}Hello there.",
    "{think}greet{/think}Hello there.",
    "((thinking))greet((/thinking))Hello there.",
    "[think]greet[/think]Hello there.",
    "[thought]greet[/thought]Hello there.",
    "[reasoning]greet[/reasoning] Hello there.",
    "[Reasoning]greet[/Reasoning] Hello there.",
    "[Thinking]\ngreet\n[/Thinking]\nHello there.",
    "[THINKING]\ngreet them\n[ANSWER]\nHello there.",
    "[REASONING] greet them [RESPONSE] Hello there.",
    "[INST] hi [/INST] Hello there.",
    "<s>[INST] hi [/INST] Hello there.</s>",
    "<s>Hello there.</s>",
    "Hello there.</s>",
    "<bos>Hello there.<eos>",
    "Hello there.<end_of_turn>",
    "<start_of_turn>model\nHello there.<end_of_turn>",
    "<|start_header_id|>assistant<|end_header_id|>\n\nHello there.<|eot_id|>",
    "<|begin_of_text|><|start_header_id|>assistant<|end_header_id|>\n\nHello there.",
    "<|im_start|>assistant\nHello there.<|im_end|>",
    "<|assistant|>\nHello there.<|end|>",
    "<|assistant|>Hello there.<|endoftext|>",
    "<|endofprompt|>Hello there.",
    "Hello there.<|end_of_sentence|>",
    "Hello there.<｜end▁of▁sentence｜>",
    "<｜Assistant｜>Hello there.<｜end▁of▁sentence｜>",
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hello there.<|END_OF_TURN_TOKEN|>",
    "<|START_RESPONSE|>Hello there.<|END_RESPONSE|>",
    "Hello there.<|eom_id|>",
    "Hello there.<EOT>",
    "Hello there.<eod>",
    "Hello there.<|separator|>",
    "Hello there.<pad><pad>",
    "<unk>Hello there.",
    "<extra_id_0>Hello there.",
    "Hello there.<|fim_end|>",
    "<reserved_106>Hello there.",
    "<|reserved_special_token_1|>Hello there.",
    "<|role_end|>Hello there.",
    "<|user|>hi<|assistant|>Hello there.",
    "<role>ASSISTANT</role>Hello there.<|role_end|>",
    "]~b]ai\nHello there.[e~[",
    "<start_of_role>assistant<end_of_role>Hello there.<|end_of_text|>",
    "<|start_of_role|>assistant<|end_of_role|>Hello there.<|end_of_text|>",
    "<|header_start|>assistant<|header_end|>\n\nHello there.<|eot|>",
    "<extra_id_1>Assistant\nHello there.",
    "<|turn>model\nHello there.<turn|>",
    "<0x0A>Hello there.",
    "<ai>Hello there.</ai>",
    "<answer>Hello there.</answer>",
    "<response>Hello there.</response>",
    "<final_answer>Hello there.</final_answer>",
    "<|begin_of_box|>Hello there.<|end_of_box|>",
]
"""Each is followed by "Hello there."."""


@pytest.mark.parametrize("text", THOUGHTS)
def test_only_the_answer_is_spoken(text: str) -> None:
    for places in splits(text):
        assert said(text, places)[0].strip() == "Hello there.", places


@pytest.mark.parametrize(
    "text",
    [
        "Thinking: The user greets me. I should", "**Thinking**\nThe user", "(Thinking: the user", "Thought: I need to",
        "**Thinking**", "[Thinking: hm", "<!-- hm", "<details><summary>Thinking</summary> hm", "思考：用户打招呼",
    ],
)  # fmt: skip
def test_a_thought_that_does_not_end_is_not_spoken(text: str) -> None:
    for places in splits(text):
        assert said(text, places)[0].strip() == "", places


def test_an_answer_far_behind_a_label_is_found_however_it_comes() -> None:
    text = (
        "Thinking:\n" + "\n\n".join(f"Step {n}: the user asks for more." for n in range(30)) + "\n\nSure, here is more."
    )
    for size in (1, 7, 100, 5_000):
        assert said(text, list(range(size, len(text), size)))[0] == "Sure, here is more."


def test_labels_in_a_text_that_is_none_are_spoken_once_it_is_long_enough() -> None:
    text = "Plan: " + "we go on. " * 300
    assert said(text, list(range(1, len(text))))[0] == text


@pytest.mark.parametrize("end", ["\n\nHello there.", "\n\n**Answer**\nHello there.", "\nAnswer: Hello there."])
def test_a_long_thought_is_hidden_to_its_end(end: str) -> None:
    text = "**Thinking**\n" + "The user greets me, and I weigh what to say. " * 200 + end
    for size in (1, 7, 500, 50_000):
        assert said(text, list(range(size, len(text), size)))[0] == "Hello there.", size


def test_a_long_thought_that_does_not_end_is_hidden() -> None:
    text = "Thinking: " + "The user greets me, and I weigh what to say. " * 200
    for size in (1, 500, 50_000):
        assert said(text, list(range(size, len(text), size)))[0] == ""
