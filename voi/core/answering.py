"""How an answer begins, and what comes before it.

The agent's answer to a message may have been begun as a speculation; then that reply is released, and otherwise one is
started. If the notice is due, it is said first: the answer is made meanwhile, and follows it. So does a phrase. What
the person was promised (`OwedAnswer`) becomes the answer that begins.
"""

from voi.core.model_context import ModelContext
from voi.core.notice import Notice
from voi.core.owed_answer import OwedAnswer
from voi.core.replies import Replies
from voi.core.reply import Reply
from voi.core.tool_rule import AfterCall
from voi.core.tools import Tools
from voi.core.words import same_words
from voi.dialogue import Message, Phrase


class Answering:
    """Begins the answers and phrases of one conversation. The actions are those of its parts."""

    __slots__ = ("_context", "_notice", "_owed", "_replies", "_tools")

    def __init__(self, replies: Replies, tools: Tools, notice: Notice, owed: OwedAnswer, context: ModelContext) -> None:
        self._replies = replies
        self._tools = tools
        self._notice = notice
        self._owed = owed
        self._context = context

    # ---- phrases ----------------------------------------------------------------------------------

    def say(self, phrase: Phrase, now_ms: int) -> None:
        """Say it, after the notice if that is due."""
        if not self.say_notice(now_ms, then=phrase):
            self._replies.say(phrase, now_ms)

    def say_notice(self, now_ms: int, then: Phrase | None = None) -> bool:
        """Say the notice, and `then` after it. False if it is not due."""
        if (notice := self._notice.due) is None:
            return False
        self._notice.begins(self._replies.say(notice, now_ms), then)
        return True

    # ---- answers ----------------------------------------------------------------------------------

    def speculate(self, text: str, image_urls: tuple[str, ...]) -> None:
        """Start a muted reply to what the person says, unless there is one, or the end of another is awaited."""
        if not self._replies.speculation and not self._replies.stopping:
            self._tools.interrupt()  # before the model is asked, so that it knows
            said = Message("user", text, image_urls)
            self._replies.start(text, self._context.request(said), muted=True)

    def ready(self, text: str, image_urls: tuple[str, ...], now_ms: int) -> bool:
        """The turn that says this seems to have ended. True if the reply to it has sound; if not, its timeout runs from
        now on."""
        speculation = self._replies.speculation
        if speculation is None or not same_words(text, speculation.answers):
            self._replies.drop_speculation()
            self.speculate(text, image_urls)
            speculation = self._replies.speculation
        if speculation is None:
            return False
        self._replies.await_sound(speculation, now_ms)
        return speculation.sounded

    def prepare(self) -> None:
        """The person's message is about to enter the history."""
        if self._tools.interrupt():
            self._replies.drop_speculation()  # it was asked with the tools running
        self._notice.try_again()

    def answer(self, text: str, now_ms: int) -> AfterCall | None:
        """Answer the person's message, which is in the history."""
        reply = self._replies.speculation
        if reply is not None and (reply.goes_on or not same_words(text, reply.answers)):
            reply = None
        return self._begin(reply, text, now_ms)

    def owe_alone(self, *, plays: bool) -> bool:
        """An answer to the dialogue as it is was asked for. What is said now is stopped. But if it `plays` and is
        written, it is heard to its end, and the answer is made meanwhile: True then."""
        before = self._replies.released
        plays_out = plays and before is not None and before.written
        self._tools.interrupt()
        self._replies.cancel_carried()
        if not plays_out:
            self._replies.late.turn_begins()
            self._replies.stop()
        self._owed.alone = True
        self._owed.announce()
        if plays_out:
            self._replies.drop_speculation()
            self._replies.start("", self._context.request(), muted=True)
        return plays_out

    def answer_alone(self, now_ms: int) -> AfterCall | None:
        """Answer the dialogue as it is."""
        self._tools.interrupt()
        self._notice.try_again()
        reply = self._replies.speculation
        if reply is not None and (reply.goes_on or reply.answers != ""):
            reply = None
        return self._begin(reply, "", now_ms)

    def _begin(self, reply: Reply | None, text: str, now_ms: int) -> AfterCall | None:
        """Begin the answer with that speculative reply; None: with another one. Returns what follows its tools, if all
        have returned already."""
        if reply is None:
            self._replies.drop_speculation()
            reply = self._replies.start(text, self._context.request(), muted=self._notice.due is not None)
        self._replies.announce(reply, already=self._owed.announced)
        self._owed.begins()
        if self._notice.due:  # the answer is made meanwhile, and follows it
            self._replies.postpone(reply)
            self._tools.owed = self.say_notice(now_ms)
            return None
        self._tools.owed = False
        self._replies.release(reply, now_ms)
        return self._tools.take_early()

    def go_on(self, now_ms: int) -> AfterCall | None:
        """Begin the reply that follows tools, or the notice. Returns what follows its own tools, as `answer` does."""
        reply = self._replies.speculation
        if reply is None or not reply.goes_on:
            self._replies.drop_speculation()
            reply = self._replies.go_on(self._context.request(), now_ms)
        self._tools.owed = self.say_notice(now_ms)
        if self._tools.owed:
            return None
        self._replies.announce_going_on(reply)
        self._replies.release(reply, now_ms)
        return self._tools.take_early()

    # ---- the end of them --------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop what is said, drop what is prepared, and owe nothing any more."""
        self._replies.drop_speculation()
        self._replies.stop()
        self._owed.cancel()
