"""Functions for the appliance: one of each kind. What a package needs of it is in `appliance.functions`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from appliance.functions import NON_BLOCKING, Bad, Between, function

PORTS = {"Aden": "at noon", "Brest": "at six"}
HIGHEST = {"spring": 9.5, "neap": 7.25}


@function(limit_s=5)
def tide(port: Annotated[str, "A harbour."], kind: Literal["spring", "neap"] = "spring") -> dict[str, object]:
    """Tell when the next high tide is at a port, and how high."""
    if port not in PORTS:
        raise Bad(f"there is no port {port!r}; there are: {', '.join(PORTS)}")
    return {"port": port, "when": PORTS[port], "metres": HIGHEST[kind]}


@function(NON_BLOCKING, "INTERRUPT", limit_s=10)
async def bake(loaves: Annotated[int, "How many.", Between(1, 4)] = 1) -> str:
    """Bake bread. Tells when it is done."""
    await asyncio.sleep(0.05 * loaves)
    return f"{loaves} loaves are ready"


@function(NON_BLOCKING, "WHEN_IDLE", limit_s=10)
async def count_down(start: Annotated[int, Between(1, 5)]) -> AsyncIterator[dict[str, int]]:
    """Count down to 1, and tell every number."""
    for left in range(start, 0, -1):
        await asyncio.sleep(0.02)
        yield {"left": left}


@function()
def stumble(secret: str) -> str:
    """Fail."""
    raise ValueError(f"an argument is never shown: {secret}")


@function(limit_s=0.5)
def hang() -> str:
    """Never return."""
    threading.Event().wait()
    return "never"


@function()
def get_lights() -> str:
    """A name that the box has already."""
    return "dark"


@function()
def shapeless(what: dict[str, int]) -> str:
    """Take what no model can fill in."""
    return str(what)
