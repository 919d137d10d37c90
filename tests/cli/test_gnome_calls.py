"""What is asked of GNOME Calls, and what it says."""

from pathlib import Path

import pytest

from voi.cli.gnome_calls import ADDRESS, DesktopCall, DesktopCallState, GnomeCalls, calls_in, checked_address
from voi.errors import ClientError, ConfigError

MANAGED = (
    "({objectpath '/org/gnome/Calls/Call/12': {'org.gnome.Calls.Call': {'Inbound': <true>, 'State': <uint32 5>, "
    "'Id': <\"sip:o'neill@pbx.example\">, 'DisplayName': <'peer'>, 'Hints': <{'ui-active': <true>}>}}, "
    "'/org/gnome/Calls/Call/3': {'org.gnome.Calls.Call': {'Inbound': <false>, 'State': <uint32 1>, "
    "'Id': <'sip:peer@127.0.0.1:45070'>, 'DisplayName': <'peer'>}}},)"
)
"""As gdbus 2.74 prints it."""


def test_its_calls() -> None:
    assert calls_in(MANAGED) == [
        DesktopCall("/org/gnome/Calls/Call/3", DesktopCallState.ACTIVE, False, "sip:peer@127.0.0.1:45070"),
        DesktopCall("/org/gnome/Calls/Call/12", DesktopCallState.INCOMING, True, "sip:o'neill@pbx.example"),
    ]
    assert calls_in("(@a{oa{sa{sv}}} {},)") == []
    odd = MANAGED.replace("uint32 5", "uint32 77")
    assert calls_in(odd)[1].state is DesktopCallState.UNKNOWN


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("+49 (30) 12-34.56", "tel:+4930123456"),
        ("tel:+4930123456", "tel:+4930123456"),
        ("sip:peer@pbx.example.com:5070", "sip:peer@pbx.example.com:5070"),
        ("sips:100", "sips:100"),
    ],
)
def test_what_is_dialled(written: str, dialled: str) -> None:
    assert checked_address(written, ["*"]) == dialled


@pytest.mark.parametrize(
    "written",
    ["", "100", "+49", "tel:110", "sip:a b@c", "sip:a@b'], {'x': <", 'sip:"@b', "sip:a@b;x", "sip:$(id)@b", "http://b",
     "--dial=1", "sip:a@b\n", "tel:+4930123456\n", "sip:a@b@c", "+1٣23456"],
)  # fmt: skip
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(ClientError, match="no telephone number"):
        checked_address(written, ["*"])
    assert not ADDRESS.fullmatch(written)


@pytest.mark.parametrize("patterns", [[], ["tel:+4931*"], ["sip:*"], ["tel:+493012345"]])
def test_what_may_not_be_dialled(patterns: list[str]) -> None:
    with pytest.raises(ClientError, match="may not be dialled"):
        checked_address("+4930123456", patterns)


def gdbus(folder: Path, script: str) -> GnomeCalls:
    """One that notes its arguments, a line each, and does that."""
    program = folder / "gdbus"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/arguments"\n{script}\n')
    program.chmod(0o755)
    return GnomeCalls(str(program))


@pytest.mark.integration
async def test_how_it_is_asked(tmp_path: Path) -> None:
    phone = gdbus(tmp_path, "echo '((true, [], []),)'")
    await phone.dial("sip:peer@127.0.0.1:5070")
    assert (tmp_path / "arguments").read_text().splitlines() == [
        "call", "--session", "--dest", "org.gnome.Calls", "--object-path", "/org/gnome/Calls", "--method",
        "org.freedesktop.Application.Open", "['sip:peer@127.0.0.1:5070']", "{}",
    ]  # fmt: skip
    assert await phone.can_dial("sip:peer@127.0.0.1")
    assert (tmp_path / "arguments").read_text().splitlines()[-2:] == ["org.gtk.Actions.Describe", "dial-sip"]
    await phone.hang_up(DesktopCall("/org/gnome/Calls/Call/3", DesktopCallState.ACTIVE, False, ""))
    assert (tmp_path / "arguments").read_text().splitlines()[-3:] == [
        "/org/gnome/Calls/Call/3", "--method", "org.gnome.Calls.Call.Hangup",
    ]  # fmt: skip


@pytest.mark.integration
async def test_an_application_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="cannot be reached"):
        await gdbus(tmp_path, "exit 1").calls()
    with pytest.raises(ConfigError, match="gdbus"):
        GnomeCalls(str(tmp_path / "none"))
