"""GNOME Calls, driven by its own interface on the session bus (`org.gnome.Calls`), by way of GLib's `gdbus`.

Programs are started with a list of arguments, never by a shell. An address has to be one of a telephone or of SIP,
whose characters can end neither an argument nor the text of a GVariant.
"""

import asyncio
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase

from voi.errors import ClientError, ConfigError

ANSWER_TIMEOUT_S = 10.0
ADDRESS = re.compile(
    r"tel:\+[1-9]\d{5,14}|sips?:[A-Za-z0-9._~+-]{1,64}(?:@[A-Za-z0-9.-]{1,120}(?::\d{1,5})?)?", re.ASCII
)
_BUS = ("--session", "--dest", "org.gnome.Calls")
_PATH = "/org/gnome/Calls"
_CALL = re.compile(r"'(/org/gnome/Calls/Call/\d{1,9})': \{'org\.gnome\.Calls\.Call': \{")
_STATE = re.compile(r"'State': <(?:uint32 )?(\d+)>")
_INBOUND = re.compile(r"'Inbound': <(true|false)>")
_ID = re.compile(r"'Id': <(?:'([^']*)'|\"([^\"]*)\")>")


class DesktopCallState(IntEnum):
    """As GNOME Calls numbers them (libcall-ui, cui-call.h)."""

    UNKNOWN = 0
    ACTIVE = 1
    HELD = 2
    CALLING = 3
    INCOMING = 5
    DISCONNECTED = 7


@dataclass(frozen=True, slots=True)
class DesktopCall:
    """A call of the application. `address`: of the other side, as it says."""

    path: str
    state: DesktopCallState
    inbound: bool
    address: str

    @property
    def over(self) -> bool:
        return self.state is DesktopCallState.DISCONNECTED


def allowed(address: str, patterns: Iterable[str]) -> bool:
    """True if one of the patterns fits: an address in which * stands for any characters, such as tel:+4930*."""
    return any(fnmatchcase(address, pattern) for pattern in patterns)


def checked_address(written: str, patterns: Iterable[str]) -> str:
    """What is dialled for that address; a number may come without `tel:`. Raises ClientError if it is no address of a
    telephone or of SIP, or one that may not be dialled."""
    address = f"tel:{re.sub(r'[ ().-]', '', written)}" if written.startswith("+") else written
    if not ADDRESS.fullmatch(address):
        raise ClientError("That is no telephone number with a country code and no SIP address.")
    if not allowed(address, patterns):
        raise ClientError("That may not be dialled: no --allow has it.")
    return address


class GnomeCalls:
    """`program`: gdbus."""

    def __init__(self, program: str = "gdbus") -> None:
        found = shutil.which(program)
        if found is None:
            raise ConfigError("GNOME Calls is reached by gdbus, which is missing (Debian: libglib2.0-bin).")
        self._program = found

    async def can_dial(self, address: str) -> bool:
        """Whether one of its accounts can call such an address now. Raises ClientError."""
        action = f"dial-{address.partition(':')[0]}"
        return (await self._call(_PATH, "org.gtk.Actions.Describe", action)).startswith("((true,")

    async def dial(self, address: str) -> None:
        """Have it call an address that `checked_address` gave. Raises ClientError."""
        assert ADDRESS.fullmatch(address)
        await self._call(_PATH, "org.freedesktop.Application.Open", f"['{address}']", "{}")

    async def calls(self) -> list[DesktopCall]:
        """All its calls, the oldest first. Raises ClientError."""
        return calls_in(await self._call(_PATH, "org.freedesktop.DBus.ObjectManager.GetManagedObjects"))

    async def accept(self, call: DesktopCall) -> None:
        """Raises ClientError."""
        await self._call(call.path, "org.gnome.Calls.Call.Accept")

    async def hang_up(self, call: DesktopCall) -> None:
        """Raises ClientError."""
        await self._call(call.path, "org.gnome.Calls.Call.Hangup")

    async def _call(self, path: str, method: str, *arguments: str) -> str:
        command = (self._program, "call", *_BUS, "--object-path", path, "--method", method, *arguments)
        nothing, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=pipe, stderr=nothing)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                said, _ = await process.communicate()
        except TimeoutError:
            raise ClientError("GNOME Calls does not answer.") from None
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise ClientError("GNOME Calls cannot be reached on the session bus. Does it run there?")
        return said.decode("utf-8", "replace")


def calls_in(managed: str) -> list[DesktopCall]:
    """The calls in what `GetManagedObjects` returned, as gdbus prints it."""
    found = list(_CALL.finditer(managed))
    calls = []
    for number_of, each in enumerate(found, 1):
        about = managed[each.end() : found[number_of].start() if number_of < len(found) else len(managed)]
        state, inbound, address = _STATE.search(about), _INBOUND.search(about), _ID.search(about)
        number = int(state[1]) if state else 0
        known = DesktopCallState(number) if number in DesktopCallState._value2member_map_ else DesktopCallState.UNKNOWN
        told = (address[1] or address[2] or "") if address else ""
        calls.append(DesktopCall(each[1], known, bool(inbound and inbound[1] == "true"), told))
    return sorted(calls, key=lambda call: int(call.path.rpartition("/")[2]))
