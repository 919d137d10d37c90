"""`/phones`: a plain page for telephone accounts, on top of `/phones/accounts`. It holds no data and no key itself."""

from collections.abc import Callable
from importlib.resources import files

from fastapi import APIRouter, Response

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_FILES = {"/phones": ("index.html", "text/html"), "/phones/page.js": ("page.js", "text/javascript"),
          "/phones/page.css": ("page.css", "text/css"), "/phones/icon.svg": ("icon.svg", "image/svg+xml")}  # fmt: skip


def phones_page_router() -> APIRouter:
    """The routes of the page `/phones` and its files. They need no key: the page holds no data."""
    router = APIRouter()
    for path, (file, media_type) in _FILES.items():
        router.add_api_route(path, _serving(file, media_type), include_in_schema=False)
    return router


def _serving(file: str, media_type: str) -> Callable[[], Response]:
    content = (files(__name__) / file).read_bytes()

    def served() -> Response:
        return Response(content, headers={**HEADERS, "Content-Type": f"{media_type}; charset=utf-8"})

    return served
