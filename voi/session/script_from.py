"""The conversation's script, from what the agent's author wrote and what the client chose."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from voi.config.agents import EMBEDDED_MODELS, Agent
from voi.config.parts import draw
from voi.core.endpoint_weights import SignWeight
from voi.core.options import CallOptions
from voi.core.script import PLAYBACK_LAG_MAX_MS, Script
from voi.core.tool_rule import ToolRule
from voi.dialogue import Phrase

JUDGED_BARGE_IN_MS = 416
"""Default of `barge_in_ms` with a voice judge: the voice it takes to tell words from a "yeah"."""

ANSWER_TOKENS = 1_000
"""Room for an answer in the model's context, where the agent sets no max_tokens."""


def script_from(
    agent: Agent,
    options: CallOptions,
    *,
    judges_voices: bool = False,
    notice: Phrase | None = None,
    turn_weights: Mapping[str, float] | None = None,
    context_tokens: int = 0,
    rules: Iterable[ToolRule] = (),
) -> Script:
    """The script of one conversation. Each phrase is drawn at random. A client that wants each speech whole would hear
    the late phrase only with its answer, so it gets none. `judges_voices`: the server has a voice judge. `notice`: what
    the agent discloses first of all. `turn_weights`: of the signs that a turn has ended, instead of those that Voi
    ships. `context_tokens`: what the agent's model can take, its answer included; 0: not known. `rules`: of the agent's
    tools."""
    turn = agent.turn.policy()
    if judges_voices and "barge_in_ms" not in agent.turn.model_fields_set:
        turn = replace(turn, barge_in_ms=JUDGED_BARGE_IN_MS)
    chosen = {field.name: getattr(options, field.name) for field in fields(CallOptions)}
    return Script(
        **chosen,
        prompt=agent.prompt(),
        reply_form=agent.reply_form,
        notice=notice,
        greeting=draw(agent.greeting_phrases()),
        turn=turn,
        turn_weights=tuple(SignWeight(sign, weight) for sign, weight in sorted((turn_weights or {}).items())),
        reminder=agent.reminder_phrase(),
        reminder_after_ms=agent.idle_reminder.after_ms if agent.idle_reminder else 0,
        reminders_max=agent.idle_reminder.max_times if agent.idle_reminder else 0,
        apology=agent.apology_phrase(),
        welcome_back=agent.welcome_phrase(),
        welcome_back_after_ms=agent.welcome_after_ms,
        goodbye=agent.goodbye_phrase(),
        late_phrase=agent.late_answer_phrase() if options.stream_output_audio else None,
        late_after_ms=agent.late_phrase.after_ms if agent.late_phrase else 0,
        idle_limit_ms=agent.idle_limit_ms,
        duration_limit_ms=agent.duration_limit_ms,
        tools=tuple(rules),
        tool_rounds_max=agent.tool_rounds,
        tool_time_ms=agent.tool_time_ms,
        playback_lag_max_ms=PLAYBACK_LAG_MAX_MS if options.stream_output_audio else None,
        judges_voices=judges_voices,
        context_tokens=_room(agent, context_tokens),
        condenses=agent.history.summarize and (agent.history.model or agent.llm_model) not in EMBEDDED_MODELS,
        keep_turns=agent.history.keep_turns,
    )


def _room(agent: Agent, context_tokens: int) -> int:
    """How many tokens a request may take, so that its answer has room too; 0: not known."""
    return max(context_tokens // 2, context_tokens - (agent.max_tokens or ANSWER_TOKENS)) if context_tokens else 0
