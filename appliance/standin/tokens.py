"""Ephemeral tokens: minted with the key, good for some connections within some time, with what they lock.

Knows: AuthToken as the public proto documents it: `uses`, the two times, the locked setup and its field mask.
Must never know: sockets, or what a connection is for. A token is a secret: it is never logged.
"""

from __future__ import annotations

import copy
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .refusal import BAD_TOKEN, INTERNAL, POLICY, UNAVAILABLE, Refusal
from .strict import decode

PREFIX = "auth_tokens/"
_START_S = 60.0
_LIFE_S = 30 * 60.0
_LONGEST_S = 20 * 3600.0
_MOST = 10_000  # tokens kept; the oldest go first
_FIELDS = {"uses", "expireTime", "newSessionExpireTime", "bidiGenerateContentSetup", "fieldMask"}


class BadMint(Exception):
    """What was asked for cannot be minted: an HTTP status and a message in the service's words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class _Minted:
    uses: int  # 0 = any number
    start_by: float
    end_by: float
    locked: dict[str, Any] | None
    mask: tuple[str, ...]
    used: int = 0


@dataclass(slots=True)
class Tokens:
    """All tokens of one stand-in; times are of the wall clock, which `scale` makes go faster."""

    key: str | None
    resuming_is_a_use: bool
    scale: float = 1.0
    clock: Callable[[], float] = time.time
    _minted: dict[str, _Minted] = field(default_factory=dict, repr=False)

    def mint(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a POST of auth_tokens. Raises BadMint."""
        if not key or (self.key is not None and key != self.key):
            raise BadMint(400, "API key not valid. Please pass a valid API key.")
        if unknown := sorted(set(body) - _FIELDS):
            raise BadMint(
                400, f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.'
            )
        uses = body.get("uses", 1)
        if isinstance(uses, bool) or not isinstance(uses, int) or uses < 0:
            raise BadMint(400, "Invalid value at 'auth_token.uses'")
        now = self.clock()
        end_by = now + self._left_s(body, "expireTime", _LIFE_S, now)
        start_by = min(end_by, now + self._left_s(body, "newSessionExpireTime", _START_S, now))
        locked = _setup(body["bidiGenerateContentSetup"]) if "bidiGenerateContentSetup" in body else None
        mask = tuple(part.strip() for part in str(body.get("fieldMask", "")).split(",") if part.strip())
        if mask and locked is None:
            raise BadMint(400, "field_mask needs bidi_generate_content_setup")
        name = PREFIX + secrets.token_hex(32)
        self._minted[name] = _Minted(uses, start_by, end_by, locked, mask)
        if len(self._minted) > _MOST:
            del self._minted[next(iter(self._minted))]
        return {"name": name}

    def use(self, name: str, setup: dict[str, Any]) -> tuple[dict[str, Any], float]:
        """The setup as the token lets it be, and for how many real seconds the connection may last.

        Raises the Refusal of a token that is unknown, too old or spent.
        """
        token, now = self._minted.get(name), self.clock()
        if token is None or now >= token.end_by:
            raise Refusal(POLICY, BAD_TOKEN)
        is_use = self.resuming_is_a_use or not setup.get("sessionResumption", {}).get("handle")
        if is_use and now >= token.start_by:
            raise Refusal(POLICY, BAD_TOKEN)
        if is_use and 0 < token.uses <= token.used:
            raise Refusal(INTERNAL, UNAVAILABLE)
        token.used += is_use
        return _locked(setup, token), token.end_by - now

    def _left_s(self, body: Mapping[str, Any], name: str, default_s: float, now: float) -> float:
        """Real seconds until that time."""
        if name not in body:
            return default_s / self.scale
        try:
            when = datetime.fromisoformat(body[name])
            left_s = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now
        except (TypeError, ValueError, OverflowError) as error:
            raise BadMint(
                400, f"Invalid value at 'auth_token.{name}' (type.googleapis.com/Timestamp)"
            ) from error
        if not 0 < left_s < _LONGEST_S:
            raise BadMint(400, f"{name} must be in the future, and less than 20 hours")
        return left_s / self.scale


def _setup(value: object) -> dict[str, Any]:
    try:
        setup: dict[str, Any] = decode(json.dumps({"setup": value})).get("setup", {})
    except Refusal as refusal:
        raise BadMint(400, refusal.reason) from refusal
    return setup


def _locked(setup: dict[str, Any], token: _Minted) -> dict[str, Any]:
    """The effective setup: all of the token's, or the fields that its mask names; silently either way."""
    if token.locked is None:
        return setup
    if not token.mask:
        return token.locked
    effective = copy.deepcopy(setup)
    for path in token.mask:
        _overwrite(effective, token.locked, [_camel(name) for name in path.split(".")])
    return effective


def _overwrite(target: dict[str, Any], source: dict[str, Any], path: list[str]) -> None:
    head, *rest = path
    if head not in source:
        target.pop(head, None)  # locked as absent
    elif rest and isinstance(source[head], dict):
        inner = target.get(head)
        target[head] = inner if isinstance(inner, dict) else {}
        _overwrite(target[head], source[head], rest)
    else:
        target[head] = source[head]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
