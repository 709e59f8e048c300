"""The door at which tokens are minted: POST /v1alpha/auth_tokens, over plain HTTP on a port of its own.

Knows: just enough HTTP for one request a connection; the WebSocket library takes no POST on its port.
Must never know: what a token is good for. Neither the key nor the token is logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from .tokens import BadMint

log = logging.getLogger(__name__)

PATH = "/v1alpha/auth_tokens"
_MOST_BYTES = 65_536
_PATIENCE_S = 5.0
_STATUSES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 405: "UNIMPLEMENTED", 413: "OUT_OF_RANGE"}

Mint = Callable[[str, Mapping[str, Any]], dict[str, Any]]


async def serve(mint: Mint, host: str, port: int) -> asyncio.Server:
    """Listen until closed. `mint` takes the key and the body, and may raise BadMint."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_PATIENCE_S):
                status, body = await _answer(mint, reader)
                writer.write(_response(status, body))
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    return await asyncio.start_server(connection, host, port, limit=_MOST_BYTES)


async def _answer(mint: Mint, reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    try:
        key, body = await _request(reader)
        answer = mint(key, body)
    except BadMint as error:
        log.info("nothing minted: %s", error)
        told = {"code": error.status, "message": str(error), "status": _STATUSES[error.status]}
        return error.status, {"error": told}
    log.info("minted a token")
    return 200, answer


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
    """The key and the body of a request. Raises BadMint."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError as error:
        raise BadMint(413, "the request is too large") from error
    line, *rest = head.split("\r\n")
    words = line.split()
    if len(words) != 3 or words[1].partition("?")[0].replace("//", "/") != PATH:
        raise BadMint(404, "Not Found")
    if words[0] != "POST":
        raise BadMint(405, "Method Not Allowed")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > _MOST_BYTES:
        raise BadMint(413, "the request is too large, or of unknown length")
    try:
        body = json.loads(await reader.readexactly(int(length)) or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadMint(400, "Invalid JSON payload received.") from error
    if not isinstance(body, dict):
        raise BadMint(400, "Invalid JSON payload received. Expected an object.")
    return headers.get("x-goog-api-key", ""), body


def _response(status: int, body: dict[str, Any]) -> bytes:
    text = json.dumps(body, indent=2).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + text
