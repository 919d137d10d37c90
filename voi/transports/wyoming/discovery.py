"""Tells the local network by mDNS that a Wyoming server is here, so that Home Assistant offers to add it."""

import logging
import re
from ipaddress import ip_address
from typing import Any

from voi.errors import ConfigError

SERVICE_TYPE = "_wyoming._tcp.local."
NAME_MAX_CHARACTERS = 40

log = logging.getLogger(__name__)


class Discovery:
    """`name`: what the network calls this server."""

    def __init__(self, name: str) -> None:
        self._name = re.sub(r"[^\w -]", "-", name)[:NAME_MAX_CHARACTERS].strip() or "voi"
        self._zeroconf: Any = None

    async def start(self, host: str, port: int) -> None:
        """Announce what listens there. A network without mDNS costs a line in the log. Raises ConfigError without the
        package."""
        try:
            from zeroconf import Error, IPVersion, get_all_addresses
            from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf
        except ImportError:
            raise ConfigError("VOI_LISTENERS: wyoming: zeroconf: needs ./install.sh zeroconf.") from None
        one = _address(host)
        try:
            addresses = [one] if one else [each for each in get_all_addresses() if not ip_address(each).is_loopback]
            interfaces = {"interfaces": addresses} if one else {}
            self._zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only, **interfaces)
            service = AsyncServiceInfo(
                SERVICE_TYPE, f"{self._name}.{SERVICE_TYPE}", port=port, parsed_addresses=addresses,
                server=f"{self._name.replace(' ', '-')}.local.",
            )  # fmt: skip
            await self._zeroconf.async_register_service(service, allow_name_change=True)
        except (OSError, Error) as error:
            log.warning("Wyoming is not announced by mDNS (%s): add it to Home Assistant by its address", error)
            await self.close()
            return
        log.info("Wyoming is announced by mDNS as %s", self._name)

    async def close(self) -> None:
        """Take the announcement back. Safe to call twice, and without `start`."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()


def _address(host: str) -> str | None:
    """The one IPv4 address that is listened on; None: all of this machine."""
    try:
        address = ip_address(host)
    except ValueError:
        return "127.0.0.1" if host == "localhost" else None
    return None if address.is_unspecified or address.version != 4 else host
