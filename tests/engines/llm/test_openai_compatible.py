import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.engines import texts
from tests.fakes.openai_server import FakeOpenAi, Reply, chunk, event
from voi.dialogue import Message, Text, ToolCall, ToolResult
from voi.engines.base import AskedAgain, CallPart, Finished, LlmEvent, LlmRequest, Reasoning, TextDelta, Usage
from voi.engines.llm import attempts, openai_compatible
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.openai_compatible import OpenAiCompatible, completions_url
from voi.engines.llm.pictures import Pictures
from voi.errors import ConfigError, EngineError

KEY = "sk-very-secret"
WORDS = "my spoken words"
SMALL = LlmLimits(max_event_bytes=2_000, max_reply_chars=500)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "RETRY_DELAY_S", 0.001)


@pytest.fixture
async def server() -> AsyncIterator[FakeOpenAi]:
    async with FakeOpenAi() as fake:
        yield fake


@pytest.fixture
async def llm(server: FakeOpenAi) -> AsyncIterator[OpenAiCompatible]:
    client = OpenAiCompatible(api_base=server.base_url, api_key=KEY, limits=SMALL)
    yield client
    await client.close()


def request(model: str = "m", **more: object) -> LlmRequest:
    return LlmRequest(model, (Message("system", "Be kind."), Message("user", WORDS)), **more)  # type: ignore[arg-type]


async def ask(llm: OpenAiCompatible, **more: object) -> str:
    return "".join(await texts(llm.stream(request(**more))))


async def failure(llm: OpenAiCompatible, **more: object) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await ask(llm, **more)
    assert KEY not in str(caught.value)
    assert WORDS not in str(caught.value)
    return caught.value


# ---- what is asked, what comes back ---------------------------------------------------------------


async def test_asks_as_the_api_wants_and_streams(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.script(Reply(deltas=("Hel", "", "lo.")))
    told = await texts(llm.stream(request(temperature=0.5, max_tokens=9)))
    assert told == ["Hel", "lo."]
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": WORDS}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.5,
            "max_tokens": 9,
        }
    ]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_images_become_content_parts(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    url = "data:image/png;base64,AA=="
    messages = (Message("user", "Look.", (url,)), Message("user", "", (url,)))
    async for _ in llm.stream(LlmRequest("m", messages)):
        pass
    image = {"type": "image_url", "image_url": {"url": url}}
    contents = [message["content"] for message in server.requests[0]["messages"]]
    assert contents == [[{"type": "text", "text": "Look."}, image], [image]]


async def test_one_connection_serves_many_requests(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    for _ in range(5):
        assert await ask(llm) == "Hello there."
    assert len(server.connections) == 1


async def test_bytes_cut_anywhere(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    body = b": ping\r\n\r\n" + b"".join(event(chunk(text)) for text in ("Grüß ", "Gott 🙂"))
    body = (body + event(chunk(None, "stop"))).replace(b"\n", b"\r\n")
    server.script(Reply(raw=[body[i : i + 1] for i in range(len(body))]))
    assert await ask(llm) == "Grüß Gott 🙂"


@pytest.mark.parametrize(
    "events",
    [
        [chunk("a"), chunk("b"), {"choices": [], "usage": {}}, chunk(None, "stop")],
        [chunk("ab", "stop")],
        [{**chunk("a"), "choices": [{"delta": {"content": "a"}, "finish_reason": ""}]}, chunk("b", "length")],
        [{"choices": [{"delta": {"content": [{"type": "text", "text": "ab"}]}}]}, chunk(None, "stop")],
        [{"choices": [{"delta": {"reasoning_content": "hm"}}]}, chunk("ab"), chunk(None, "stop"), ["junk"]],
        [{"choices": [{"delta": {"refusal": "ab"}}]}, chunk(None, "stop")],
        [{"choices": [{"delta": None}]}, {"choices": [None]}, {"choices": 3}, 7, chunk("ab", "stop")],
    ],
)
async def test_dialects(server: FakeOpenAi, llm: OpenAiCompatible, events: list[object]) -> None:
    server.script(Reply(raw=[event(each) for each in events]))
    assert await ask(llm) == "ab"


async def test_a_server_that_does_not_stream(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    whole = {"object": "chat.completion", "choices": [{"message": {"content": "All of it."}, "finish_reason": "stop"}]}
    server.script(Reply(raw=[json.dumps(whole, indent=1).encode()], content_type="application/json"))
    assert await ask(llm) == "All of it."


async def test_a_reply_is_over_at_its_finish_reason_even_if_the_connection_stays_open(
    server: FakeOpenAi, llm: OpenAiCompatible
) -> None:
    server.script(Reply(raw=[event(chunk("Hi.", "stop")), b": ping\n\n"], delay_ms=60_000))
    async with asyncio.timeout(60):
        assert await ask(llm) == "Hi."
    await server.disconnects(1)


async def test_json_mode_is_dropped_for_a_model_that_refuses_it(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.script(Reply.refusal(400, "Unsupported parameter: 'response_format'"), Reply(deltas=("{}",)))
    assert await ask(llm, json_mode=True) == "{}"
    assert await ask(llm, json_mode=True) == "{}"
    assert await ask(llm, model="other", json_mode=True) == "{}"
    asked = [body.get("response_format") for body in server.requests]
    assert asked == [{"type": "json_object"}, None, None, {"type": "json_object"}]


# ---- how an answer ends --------------------------------------------------------------------------------


def call_chunk(**call: Any) -> dict[str, Any]:
    found = chunk(None)
    found["choices"][0]["delta"] = {"tool_calls": [call]}
    return found


def thought(words: str) -> dict[str, Any]:
    found = chunk(None)
    found["choices"][0]["delta"] = {"reasoning_content": words}
    return found


ENDINGS: list[tuple[list[dict[str, Any]], list[LlmEvent]]] = [
    ([chunk("Hi."), chunk(None, "stop")], [TextDelta("Hi."), Finished("stop")]),
    ([chunk("Hi"), chunk(None, "length")], [TextDelta("Hi"), Finished("length")]),
    ([chunk("Hi"), chunk(None, "content_filter")], [TextDelta("Hi"), Finished("content_filter")]),
    ([chunk(None, "content_filter")], [Finished("content_filter")]),
    ([chunk(None, "stop")], [Finished("nothing")]),
    ([chunk(" \n"), chunk(None, "stop")], [TextDelta(" \n"), Finished("nothing")]),
    ([thought("Hm"), chunk(None, "stop")], [Reasoning("Hm"), Finished("nothing")]),
    (
        [
            chunk("Wait."),
            call_chunk(index=0, id="a", function={"name": "time", "arguments": '{"zo'}),
            call_chunk(index=1, id="b", function={"name": "book", "arguments": ""}),
            call_chunk(index=0, function={"arguments": 'ne": 1}'}),
            chunk(None, "tool_calls"),
        ],
        [
            TextDelta("Wait."),
            ToolCall("a", "time", '{"zone": 1}'),
            ToolCall("b", "book"),
            Finished("tool_calls"),
        ],
    ),
    (
        [call_chunk(index=0, id="a", function={"name": "time", "arguments": "{"}), chunk(None, "length")],
        [Finished("length")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("chunks", "events"), ENDINGS)
async def test_how_an_answer_ends(
    server: FakeOpenAi, llm: OpenAiCompatible, chunks: list[Any], events: list[LlmEvent]
) -> None:
    server.script(Reply(raw=[event(each) for each in chunks]))
    assert [part async for part in llm.stream(request()) if not isinstance(part, CallPart)] == events


async def test_half_characters_cost_one_character(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    raw = [
        b'data: {"choices": [{"delta": {"content": "A \\ud83d"}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "\\ude42 b\xffd \\ud83d."}}]}\n\n',
        event(chunk(None, "stop")),
    ]
    server.script(Reply(raw=raw))
    assert await ask(llm) == "A 🙂 b�d �."


@pytest.mark.parametrize("flood", [b"data:\n\n" * 2_000, b"data:\n" * 2_000, b": ping\n\n" * 2_000])
async def test_a_flood_of_nothing_ends(server: FakeOpenAi, flood: bytes) -> None:
    server.script(Reply(raw=[flood] * 1_000))
    client = OpenAiCompatible(
        api_base=server.base_url, limits=LlmLimits(max_answer_bytes=1 << 20, max_event_bytes=9_000)
    )
    assert "more than" in str(await failure(client))
    await client.close()


async def test_tools_that_were_called_are_told_with_their_results(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    messages = (
        Message("assistant", [Text("Wait."), ToolCall("a", "time", "")]),
        Message("tool", [ToolResult("a", "noon")]),
    )
    assert await texts(llm.stream(LlmRequest("m", messages)))
    assert server.requests[0]["messages"] == [
        {
            "role": "assistant",
            "content": "Wait.",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "time", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "a", "content": "noon"},
    ]


async def test_the_request_may_want_its_first_word_sooner(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.script(Reply(first_delay_ms=60_000))
    assert "did not answer in time" in str(await failure(llm, first_token_ms=50))


# ---- cancellation -----------------------------------------------------------------------------------


async def test_closing_the_iterator_closes_the_request(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.script(Reply(hang_after=1))
    stream = llm.stream(request())
    assert await anext(stream) == TextDelta("Hello")
    await stream.aclose()
    await server.disconnects(1)


@pytest.mark.parametrize("reply", [Reply(first_delay_ms=60_000), Reply(hang_after=0), Reply(hang_after=1)])
async def test_cancelling_the_task_closes_the_request(server: FakeOpenAi, llm: OpenAiCompatible, reply: Reply) -> None:
    server.script(reply)
    task = asyncio.create_task(ask(llm))
    await server.asked(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.disconnects(1)


# ---- time limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "words", "limits"),
    [
        (Reply(first_delay_ms=60_000), "did not answer in time", LlmLimits(first_token_timeout_ms=50)),
        (Reply(hang_after=0), "did not answer in time", LlmLimits(first_token_timeout_ms=50)),
        (Reply(hang_after=1), "did not go on with its answer in time", LlmLimits(next_token_timeout_ms=50)),
        (
            Reply(raw=[b": ping\n\n"] * 999, delay_ms=9),
            "did not answer in time",
            LlmLimits(first_token_timeout_ms=50),
        ),
    ],
)
async def test_a_silent_provider(server: FakeOpenAi, reply: Reply, words: str, limits: LlmLimits) -> None:
    """Each limit is short only where nothing more comes; how they are counted: `test_attempts`."""
    server.script(reply)
    client = OpenAiCompatible(api_base=server.base_url, limits=limits)
    assert words in str(await failure(client))
    await server.disconnects(1)
    assert len(server.requests) == 1
    await client.close()


async def test_a_long_call_is_no_silence(server: FakeOpenAi) -> None:
    """Its arguments take longer than the time for the next token, and each piece of them less."""
    pieces = [{"index": 0, "function": {"arguments": part}} for part in ('{"a":"', *"b" * 8, '"}')]
    pieces[0] |= {"id": "x", "function": {"name": "note", "arguments": '{"a":"'}}
    raw = [event({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}) for piece in pieces]
    server.script(Reply(raw=[*raw, event(chunk(None, "tool_calls")), b"data: [DONE]\n\n"], delay_ms=60))
    client = OpenAiCompatible(api_base=server.base_url, limits=LlmLimits(next_token_timeout_ms=300))
    events = [each async for each in client.stream(request())]
    assert [each for each in events if isinstance(each, ToolCall)] == [ToolCall("x", "note", '{"a":"bbbbbbbb"}')]
    await client.close()


# ---- failures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        Reply.refusal(429, "Rate limit"),
        Reply.refusal(503, "Overloaded", Retry_After="0"),
        Reply.refusal(500, "Oops"),
        Reply(drop_after=0),
        Reply(error_after=(0, {"message": "Overloaded", "code": 503})),
        Reply(raw=[b"data: {broken\n\n"]),
        Reply(raw=[b": nothing\n\n"]),
    ],
)
async def test_one_retry_where_nothing_was_said(server: FakeOpenAi, llm: OpenAiCompatible, first: Reply) -> None:
    server.script(first, Reply())
    assert await ask(llm) == "Hello there."
    assert len(server.requests) == 2


async def test_litellms_pause_after_failures_is_no_rate_limit(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    words = "No deployments available for selected model, Try again in 5 seconds. Passed model=m. cooldown_list=['a']"
    server.script(Reply.refusal(429, words))
    error = await failure(llm)
    assert "wrong api_key" in str(error)
    assert "rate limit" not in str(error)
    assert len(server.requests) == 1


async def test_only_one_retry(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.script(Reply.refusal(429, "Rate limit"))
    error = await failure(llm)
    assert "rate limit" in str(error)
    assert error.retryable
    assert len(server.requests) == 2


async def test_no_retry_when_asked_to_stay_away(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.script(Reply.refusal(429, "Rate limit", Retry_After="30"))
    await failure(llm)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply", [Reply(drop_after=1), Reply(error_after=(1, "Overloaded")), Reply(finish_reason=None, done=False)]
)
async def test_no_retry_after_words(server: FakeOpenAi, llm: OpenAiCompatible, reply: Reply) -> None:
    server.script(reply)
    stream = llm.stream(request())
    assert await anext(stream) == TextDelta("Hello")
    with pytest.raises(EngineError):
        await texts(stream)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply.refusal(401, f"Incorrect API key provided: {KEY}. {WORDS}"), "check LITELLM_API_KEY"),
        (Reply.refusal(401, "litellm.AuthenticationError: OpenAIException"), "litellm_config.yaml"),
        (Reply.refusal(404, "The model `m` does not exist", code="model_not_found"), "llm_model against model_list"),
        (
            Reply.refusal(400, "{'error': '/chat/completions: Invalid model name passed in model=m."),
            "does not know model 'm'",
        ),
        (Reply.refusal(400, "This model's maximum context length is 8 tokens"), "conversation is too long"),
        (Reply.refusal(400, "x", code="context_length_exceeded"), "conversation is too long"),
        (Reply.refusal(429, "You exceeded your current quota", code="insufficient_quota"), "no credit"),
        (Reply.refusal(400, f"temperature must be below 2. {WORDS}"), "HTTP 400"),
        (Reply.refusal(307, ""), "redirect"),
        (Reply(raw=[b"<html>"], content_type="text/html"), "web page"),
        (Reply(raw=[b"<html>Not Found"], status=404, content_type="text/html"), "check LITELLM_API_BASE"),
        (Reply(error_after=(0, {"message": WORDS, "type": "authentication_error", "code": "401"})), "LITELLM_API_KEY"),
        (Reply(raw=[event({"object": "error", "message": "model m not found", "code": 404})]), "does not know model"),
        (
            Reply(raw=[json.dumps({"error": "model m not found"}).encode()], content_type="application/json"),
            "know model",
        ),
        (Reply(raw=[b"data: " + b"x" * 3_000]), "more than 2000 bytes"),
        (Reply(deltas=["long " * 20] * 10), "more than 500 characters"),
    ],
)
async def test_a_refusal_says_what_to_do(server: FakeOpenAi, llm: OpenAiCompatible, reply: Reply, words: str) -> None:
    server.script(reply)
    error = await failure(llm)
    assert words in str(error)
    assert len(server.requests) == 1


async def test_a_provider_is_not_given_an_address_that_proves_no_name(
    server: FakeOpenAi, llm: OpenAiCompatible, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It might be sent to its own neighbours; with https the certificate tells."""

    async def fetch(shelf: Pictures, url: str) -> str:
        return f"data:image/png;base64,{b64encode(url.encode()).decode()}"

    monkeypatch.setattr(Pictures, "_fetch", fetch)
    signed = "https://a.example/b"
    async for _ in llm.stream(LlmRequest("m", (Message("user", "", ("http://a.example/b", signed)),))):
        pass
    images = [part["image_url"]["url"] for part in server.requests[0]["messages"][0]["content"]]
    assert images == [f"data:image/png;base64,{b64encode(b'http://a.example/b').decode()}", signed]


async def test_image_refused(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.script(Reply.refusal(400, "This model does not support image input"))
    with pytest.raises(EngineError, match="refused the image"):
        async for _ in llm.stream(LlmRequest("m", (Message("user", "", ("https://x/y.png",)),))):
            pass


async def test_an_error_page_without_end(server: FakeOpenAi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "MAX_BODY_BYTES", 1_000)
    client = OpenAiCompatible(api_base=server.base_url)
    server.script(Reply(raw=[b"x" * 700] * 5, status=500))
    assert "more than 1000 bytes" in str(await failure(client))
    await client.close()


async def test_nobody_listens_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = OpenAiCompatible(api_base=f"http://127.0.0.1:{taken.getsockname()[1]}", api_key=KEY)
        error = await failure(client)
        assert "cannot be reached" in str(error)
        assert error.retryable
        with pytest.raises(EngineError, match="cannot be reached"):
            await client.warm_up()
        await client.close()


async def test_text_that_is_not_unicode(llm: OpenAiCompatible) -> None:
    with pytest.raises(EngineError, match="Unicode"):
        async for _ in llm.stream(LlmRequest("m", (Message("user", "\ud800"),))):
            pass


async def test_after_close(llm: OpenAiCompatible) -> None:
    await ask(llm)
    await llm.close()
    await llm.close()
    assert "shutting down" in str(await failure(llm))


# ---- addresses and lists ------------------------------------------------------------------------------


async def test_models(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    server.models = ("m", "openai/*")
    assert await llm.models() == {"m", "openai/*"}
    doubts = await llm.doubts(["m", "openai/gpt", "n"])
    assert doubts == [
        "LLM model 'n' is not in the list of the server at LITELLM_API_BASE. Agents that use it will fail."
    ]
    server.models = ()
    assert await llm.doubts([]) == []
    assert ["lists no models" in doubt for doubt in await llm.doubts(["n"])] == [True]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, "{}"), "Wrong key"),
        # LiteLLM without a database.
        ((400, '{"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}}'), "Wrong key"),
        ((500, "Internal Server Error"), "HTTP 500"),
    ],
)
async def test_no_list(server: FakeOpenAi, llm: OpenAiCompatible, answer: tuple[int, str], says: str) -> None:
    server.listing = answer
    with pytest.raises(EngineError, match=says):
        await llm.warm_up()


async def test_no_list_without_a_key(server: FakeOpenAi) -> None:
    llm = OpenAiCompatible(api_base=server.base_url)
    server.listing = 500, "Internal Server Error"  # LiteLLM's answer then
    with pytest.raises(EngineError, match="LITELLM_API_KEY is empty"):
        await llm.models()
    server.listing = 404, "no such place"
    assert await llm.models() == frozenset()
    await llm.close()


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://localhost:4000", "http://localhost:4000/v1/chat/completions"),
        ("http://localhost:4000/", "http://localhost:4000/v1/chat/completions"),
        ("http://localhost:4000/v1/", "http://localhost:4000/v1/chat/completions"),
        ("https://h/openai/v1", "https://h/openai/v1/chat/completions"),
        ("https://h/v1beta/openai/chat/completions", "https://h/v1beta/openai/chat/completions"),
        ("http://[::1]:4000", "http://[::1]:4000/v1/chat/completions"),
    ],
)
def test_base_in_any_form(base: str, url: str) -> None:
    assert completions_url(base) == url


@pytest.mark.parametrize(
    "base", ["", "localhost:4000", "ftp://h", "http://", "http://h:x", "http://h/?a=1", "http://k@h"]
)
def test_base_that_cannot_be(base: str) -> None:
    with pytest.raises(ConfigError, match="LITELLM_API_BASE"):
        completions_url(base)


def test_key_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="LITELLM_API_KEY") as caught:
        OpenAiCompatible(api_base="http://h", api_key="two\r\nlines")
    assert "two" not in str(caught.value)


@pytest.mark.parametrize("reply", [Reply(deltas=()), Reply(deltas=(), finish_reason=None), Reply(deltas=("",))])
async def test_an_answer_without_a_word_is_told_from_others(
    server: FakeOpenAi, llm: OpenAiCompatible, reply: Reply
) -> None:
    server.script(reply)
    assert [part async for part in llm.stream(request()) if not isinstance(part, Usage)] == [Finished("nothing")]


async def usages(llm: OpenAiCompatible, model: str = "m") -> list[Usage]:
    return [event async for event in llm.stream(request(model=model)) if isinstance(event, Usage)]


async def test_the_usage_is_asked_for_and_told(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    assert await usages(llm) == [Usage(2, 1)]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Unrecognized request argument supplied: stream_options"),
        (422, "body.stream_options: extra fields not permitted"),
        (500, "include_usage is not supported"),
    ],
)
async def test_usage_is_not_asked_again_where_it_was_refused(
    server: FakeOpenAi, llm: OpenAiCompatible, status: int, words: str
) -> None:
    server.script(Reply.refusal(status, words), Reply())
    assert await usages(llm) == []
    assert await usages(llm) == []
    assert await usages(llm, "other") == [Usage(2, 1)]
    assert ["stream_options" in body for body in server.requests] == [True, False, False, True]


async def test_json_mode_and_usage_may_both_be_refused(server: FakeOpenAi, llm: OpenAiCompatible) -> None:
    refused = [Reply.refusal(400, f"Unknown field: {name}") for name in ("stream_options", "response_format")]
    server.script(*refused, Reply(deltas=("{}",)))
    assert await ask(llm, json_mode=True) == "{}"
    assert server.requests[-1].keys() == {"model", "messages", "stream"}


@pytest.mark.parametrize("claimed", [-5, 10**30, True, "7", None, 1.5])
async def test_counts_are_what_a_count_can_be(server: FakeOpenAi, llm: OpenAiCompatible, claimed: object) -> None:
    told = {"choices": [], "usage": {"prompt_tokens": claimed, "completion_tokens": 3}}
    server.script(Reply(raw=[event(chunk("Hi.", "stop")), event(told), b"data: [DONE]\n\n"]))
    (usage,) = await usages(llm)
    assert 0 <= usage.input_tokens <= 10_000_000
    assert usage.output_tokens == 3


async def test_an_answer_that_broke_off_and_is_asked_again_is_paid_twice(
    server: FakeOpenAi, llm: OpenAiCompatible
) -> None:
    server.script(Reply(deltas=(), finish_reason=None, drop_after=0), Reply())
    seen = [type(event) async for event in llm.stream(request())]
    assert AskedAgain not in seen  # the connection was lost before any answer
    server.script(Reply(drop_after=1, deltas=("",)), Reply())
    seen = [type(event) async for event in llm.stream(request())]
    assert seen[0] is AskedAgain
