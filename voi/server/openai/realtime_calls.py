"""`POST /v1/realtime/calls`: a Realtime client's offer (SDP) and our answer, for a conversation over WebRTC."""

from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData, UploadFile

from voi.calls.claims import TokenClaims
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.server.auth import bearer
from voi.server.bodies import BodyLimits, LimitedRequest
from voi.server.openai.access import OpenAiServices, app_of
from voi.server.openai.answering import LoggedError, logged, openai_route
from voi.server.openai.failures import OpenAiError, of_end
from voi.transports.realtime.settings import RealtimeSettings
from voi.transports.realtime.webrtc import NoWebRtc, PeerRefused, RealtimeOverWebRtc
from voi.transports.realtime.wire import EventError, Json
from voi.transports.webrtc.failure import PeerFailed
from voi.transports.webrtc.sdp import SDP_MAX_BYTES

ENDPOINT = "realtime_calls"
SDP = "application/sdp"
SESSION_MAX_BYTES = 256 * 1024
_HINT = "Send the offer as application/sdp, or as the fields sdp and session of multipart/form-data."
OFFER = BodyLimits(SDP, _HINT, max_bytes=SDP_MAX_BYTES, timeout_s=10.0, what="The offer")
FORM = BodyLimits(
    "multipart/form-data", _HINT, max_bytes=SDP_MAX_BYTES + SESSION_MAX_BYTES + 16 * 1024, timeout_s=10.0,
    what="The offer",
)  # fmt: skip
FORM_LIMITS: Any = {"max_files": 2, "max_fields": 4, "max_part_size": SESSION_MAX_BYTES}


def realtime_calls_router(services: OpenAiServices, webrtc: RealtimeOverWebRtc) -> APIRouter:
    """The routes."""

    def claims(key: str) -> TokenClaims:
        caller = webrtc.services.caller_of(key)
        return TokenClaims(caller.app, caller.person, own_agents=caller.own_agents)

    services = replace(services, check_token=claims)
    router = APIRouter(route_class=openai_route(ENDPOINT, services))

    @router.post("/realtime/calls")
    async def call(request: Request, model: str = "") -> Response:
        sdp, session = await _offer(request)
        named = (session or {}).get("model", "")
        if not isinstance(named, str):
            raise OpenAiError(400, "'session.model' names an agent.", param="session.model")
        try:
            RealtimeSettings().updated(session or {})
        except EventError as mistake:
            raise OpenAiError(400, str(mistake), mistake.code or "", mistake.param) from None
        key = bearer(request.headers.get("Authorization", "")) or ""
        address = request.client.host if request.client else ""
        try:
            call_id, answer = await webrtc.meet(sdp, key, named or model, session, address)
        except PeerRefused as refused:
            if refused.ended.reason is EndReason.BAD_START:
                raise LoggedError(404, str(refused), "model_not_found", "model") from None
            raise logged(of_end(refused.ended)) from None
        except NoWebRtc as missing:
            raise OpenAiError(501, str(missing), "not_implemented") from None
        except PeerFailed as failure:
            raise OpenAiError(503, str(failure), "no_place") from None
        headers = {"Location": f"/v1/realtime/calls/{call_id}", "Cache-Control": "no-store"}
        return Response(answer, 201, headers, SDP)

    @router.post("/realtime/calls/{call_id}/hangup")
    async def hang_up(call_id: str, request: Request) -> Response:
        if not webrtc.hang_up(call_id, app_of(request)):
            raise OpenAiError(404, "There is no such call.", "call_id_not_found", "call_id")
        return Response()

    return router


async def _offer(request: Request) -> tuple[str, Json | None]:
    """The SDP and the session of a request. Raises OpenAiError, HTTPException or ClientError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM.media_type:
        return _text(await LimitedRequest(request, OFFER).body(), "The offer"), None
    async with LimitedRequest(request, FORM).form(**FORM_LIMITS) as form:
        sdp = await _field(form, "sdp")
        if len(sdp) > SDP_MAX_BYTES:
            raise OpenAiError(413, f"An offer has at most {SDP_MAX_BYTES // 1024} KiB.", param="sdp")
        if not sdp:
            raise OpenAiError(400, "The form has no field 'sdp'.", "missing_required_parameter", "sdp")
        session = await _field(form, "session")
    try:
        given = orjson.loads(session) if session else None
    except orjson.JSONDecodeError:
        raise OpenAiError(400, "'session' is not valid JSON.", "invalid_json", "session") from None
    if given is not None and not isinstance(given, dict):
        raise OpenAiError(400, "'session' is not a JSON object.", "invalid_type", "session")
    return _text(sdp, "The offer"), given


async def _field(form: FormData, name: str) -> bytes:
    value = form.get(name, "")
    return await value.read() if isinstance(value, UploadFile) else value.encode()


def _text(body: bytes, what: str) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ClientError(f"{what} is not UTF-8 text.") from None
