"""The hub's token goes to the hub alone."""

import urllib.request
from typing import Any

import pytest

from voi.engines.stt.whisper.download import opened


@pytest.mark.parametrize(
    ("url", "sent"),
    [("https://huggingface.co/a/b", "Bearer hf_1"), ("https://example.com/a", None),
     ("https://huggingface.co.example.com/a", None), ("http://huggingface.co/a", None)],
)  # fmt: skip
def test_the_token_of_the_hub(url: str, sent: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_1")
    asked: list[urllib.request.Request] = []

    def answer(request: urllib.request.Request, **_: Any) -> None:
        asked.append(request)

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    opened(url)
    assert asked[0].get_header("Authorization") == sent
    assert "Authorization" not in asked[0].headers, "it would be sent on to where the hub redirects"
