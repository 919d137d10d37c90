"""What a client brings stands where it says, and is shown."""

from voi.core.actions import Show
from voi.core.client_messages import delete, insert
from voi.core.facts import MessageDeleted, MessageInserted
from voi.core.history import FIRST, History, HistoryEntry
from voi.dialogue import Message, ToolCall, ToolResult


def dialogue() -> History:
    history = History(10)
    history.add(HistoryEntry(0, "user", "Hello."))
    history.add(HistoryEntry(1, "assistant", "Hi."))
    return history


def ids(history: History) -> list[int]:
    return [entry.message_id for entry in history]


def test_it_stands_where_the_client_says():
    history = dialogue()
    assert insert(history, MessageInserted(-1, Message("user", "One."))) == [Show(-1, "user", "One.")]
    insert(history, MessageInserted(-2, Message("system", "Two."), after=0))
    insert(history, MessageInserted(-3, Message("user", "Three."), after=FIRST))
    assert ids(history) == [-3, 0, -2, 1, -1]


def test_a_tools_result_is_not_shown():
    history = dialogue()
    call, result = ToolCall("c1", "look_up", "{}"), ToolResult("c1", "found")
    assert insert(history, MessageInserted(-1, Message("assistant", (call, result)))) == []
    assert history.last is not None
    assert (history.last.calls, history.last.results) == ((call,), (result,))


def test_what_is_deleted_is_withdrawn():
    history = dialogue()
    assert delete(history, MessageDeleted(1)) == [Show(1, "assistant", "")]
    assert ids(history) == [0]
    assert delete(history, MessageDeleted(1)) == []
