"""The page, as it is sent.

Knows its files and what a browser may do with them. Must never send anything that depends on who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from websockets.datastructures import Headers
from websockets.http11 import Response

PLACE = Path(__file__).parent / "page"
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {  # nothing from elsewhere, nothing to elsewhere, nothing kept
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
    "Connection": "close",
}
REASONS = {200: "OK", 204: "No Content", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
REASONS |= {405: "Method Not Allowed"}
REASONS |= {429: "Too Many Requests", 503: "Service Unavailable"}


def files() -> Mapping[str, tuple[bytes, str]]:
    """By path: the bytes and their type. Read once, at the start."""
    return {path: ((PLACE / name).read_bytes(), kind) for path, (name, kind) in FILES.items()}


def response(
    status: int, body: bytes = b"", kind: str = "text/plain; charset=utf-8", **more: str
) -> Response:
    """An answer; of `more` the underscores are hyphens."""
    headers = Headers(HEADERS)
    if body:
        headers["Content-Type"] = kind
    if status != 204:
        headers["Content-Length"] = str(len(body))
    for name, value in more.items():
        headers[name.replace("_", "-")] = value
    return Response(status, REASONS[status], headers, body)
