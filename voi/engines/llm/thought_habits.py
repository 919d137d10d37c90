"""Remembers which LLMs begin their replies in the middle of a thought, with a mark only at its end: "They
greet.</think>Hi".

Where a model's prompt template opens the thought, nothing at a reply's beginning tells it from speech. So the beginning
of a reply is held back while its model is not known to speak at once. The first reply shows what the model does, and
that is remembered, in a file, for later calls and processes. Families of models are known by their names. No model is
sent a trial question: many cost money.
"""

import asyncio
import logging
import re
from pathlib import Path
from typing import Literal

import orjson

Habit = Literal["speaks", "thinks", "may think", "unknown"]
"""speaks, thinks: known from its replies. may think: a family of models that reason; whether their thoughts come
unmarked is up to the server that runs them. unknown: any other name."""

MODELS_MAX = 500
"""Limit on the number of remembered models; clients may name any."""
FILE_MAX_BYTES = 100_000
_NAME_MAX_CHARACTERS = 200

_REASONS = re.compile(
    r"(?<![a-z])(?:r1|qwq|qvq|qwen-?3|magistral|gpt-oss|z1|glm-?(?:4\.[5-9]|[5-9])|minimax-?m\d|hunyuan|seed-?oss|step-?3|"
    r"exaone-?(?:deep|4)|olmo-?3|kimi-k2|smollm-?3|marco-o1|skywork-o|sky-t1|s1|openthinker|phi-?4-(?:mini-)?(?:flash-)?reason|"
    r"nemotron|deepseek-?(?:v3\.[1-9]|v[4-9])|intern-?s1|ring|mimo|apriel|lfm2?\.?5?-think|huginn|k2-think)(?![a-z])|"
    r"reason|think|cogito|deepcogito"
)
_SPEAKS = re.compile(
    r"(?:chat)?gpt-?[345](?!\w*-?oss)|o[1-9](?:-|$)|claude|gemini|gemma-?[123](?!\w)|command|aya|llama-?[234](?!\w)|"
    r"(?:open-)?mi[sx]tral|ministral-?\db?$|codestral|pixtral|phi-?[23](?!\w)|qwen-?(?:1\.5|2|2\.5)(?![\w.])|grok|nova|"
    r"jamba|granite-?[123](?!\w)|smollm-?2|eliza$|echo$"
)
"""Models that do not reason, or whose only provider keeps the reasoning apart."""

log = logging.getLogger(__name__)


def habit_by_name(model: str) -> Habit:
    """What the name says, as in "groq/deepseek-r1-distill-llama-70b" (may think) or "openai/gpt-5-mini" (speaks)."""
    name = model.lower().rpartition("/")[2].rpartition(":")[0] or model.lower().rpartition("/")[2]
    if _REASONS.search(name):
        return "may think"
    return "speaks" if _SPEAKS.match(name) else "unknown"


class ThoughtHabits:
    """`file`: where what was learned is kept (JSON); None: nowhere. `place`: the server that the models run at: the
    same name elsewhere is another model. `unknown`: what is assumed about an unknown model."""

    def __init__(self, file: Path | None = None, place: str = "", *, unknown: Habit = "speaks") -> None:
        self._file = file
        self._place = place
        self._unknown = unknown
        self._learned: dict[str, bool] = {}
        """Whether the model begins with thoughts."""

    def load(self) -> None:
        """Read what was learned before. Blocks. A file that cannot be read counts as empty."""
        self._learned = dict(self._read().get(self._place, {}))

    def of(self, model: str) -> Habit:
        if (thinks := self._learned.get(model)) is not None:
            return "thinks" if thinks else "speaks"
        by_name = habit_by_name(model)
        return self._unknown if by_name == "unknown" else by_name

    async def learn(self, model: str, *, thinks: bool) -> None:
        """A reply has shown what the model does. Never raises."""
        known = self._learned.get(model)
        if known == thinks or len(model) > _NAME_MAX_CHARACTERS or (known is None and not self._has_room):
            return
        if known is None and not thinks and habit_by_name(model) == "speaks":
            return
        self._learned[model] = thinks
        if thinks:
            log.info("LLM %s begins its replies with thoughts; they are heard from their </think> on.", model)
        if self._file is not None:
            await asyncio.to_thread(self._save, self._file)

    @property
    def _has_room(self) -> bool:
        return len(self._learned) < MODELS_MAX

    def _read(self) -> dict[str, dict[str, bool]]:
        try:
            if self._file is None or self._file.stat().st_size > FILE_MAX_BYTES:
                return {}
            found = orjson.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        places = found.items() if isinstance(found, dict) else ()
        return {
            place: {model: thinks for model, thinks in models.items() if isinstance(thinks, bool)}
            for place, models in places
            if isinstance(models, dict)
        }

    def _save(self, file: Path) -> None:
        """Other processes may have learned too: what they know of other places and models stays."""
        kept = self._read()
        kept[self._place] = dict([*kept.get(self._place, {}).items(), *self._learned.items()][-MODELS_MAX:])
        new = file.with_name(f"{file.name}.new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
            new.replace(file)
        except OSError as error:
            log.warning("what was learned of the LLMs is lost at the next start: %s: %s", file, error.strerror)
