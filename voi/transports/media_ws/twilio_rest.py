"""Passes a call on by Twilio's REST API: its media protocol has no word for that.

Source: twilio.com/docs/voice/api/call-resource#update-a-call-resource.
"""

from collections.abc import Mapping

import aiohttp

from voi.errors import EngineError
from voi.transports.media_ws.json_stream import element, xml, xml_text

API = "https://api.twilio.com"
TIMEOUT_S = 10.0


async def pass_on(account_sid: str, auth_token: str, call_id: str, target: str, api: str = API) -> None:
    """Have Twilio connect the caller of that call with a number or SIP address. Raises EngineError."""
    inside = element("Sip", xml_text(target)) if target.startswith("sip") else xml_text(target)
    document = xml(element("Dial", inside))
    url = f"{api}/2010-04-01/Accounts/{account_sid}/Calls/{call_id}.json"
    await _ask("POST", url, account_sid, auth_token, {"Twiml": document.body})


async def check_account(account_sid: str, auth_token: str, api: str = API) -> None:
    """Ask for the account itself, which costs nothing. Raises EngineError."""
    await _ask("GET", f"{api}/2010-04-01/Accounts/{account_sid}.json", account_sid, auth_token)


async def _ask(
    method: str, url: str, account_sid: str, auth_token: str, form: Mapping[str, bytes | str] | None = None
) -> None:
    signed_in = {"Authorization": aiohttp.encode_basic_auth(account_sid, auth_token)}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as client,
            client.request(method, url, data=form, headers=signed_in, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise EngineError(f"Twilio answered {answer.status}. Are account_sid and auth_token right?")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise EngineError(f"Twilio's API could not be reached ({type(error).__name__}).") from None
