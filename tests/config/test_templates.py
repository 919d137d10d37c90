import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.config.templates import NARRATOR_COMMENTS, VOICE_TONE, asks_for_tone, oddities, render


@pytest.mark.parametrize("spelling", ["{%s}", "{prompt_pattern:%s}"])
def test_both_spellings_give_the_format(spelling: str) -> None:
    tone = render(spelling % VOICE_TONE, {})
    assert "JSON" in tone
    assert tone.index('"voice_tone"') < tone.index('"text"')
    for name in ("neutral", "warm", "excited", "sad"):
        assert f'"{name}"' in tone
    narrated = render(spelling % NARRATOR_COMMENTS, {})
    assert narrated.startswith(tone)
    assert "third person" in narrated
    assert re.search(r"\*[^*]+\*", narrated)


def test_the_shown_object_is_json() -> None:
    shown = re.search(r"^\{.*\}$", render(f"{{{VOICE_TONE}}}", {}), re.MULTILINE)
    assert shown
    assert list(json.loads(shown[0])) == ["voice_tone", "text"]


def test_tones_are_those_of_the_voice() -> None:
    text = render(f"{{{VOICE_TONE}}}", {}, ("whisper", "sad"))
    assert [name for name in ("neutral", "whisper", "sad", "warm", "excited") if f'"{name}"' in text] == [
        "neutral", "whisper", "sad",
    ]  # fmt: skip


def test_both_formats_together_explain_the_tone_once() -> None:
    text = render(f"{{{VOICE_TONE}}}\n{{{NARRATOR_COMMENTS}}}", {})
    assert text.count("JSON object") == 1
    assert "narrator" in text


def test_variables_have_both_spellings() -> None:
    assert render("{vars:a} {prompt_pattern:vars:a}", {"a": "x"}) == "x x"
    assert oddities("{prompt_pattern:vars:a} {prompt_pattern:vars:b}", {"a": "x"}) != []


def test_variables_are_filled_in_once() -> None:
    assert render("{vars:a} {vars:b}", {"a": "{vars:b}", "b": "x"}) == "{vars:b} x"


@given(st.text(st.sampled_from('{}:"a vars\\n'), max_size=40))
def test_other_braces_stay_as_they_are(text: str) -> None:
    assert render(text, {}) == text


def test_json_in_prompts_survives() -> None:
    prompt = 'Answer {"class": "ok"} or {} or {{x}} or {name}'
    assert render(prompt, {"name": "n"}) == prompt


def test_templates_that_look_meant_are_reported() -> None:
    found = oddities("{vars:nme} {prompt_pattern:foo} {character_agent_message_format_voice_tones} {x}", {"name": "n"})
    assert len(found) == 3
    assert '{vars:nme} is not defined (did you mean "name"?)' in found
    assert any(VOICE_TONE in line for line in found)
    assert not oddities(f"{{{VOICE_TONE}}} {{vars:name}}", {"name": "n"})


def test_asking_for_tone() -> None:
    assert asks_for_tone(f"x {{prompt_pattern:{NARRATOR_COMMENTS}}}")
    assert not asks_for_tone("Answer in JSON")
