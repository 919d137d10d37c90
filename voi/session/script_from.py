"""The conversation's script, from what the agent's author wrote and what the client chose."""

from voi.config.agents import Agent
from voi.config.parts import SpokenPhrase, draw
from voi.core.script import PLAYBACK_LAG_MAX_MS, Phrase, Script, TurnPolicy
from voi.session.options import SessionOptions


def script_from(agent: Agent, options: SessionOptions) -> Script:
    """Draws one greeting, reminder and apology at random."""
    return Script(
        mode=options.mode,
        prompt=agent.prompt(),
        greeting=_phrase(draw(agent.greeting_phrases())),
        turn=TurnPolicy(**agent.turn.model_dump()),
        stream_user_stt=options.stream_user_stt,
        final_stt_correction=options.final_stt_correction,
        reminder=_phrase(agent.reminder_phrase()),
        reminder_after_ms=agent.idle_reminder.after_ms if agent.idle_reminder else 0,
        reminders_max=agent.idle_reminder.max_times if agent.idle_reminder else 0,
        apology=_phrase(agent.apology_phrase()),
        idle_limit_ms=agent.idle_limit_ms,
        duration_limit_ms=agent.duration_limit_ms,
        playback_lag_max_ms=PLAYBACK_LAG_MAX_MS if options.stream_output_audio else None,
    )


def _phrase(spoken: SpokenPhrase | None) -> Phrase | None:
    return Phrase(spoken.text, spoken.tone, spoken.file) if spoken else None
