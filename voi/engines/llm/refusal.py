"""Turns a provider's error into ours: what went wrong, and what to do about it.

A provider's own words may quote the conversation or a key, so they are only searched, never repeated.
"""

import re
from typing import Any

from voi.errors import EngineError

MAX_ERROR_CHARS = 20_000

# Words of OpenAI, Anthropic, Google, Mistral, vLLM, llama.cpp, Ollama and LiteLLM, lower case.
_TOO_LONG = re.compile(
    r"context.?(length|window|size)|maximum context|too many (input )?tokens|prompt is too long|input is too long"
    r"|exceeds? the (model'?s )?(maximum|max|available)|token limit"
)
_FILTERED = re.compile(r"content.?(policy|filter|management)|responsible.?ai|safety (system|settings)|blocked by")
_NO_CREDIT = re.compile(
    r"insufficient.?(quota|credit|balance|funds)|billing|credit balance|budget.{0,20}exceed|exceed.{0,20}budget"
)
_NO_MODEL = re.compile(
    r"invalid model name|unknown model|no such model"
    r"|model.{0,80}(not found|not exist|unknown|unavailable|not supported)"
    r"|model_not_found|unrecognized model|llm provider not provided|no healthy deployment"
    r"|not allowed to (access|call) model"
)
_BAD_KEY = re.compile(
    r"authentication.?error|invalid.{0,12}api.?key|incorrect api key|unauthorized|invalid proxy server token"
    r"|no.?db.?connection|no connected db"  # LiteLLM without a database, if the key is not its master key
)
_COOLS_DOWN = re.compile(r"no deployments available|cooldown_list|all deployments.{0,20}cool")
"""LiteLLM's router after failures: it answers with 429, as if a rate limit were reached."""
_JSON_MODE = re.compile(r"response_format|json_object|json.?mode")
_USAGE = re.compile(r"stream_options|include_usage")
_TOOLS = re.compile(r"tool.?choice|tool.?call|does not support tool|tool use|functions? (is|are) not supported|--jinja")
_IMAGES = re.compile(r"image|vision|multimodal|multi-modal")


def shown_name(model: str) -> str:
    """A model name that is safe to show in an error: it may come from a client."""
    return repr(model[:80])


def error_words(error: object) -> tuple[int | None, str]:
    """The HTTP status inside an error object (None: none), and all its words in lower case."""
    fields: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
    words = " ".join(str(fields[key]) for key in ("message", "type", "code", "status", "detail") if fields.get(key))
    code = str(fields.get("code") or fields.get("status_code") or "")
    status = int(code) if re.fullmatch(r"[45]\d\d", code) else None
    return status, words[:MAX_ERROR_CHARS].lower()


def refuses_key(status: int, words: str) -> bool:
    """Whether the server refuses our key: some servers do so with status 400 and words."""
    return status in (401, 403) or (status in (400, 500) and _BAD_KEY.search(words) is not None)


def refuses_json_mode(status: int, words: str) -> bool:
    """Whether that answer to a request says that the server knows no `response_format` of JSON. `words`: of its
    body."""
    return status in (400, 422, 501) and _JSON_MODE.search(words) is not None


def refuses_usage(status: int, words: str) -> bool:
    """Whether the server cannot report how many tokens a streamed answer takes."""
    return status in (400, 422, 500, 501) and _USAGE.search(words) is not None


def refuses_tools(status: int, words: str) -> bool:
    """Whether the server or its model takes no tools."""
    return status in (400, 404, 422, 501) and _TOOLS.search(words) is not None


def refusal(model: str, status: int, words: str, *, images: bool = False, tools: bool = False) -> EngineError:
    """The EngineError for an HTTP `status` and the provider's lower-case `words`. `images`, `tools`: the request had
    some."""
    message, retryable = _explain(shown_name(model), status, words, images, tools)
    limit = status in (402, 429) or _NO_CREDIT.search(words) is not None
    return EngineError(message, retryable=retryable, limit=limit)


def _explain(model: str, status: int, words: str, images: bool, tools: bool) -> tuple[str, bool]:
    if _NO_CREDIT.search(words) or status == 402:
        return f"The LLM provider's account behind model {model} has no credit or budget left: top it up.", False
    if _TOO_LONG.search(words) and status in (400, 413, 422, 500):
        return (
            f"The conversation is too long for LLM model {model}: shorten the agent's system_prompt or examples, "
            "or use a model with a longer context."
        ), False
    if refuses_key(status, words):
        if "litellm.authenticationerror" in words or "litellm.permissiondenied" in words:
            return (
                f"The LLM provider behind LiteLLM refused LiteLLM's key for model {model}: check its api_key in "
                "litellm_config.yaml and the environment variable it names."
            ), False
        if _NO_MODEL.search(words):
            return f"LITELLM_API_KEY may not use LLM model {model}: allow it in LiteLLM, or name another model.", False
        return f"Wrong key: the LLM server refused it (HTTP {status}): check LITELLM_API_KEY.", False
    if status in (400, 404, 500) and _NO_MODEL.search(words):
        return (
            f"The LLM server does not know model {model}: check the agent's llm_model against model_list in "
            "litellm_config.yaml."
        ), False
    if status == 404:
        return (
            f"The LLM server has no chat completions there, or no model {model}: check LITELLM_API_BASE, and the "
            "agent's llm_model against model_list in litellm_config.yaml."
        ), False
    if _COOLS_DOWN.search(words):
        return (
            f"LiteLLM leaves model {model} alone for a while, since its provider failed: LiteLLM's log says why. Often "
            "it is a wrong api_key in litellm_config.yaml."
        ), False
    if "tool_use_failed" in words:
        return f"LLM model {model} garbled a tool call.", True
    if tools and refuses_tools(status, words):
        return (
            f"LLM model {model} takes no tools (HTTP {status}): use a model that does (vLLM needs "
            "--enable-auto-tool-choice and --tool-call-parser, llama.cpp --jinja), or remove the agent's tools."
        ), False
    if status == 429:
        return f"The LLM provider's rate limit for model {model} is reached: wait, or raise the limit.", True
    if _FILTERED.search(words):
        return f"The content filter of LLM model {model} refused the conversation.", False
    if images and status in (400, 415, 422, 500) and _IMAGES.search(words):
        return f"LLM model {model} refused the image: use a model that sees, or another image format.", False
    if status == 413:
        return f"The request is too large for the LLM server of model {model}: send smaller images or less text.", False
    if 300 <= status < 400:
        return f"The LLM server answered with a redirect (HTTP {status}): check LITELLM_API_BASE.", False
    if status == 408 or status >= 500:
        return f"The LLM server failed for model {model} (HTTP {status}): see its log.", True
    return (
        f"The LLM server refused the request for model {model} (HTTP {status}): check that the model takes the agent's "
        "temperature, max_tokens and other settings; see the server's log."
    ), False
