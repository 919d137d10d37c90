"""Agents and prompts that clients bring without a right to it, in the log and in the metrics."""

import logging

import pytest

from voi.calls.ungranted import APPS_MAX, Ungranted


class Counts:
    count = 0

    def ungranted(self) -> None:
        self.count += 1


def test_each_is_counted_and_each_app_has_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    ungranted, counts = Ungranted(), Counts()
    for app in ("shop", "game", "shop", "shop"):
        ungranted.note(app, counts)
    assert counts.count == 4
    assert len(caplog.messages) == 2
    assert "VOI_CLIENT_AGENT_APPS=shop" in caplog.messages[0]
    assert "voi token game --own-agents" in caplog.messages[1]


def test_many_apps_fill_neither_the_log_nor_memory(caplog: pytest.LogCaptureFixture) -> None:
    ungranted, counts = Ungranted(), Counts()
    for number in range(APPS_MAX + 50):
        ungranted.note(f"app{number}", counts)
    assert counts.count == APPS_MAX + 50
    assert len(caplog.messages) == APPS_MAX
