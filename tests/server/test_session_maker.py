"""What a session is made of."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.server.serving import fake_engines
from voi.calls.load import LoadLevel
from voi.config.agents import Agent
from voi.core.facts import LoadChanged
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.server import session_maker
from voi.server.metrics import Metrics
from voi.server.session_maker import SessionMaker

AGENT = Agent(llm_model="echo")


class MadeSession:
    """Keeps what it was made of, and what it was told."""

    def __init__(self, **given: Any) -> None:
        self.given = given
        self.told: list[Any] = []

    def tell(self, fact: Any) -> None:
        self.told.append(fact)


def maker(monkeypatch: pytest.MonkeyPatch, call: Any = None, **parts: Any) -> tuple[SessionMaker, list[Any]]:
    """A maker, and the sessions that somebody watches for the time after the call."""
    monkeypatch.setattr(session_maker, "Session", MadeSession)
    watched: list[Any] = []
    settings = SimpleNamespace(
        pictures_mb=1, greetings_dir="greetings", language="en", log_words=False, invoke_llm_max_tokens=100,
        trace_words=False,
    )  # fmt: skip
    given: dict[str, Any] = {
        "settings": settings,
        "engines": fake_engines,
        "find": lambda call_id: call,
        "toolbox": SimpleNamespace(of=lambda agent, **more: ("tools", agent, more)),
        "library": SimpleNamespace(of=lambda agent: None),
        "memories": SimpleNamespace(of=lambda call, agent: "memory"),
        "after_calls": SimpleNamespace(watch=lambda call, agent, options, session: watched.append(session)),
        "usages": SimpleNamespace(observer=lambda call, call_id: "usage"),
        "kept": SimpleNamespace(notice=lambda call, agent: "notice", observers=lambda *_: ["store"]),
        "quotas": SimpleNamespace(used_up=lambda app: f"{app} has used it up" if app == "greedy" else ""),
        "questions": SimpleNamespace(why_not=lambda app: "too many questions"),
        "load": SimpleNamespace(level=LoadLevel.NORMAL),
        "metrics": Metrics(lambda: 0),
        "context_tokens_of": lambda agent: 8_000,
        "never_call_of": lambda call: "never",
        "traces": None,
    }
    return SessionMaker(**given | parts), watched


def a_call(app: str = "shop") -> Any:
    proofs: list[Any] = []
    return SimpleNamespace(
        app=app, agent_name="ada", about={"app": app, "agent": "ada"}, looked_on_by=["recorder"], prove=proofs.append,
        proofs=proofs,
    )  # fmt: skip


def opened(made: SessionMaker, agent: Agent = AGENT) -> Any:
    return made.open("id-1", "line", agent, "config", CallOptions(app_tools=("dial",)))  # type: ignore[arg-type]


def test_a_voice_that_cannot_be_spoken_makes_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    made, watched = maker(monkeypatch, a_call(), engines=lambda: fake_engines())
    other = Agent.model_validate({"llm_model": "echo", "voices": {"character": {"model": "none", "voice": "v"}}})
    with pytest.raises(ClientError, match="none"):
        opened(made, other)
    assert watched == []


def test_a_call_is_watched_for_what_is_done_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    call = a_call()
    made, watched = maker(monkeypatch, call)
    session = opened(made)
    assert watched == [session]
    assert (session.given["agent_name"], session.given["about"]) == ("ada", call.about)
    assert (session.given["memory"], session.given["notice"], session.given["never_call"]) == (
        "memory", "notice", "never",
    )  # fmt: skip
    assert session.given["observers"][1:] == ["recorder", "store", "usage"], "metrics first, what it cost last"
    assert session.given["tools_of"](AGENT, "ben") == ("tools", AGENT, {"app_tools": ("dial",), "came_from": "ben"})
    session.given["prove_person"]()
    assert len(call.proofs) == 1


def test_a_session_without_a_call_is_of_no_app(monkeypatch: pytest.MonkeyPatch) -> None:
    made, watched = maker(monkeypatch)
    session = opened(made)
    assert watched == []
    assert (session.given["about"], session.given["never_call"]) == ({"app": ""}, None)
    assert session.given["prove_person"]() is None


@pytest.mark.parametrize(
    ("level", "told"), [(LoadLevel.NORMAL, []), (LoadLevel.BUSY, [LoadChanged(busy=True)])], ids=["calm", "busy"]
)
def test_a_session_that_begins_on_a_busy_server_knows_it(
    monkeypatch: pytest.MonkeyPatch, level: LoadLevel, told: list[Any]
) -> None:
    made, _ = maker(monkeypatch, load=SimpleNamespace(level=level))
    assert opened(made).told == told


@pytest.mark.parametrize(("app", "why"), [("greedy", "greedy has used it up"), ("shop", "too many questions")])
def test_why_an_app_may_not_ask_the_llm(monkeypatch: pytest.MonkeyPatch, app: str, why: str) -> None:
    made, _ = maker(monkeypatch, a_call(app))
    assert opened(made).given["why_not_invoke"]() == why
