"""Writes what people or files say into prompts, so that it can pass for nothing else.

It is one line of JSON. Angle brackets, and square ones as models mark their turns by, are written as JSON escapes:
`<|im_end|>`, `</s>` or `[INST]` never reach a model's tokenizer as such. So are characters that nobody sees, which may
hide an instruction, and those that some readers take for the end of a line.
"""

import json
import re

_MARKS = re.compile(
    r"[<>]|\[(?=/?[A-Z_]+\])|[\x7f-\x9f\u2028\u2029]"
    "|[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)


def json_line(value: object) -> str:
    """The value as JSON on one line that no text in it can leave."""
    return _MARKS.sub(
        lambda found: json.dumps(found[0])[1:-1] if found[0] > "~" else f"\\u{ord(found[0]):04x}",
        json.dumps(value, ensure_ascii=False),
    )
