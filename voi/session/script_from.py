"""The conversation's script, from what the agent's author wrote and what the client chose."""

from dataclasses import replace

from voi.config.agents import Agent
from voi.config.parts import SpokenPhrase, draw
from voi.core.script import PLAYBACK_LAG_MAX_MS, Phrase, Script, TurnPolicy
from voi.session.options import SessionOptions

JUDGED_BARGE_IN_MS = 416
"""`barge_in_ms` where an agent does not say and voices are judged: so long it takes to tell words from a "yeah"."""


def script_from(agent: Agent, options: SessionOptions, *, judges_voices: bool = False) -> Script:
    """Draws one greeting, reminder and apology at random. `judges_voices`: there is a judge of voices."""
    turn = TurnPolicy(**agent.turn.model_dump())
    if judges_voices and "barge_in_ms" not in agent.turn.model_fields_set:
        turn = replace(turn, barge_in_ms=JUDGED_BARGE_IN_MS)
    return Script(
        mode=options.mode,
        prompt=agent.prompt(),
        greeting=_phrase(draw(agent.greeting_phrases())),
        turn=turn,
        stream_user_stt=options.stream_user_stt,
        final_stt_correction=options.final_stt_correction,
        reminder=_phrase(agent.reminder_phrase()),
        reminder_after_ms=agent.idle_reminder.after_ms if agent.idle_reminder else 0,
        reminders_max=agent.idle_reminder.max_times if agent.idle_reminder else 0,
        apology=_phrase(agent.apology_phrase()),
        idle_limit_ms=agent.idle_limit_ms,
        duration_limit_ms=agent.duration_limit_ms,
        playback_lag_max_ms=PLAYBACK_LAG_MAX_MS if options.stream_output_audio else None,
        judges_voices=judges_voices,
    )


def _phrase(spoken: SpokenPhrase | None) -> Phrase | None:
    return Phrase(spoken.text, spoken.tone, spoken.file) if spoken else None
