"""The state of a conversation that continues elsewhere: in the next process of the server, or on another day."""

from dataclasses import dataclass

from voi.dialogue import Message, ReplySegment, SpokenWord


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message of the history, with the tools that it called and their results. `segments`: the text of an agent's
    message with its voices and tones."""

    message_id: int
    message: Message
    segments: tuple[ReplySegment, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptPiece:
    """A piece of a reply. `audio_ms` None: its sound was not complete. `words`: when they sound, if that is known."""

    segment: ReplySegment
    spoken: bool
    start_ms: int = 0
    audio_ms: int | None = None
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptReply:
    """The newest reply. The person may not have heard all of it. `announced`: its end was not reported yet."""

    message_id: int
    pieces: tuple[KeptPiece, ...]
    announced: bool = False


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """The person's message in the making. `message_id` None: it was not shown yet. `spoken`: some of it was said, so it
    wants an answer. `ended`: they had stopped speaking."""

    text: str
    image_urls: tuple[str, ...] = ()
    message_id: int | None = None
    spoken: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation. `next_id`: the id of its next message. `owed`: an answer was promised, and has no words yet;
    `announced`: the client was told that it comes. `notice_owed`: what the agent has to say at its first words was not
    heard to its end; `reply_is_notice`: the newest reply says it. `agent`: who took over the conversation; "": it is
    still with the agent that began it. `summary`: of what was said before the messages. `first_id`: messages with lower
    ids were said on another day. `own_summary`: of what was said since and stands in no message any more; only if there
    was another day."""

    messages: tuple[KeptMessage, ...] = ()
    next_id: int = 0
    draft: KeptDraft | None = None
    reply: KeptReply | None = None
    owed: bool = False
    announced: bool = False
    notice_owed: bool = False
    reply_is_notice: bool = False
    agent: str = ""
    summary: str = ""
    first_id: int = 0
    own_summary: str = ""

    @property
    def summary_of_today(self) -> str:
        """Of what was said since `first_id` and stands in no message any more."""
        return self.own_summary if self.first_id else self.summary
