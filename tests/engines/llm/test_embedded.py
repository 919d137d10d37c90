"""echo and eliza."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.engines import texts
from voi.dialogue import Message
from voi.engines.base import Finished, Llm, LlmRequest
from voi.engines.llm.echo import Echo
from voi.engines.llm.eliza import Eliza


async def answer(llm: Llm, text: str, **more: object) -> list[str]:
    messages = (
        Message("system", "Be kind."),
        Message("user", text),
        Message("assistant", "No."),
        Message("user", text),
    )
    return await texts(llm.stream(LlmRequest("x", messages, **more)))  # type: ignore[arg-type]


async def test_echo_repeats_the_last_words_in_several_deltas() -> None:
    deltas = await answer(Echo(), "One two three, four five.")
    assert "".join(deltas) == "One two three, four five."
    assert len(deltas) == 2


async def test_echo_without_words() -> None:
    echo = Echo()
    assert await answer(echo, " ") == []
    assert [d async for d in echo.stream(LlmRequest("echo", ()))] == [Finished("nothing")]
    seen = Message("user", "", ("data:image/png;base64,AA==",))
    assert "".join(await texts(echo.stream(LlmRequest("echo", (seen,))))) == "You showed me a picture."


async def test_eliza_reflects_and_is_the_same_for_the_same_seed() -> None:
    first, second = Eliza(seed=7), Eliza(seed=7)
    for question in ("I need a holiday.", "Hello.", "I can’t sleep. Because of my mother!", ""):
        words = await answer(first, question)
        assert words == await answer(second, question)
        assert all(words)
    assert "holiday" in "".join(await answer(first, "Nice day. I need a holiday."))


async def test_eliza_does_not_always_say_the_same() -> None:
    eliza = Eliza(seed=1)
    assert len({"".join(await answer(eliza, "Hello")) for _ in range(20)}) > 1


@given(st.text() | st.sampled_from(["I need %1", "I need 5%", "i waſ İ", "because " * 500, "I need " + "a" * 10_000]))
async def test_eliza_answers_anything(text: str) -> None:
    assert "".join(await answer(ELIZA, text))


ELIZA = Eliza(seed=3)


ALONE = """
import asyncio, sys
from voi.engines.llm.eliza import Eliza
asyncio.run(Eliza().warm_up())
assert not [name for name in sys.modules if name.partition(".")[0] in ("nltk", "scipy", "sklearn")]
import nltk.chat.eliza
assert nltk.chat.eliza.pairs and nltk.word_tokenize
asyncio.run(Eliza().warm_up())
"""


def test_eliza_brings_no_more_of_her_package_than_she_needs() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
