"""The brain for when the service is away: the stand-in, on a Unix socket, for as long as somebody needs it.

Knows how it is started (by the service manager, at the first knock, or by hand) and when it ends. Must never
know a key, nor listen on any network.

        appliance-offline.socket ── a knock ──► this process ── nobody connected for exit_after_s ──► gone
                 ▲ systemd goes on listening, and holds whoever knocks meanwhile ◄──────────────────────┘
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket

from .adapters.control import listen
from .adapters.systemd import Notifier, listener, start_logging
from .errors import HardwareError
from .fallback import is_installed, socket_of
from .settings import Config
from .standin.options import Faults, Options
from .standin.server import StandIn

PROFILE = "half-cascade"  # of those that the stand-in can play, the one that may answer in writing too
NEVER_S = 1e9
REMEDY = "install appliance[offline], or set offline.enabled = false"

log = logging.getLogger(__name__)


def serve(config: Config) -> None:
    """Until nobody has needed it for long enough, or SIGTERM. Raises HardwareError, ControlError."""
    if not is_installed():
        raise HardwareError(f"the speech recogniser is not installed; {REMEDY}")
    start_logging(config.log_level)
    given = listener()
    path = socket_of(config)
    door = given or listen(path)
    try:
        asyncio.run(_serve(door, config.offline.exit_after_s))
    finally:
        door.close()
        if given is None:
            path.unlink(missing_ok=True)


async def _serve(door: socket.socket, exit_after_s: float) -> None:
    options = Options(
        voice="auto",
        profile=PROFILE,
        socket=door,
        prepared=True,
        greeting="I am offline.",
        faults=Faults(go_away_s=NEVER_S),
        playback_wait=0.0,
        keep=1,
    )
    notifier = Notifier()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with StandIn(options) as brain:
        notifier.ready()
        log.info("the offline brain listens")
        alone = asyncio.create_task(brain.left_alone(exit_after_s))
        told = asyncio.create_task(stopped.wait())
        await asyncio.wait({alone, told}, return_when=asyncio.FIRST_COMPLETED)
        alone.cancel()
        told.cancel()
        notifier.stopping()
    log.info("the offline brain has ended: %s", "stopped" if stopped.is_set() else "nobody needs it")
