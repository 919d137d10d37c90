"""What Voi asks of Asterisk, one method for each operation of its REST interface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voi.errors import ClientError
from voi.transports.ari.events import AriChannel, channel_of
from voi.transports.ari.failure import AriError
from voi.transports.ari.rest import AriClient, AriParams, part
from voi.transports.ari.version import AsteriskVersion, asterisk_version


@dataclass(frozen=True, slots=True)
class MediaChannel:
    """A channel that carries sound to Voi. `variables`: what Asterisk tells of it."""

    id: str
    variables: Mapping[str, str]


class Operations:
    """All methods raise AriError."""

    def __init__(self, client: AriClient) -> None:
        self.client = client

    # ---- the server ---------------------------------------------------------------------------------

    async def version(self) -> AsteriskVersion | None:
        info = await self.client.get("asterisk/info", {"only": "system"})
        system = info.get("system") if isinstance(info, dict) else None
        text = system.get("version") if isinstance(system, dict) else None
        return asterisk_version(text) if isinstance(text, str) else None

    async def has_module(self, name: str) -> bool:
        """Whether a module such as "chan_audiosocket.so" runs."""
        try:
            module = await self.client.get(f"asterisk/modules/{part(name)}")
        except AriError as error:
            if error.status in (404, 409):
                return False
            raise
        return isinstance(module, dict) and module.get("status") == "Running"

    async def app_channels(self, app: str) -> frozenset[str]:
        """Ids of the channels that an application has or is told of."""
        known = await self.client.get(f"applications/{part(app)}")
        ids = known.get("channel_ids") if isinstance(known, dict) else None
        return frozenset(each for each in ids or () if isinstance(each, str))

    async def channels(self) -> frozenset[str]:
        """Ids of all channels."""
        return _ids(await self.client.get("channels"))

    async def bridges(self) -> frozenset[str]:
        """Ids of all bridges."""
        return _ids(await self.client.get("bridges"))

    # ---- channels -----------------------------------------------------------------------------------

    async def answer(self, channel: str) -> None:
        await self.client.post(f"channels/{part(channel)}/answer")

    async def hang_up(self, channel: str, reason: str = "normal") -> None:
        """One that is gone already is no error."""
        try:
            await self.client.delete(f"channels/{part(channel)}", {"reason": reason})
        except AriError as error:
            if not error.gone:
                raise

    async def press(self, channel: str, keys: str) -> None:
        params: AriParams = {"dtmf": keys, "between": 100, "duration": 160}
        await self.client.post(f"channels/{part(channel)}/dtmf", params)

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        await self.client.post(f"channels/{part(channel)}/variable", {"variable": name, "value": value})

    async def variable(self, channel: str, name: str) -> str:
        """A channel's variable; "": it has none."""
        try:
            found = await self.client.get(f"channels/{part(channel)}/variable", {"variable": name})
        except AriError as error:
            if error.status == 404:
                return ""
            raise
        value = found.get("value") if isinstance(found, dict) else None
        return value if isinstance(value, str) else ""

    async def go_on(self, channel: str, context: str, extension: str, priority: int) -> None:
        """Let the channel go on in the dialplan."""
        place: AriParams = {"context": context, "extension": extension, "priority": priority}
        await self.client.post(f"channels/{part(channel)}/continue", place)

    async def refer(self, channel: str, endpoint: str) -> None:
        """Have the channel's telephone call somewhere else (SIP REFER)."""
        await self.client.post(f"channels/{part(channel)}/redirect", {"endpoint": endpoint})

    async def originate(self, channel: str, endpoint: str, app: str, caller_id: str, timeout_s: int) -> AriChannel:
        """Call an endpoint. Its channel enters the application when it is answered."""
        params: dict[str, str | int] = {"endpoint": endpoint, "app": app, "timeout": timeout_s, "channelId": channel}
        if caller_id:
            params["callerId"] = caller_id
        return _channel(await self.client.post("channels", params))

    async def external_media(self, channel: str, app: str, params: AriParams) -> MediaChannel:
        """A channel that carries sound to Voi. It is ours to use once its own StasisStart has come."""
        made = await self.client.post(
            "channels/externalMedia", {"channelId": channel, "app": app, "direction": "both", **params}
        )
        told = made.get("channelvars") if isinstance(made, dict) else None
        if not isinstance(told, dict):
            told = {}
        return MediaChannel(channel, {name: value for name, value in told.items() if isinstance(value, str)})

    # ---- bridges ------------------------------------------------------------------------------------

    async def make_bridge(self, bridge: str) -> None:
        """A bridge in which Asterisk sees the keys that are pressed."""
        await self.client.post("bridges", {"bridgeId": bridge, "type": "mixing,dtmf_events"})

    async def add(self, bridge: str, channels: Sequence[str]) -> None:
        await self.client.post(f"bridges/{part(bridge)}/addChannel", {"channel": ",".join(channels)})

    async def end_bridge(self, bridge: str) -> None:
        """One that is gone already is no error."""
        try:
            await self.client.delete(f"bridges/{part(bridge)}")
        except AriError as error:
            if not error.gone:
                raise


def _ids(found: Any) -> frozenset[str]:
    if not isinstance(found, list):
        raise AriError("Asterisk's answer is no list", 200)
    return frozenset(each["id"] for each in found if isinstance(each, dict) and isinstance(each.get("id"), str))


def _channel(value: Any) -> AriChannel:
    try:
        return channel_of(value)
    except ClientError as error:
        raise AriError(str(error), 200) from None
