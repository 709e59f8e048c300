"""The brain on this machine as the daemon sees it: whether it is wanted, where it listens, what it is told.

Knows the configuration, and which of two lines a link is of. Must never know a key: nothing secret is sent to
the brain, and neither are the instructions for the model.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

from .adapters.link import Link, service_url
from .core.catalogue import Catalogue
from .core.errands import Errands
from .core.events import Event
from .core.functions import BLOCKING
from .core.lines import is_near
from .core.messages import ClientMessage, Setup
from .manners import detection
from .settings import Config

MODEL = "offline"
FOLDER = Path("/run/appliance-offline")  # root's, made by appliance-offline.socket
FILE = "brain.sock"
RECOGNISER = "pocketsphinx"
URL = service_url("ws://localhost", "v1beta")  # the host is for the request alone: the socket is a file


def is_installed() -> bool:
    """Whether the extra `offline` is; it is looked for and not loaded."""
    return importlib.util.find_spec(RECOGNISER) is not None


def is_wanted(config: Config) -> bool:
    enabled = config.offline.enabled
    return is_installed() if enabled == "auto" else bool(enabled)


def socket_of(config: Config) -> Path:
    """Where the brain listens: as configured, else where systemd does, else a person's own place."""
    if config.offline.socket:
        return Path(config.offline.socket)
    own = os.environ.get("XDG_RUNTIME_DIR")
    return (Path(own) / "appliance" if own and not FOLDER.is_dir() else FOLDER) / FILE


def setup(config: Config, known: Catalogue) -> Setup | None:
    """What the brain is told: the box's own functions, so that it knows the names. Those of third parties it
    would not know how to ask for."""
    if not is_wanted(config):
        return None
    outside = known.find(Errands)
    strangers = set() if outside is None else {function.name for function in outside.functions()}
    return Setup(
        MODEL,
        modality=config.live.modality.upper(),
        interruptible=config.turns.interruptible,
        detection=detection(config.turns),
        functions=tuple(f for f in known.declarations((BLOCKING,)) if f["name"] not in strangers),
    )


def line(config: Config, post: Callable[[Event], None]) -> Link | None:
    return Link(URL, dict, post, path=socket_of(config)) if is_wanted(config) else None


class Lines:
    """The line to the service and the line to the brain, as one: a link's number tells which it is of."""

    def __init__(self, far: Link, near: Link | None) -> None:
        self._far = far
        self._near = near

    def dial(self, link: int) -> None:
        self._of(link).dial(link)

    def send(self, link: int, message: ClientMessage) -> None:
        self._of(link).send(link, message)

    def hang(self, link: int, *, at_once: bool = False) -> None:
        self._of(link).hang(link, at_once=at_once)

    async def close(self) -> None:
        if self._near is not None:
            await self._near.close()
        await self._far.close()

    def _of(self, link: int) -> Link:
        return self._near if is_near(link) and self._near is not None else self._far
