"""How WebRTC clients reach this server: STUN and TURN servers, and the address that others see."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from voi.config.secret_refs import plain_secrets, resolved
from voi.errors import ConfigError

SETTING = "VOI_WEBRTC_ICE_SERVERS"
_URL = re.compile(r"(stun|stuns|turn|turns):[A-Za-z0-9.\-]{1,253}(:\d{1,5})?(\?transport=(udp|tcp))?")


@dataclass(frozen=True, slots=True)
class IceServer:
    """`url`: such as turn:turn.example.org:3478?transport=udp."""

    url: str
    username: str = ""
    credential: str = ""

    def __repr__(self) -> str:
        return f"IceServer({self.url!r})"


@dataclass(frozen=True, slots=True)
class IceSettings:
    """`external_address`: the IP address that a NAT in front of the server has; "": there is none."""

    servers: tuple[IceServer, ...] = ()
    external_address: str = ""


def ice_settings(servers: Mapping[str, Mapping[str, Any]], external_address: str) -> IceSettings:
    """From the settings: name -> {"url", "username", "credential"}. Raises ConfigError."""
    found = tuple(_server(name, given) for name, given in servers.items())
    for kind in ("stun", "turn"):
        if sum(each.url.startswith(kind) for each in found) > 1:
            raise ConfigError(f"{SETTING}: only one {kind} server can be used.")
    if external_address:
        try:
            external_address = str(ip_address(external_address))
        except ValueError:
            raise ConfigError("VOI_WEBRTC_EXTERNAL_ADDRESS is not an IP address, such as 203.0.113.7.") from None
    return IceSettings(found, external_address)


def _server(name: str, given: Mapping[str, Any]) -> IceServer:
    where = f"{SETTING}: {name}"
    unknown = set(given) - {"url", "username", "credential"}
    if unknown:
        raise ConfigError(f"{where}: unknown {', '.join(sorted(unknown))}; there are url, username and credential.")
    if plain_secrets(given):
        raise ConfigError(f'{where}: put the credential into .env and refer to it, as "${{TURN_CREDENTIAL}}".')
    values = resolved(given, where)
    if not all(isinstance(value, str) for value in values.values()) or not _URL.fullmatch(values.get("url", "")):
        raise ConfigError(f'{where}: "url" is such as stun:stun.example.org:3478 or turn:turn.example.org:3478.')
    return IceServer(values["url"], values.get("username", ""), values.get("credential", ""))
