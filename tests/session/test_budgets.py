import pytest

from tests.fakes.call import Call
from tests.fakes.clock import in_virtual_time
from voi.errors import ClientError
from voi.session.budgets import PictureBudget, QuestionBudget


def test_conversations_share_the_memory_for_pictures() -> None:
    budget = PictureBudget(100)
    assert budget.hold("a", 60)
    assert not budget.hold("b", 41)
    assert budget.hold("b", 40)
    assert not budget.hold("a", 61)
    assert budget.hold("a", 30), "its older pictures were forgotten"
    assert budget.characters == 70
    budget.release("a")
    budget.release("a")
    assert budget.characters == 40
    assert budget.hold("c", 60)


def test_questions_come_back_with_time() -> None:
    now_s = 0.0
    budget = QuestionBudget(6, lambda: now_s)
    assert [budget.take("app") for _ in range(8)] == [True] * 6 + [False] * 2
    assert budget.take("other")
    now_s = 10.0
    assert [budget.take("app") for _ in range(2)] == [True, False]
    now_s = 1_000.0
    assert [budget.take("app") for _ in range(7)] == [True] * 6 + [False]
    assert not QuestionBudget(0).take("app")


def test_apps_that_ask_nothing_are_forgotten() -> None:
    now_s = 0.0
    budget = QuestionBudget(1, lambda: now_s)
    for number in range(3_000):
        now_s += 1
        assert budget.take(f"app {number}")
    assert len(budget._left) <= 1_001


@in_virtual_time
async def test_a_picture_beyond_the_servers_memory_is_refused() -> None:
    budget = PictureBudget(1_000)
    picture = "data:image/png;base64," + "A" * 400
    async with Call(mode="chat", shared={"pictures": budget}) as call:
        call.session.show_picture(picture)
        call.session.show_picture(picture)
        with pytest.raises(ClientError, match="as many pictures as it can"):
            call.session.show_picture(picture)
        call.session.show_picture("https://a.example/b.png")
        assert budget.characters == 2 * len(picture)
        assert len(call.session._conversation._draft.image_urls) == 3
    assert budget.characters == 0


@in_virtual_time
async def test_an_app_that_has_asked_enough_is_refused() -> None:
    budget = QuestionBudget(1)
    shared = {"why_not_invoke": lambda: budget.why_not("app"), "invoke_max_tokens": 77}
    async with Call(mode="chat", shared=shared) as call:
        await call.session.invoke_llm("fake", "Sum it up.", [])
        assert call.engines.llm.requests[-1].max_tokens == 77
        with pytest.raises(ClientError, match="as often as it may"):
            await call.session.invoke_llm("fake", "Sum it up.", [])


def test_what_is_left_of_a_minute() -> None:
    now_s = 0.0
    budget = QuestionBudget(60, lambda: now_s)
    assert budget.left("app") == (60, 60, 0.0)
    assert budget.take("app")
    assert budget.take("app")
    assert budget.left("app") == (60, 58, 2.0)
    now_s = 1.0
    assert budget.left("app") == (60, 59, 1.0)
    assert QuestionBudget(0).left("app") == (0, 0, 0.0)
