"""What sound libraries print on the terminal while they look for devices, swept aside.

Knows file descriptor 2. Must never swallow what somebody else wrote: whatever is not a known murmur of ALSA,
JACK, OSS or PortAudio is passed on, only later.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

STDERR = 2
MURMUR = re.compile(
    r"ALSA lib |Expression '|\|\| PaAlsa|bt_audio_|Home directory not accessible|Cannot lock down|\s*$"
    r"|Cannot connect to server|jack server is not|JackShm|connect\(2\) call to |attempt to connect to server"
)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep C libraries from writing on the terminal; what they wrote is logged at debug level.

    Not re-entrant: the caller sees to it that one thread at a time is in here.
    """
    try:
        terminal = os.dup(STDERR)
    except OSError:  # closed, as in some daemons: then nobody reads it either
        yield
        return
    with tempfile.TemporaryFile() as page:
        os.dup2(page.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(terminal, STDERR)
            os.close(terminal)
            page.seek(0)
            _sort(page.read().decode(errors="replace"))


def _sort(text: str) -> None:
    for line in text.splitlines():
        if MURMUR.match(line):
            log.debug("%s", line)
        else:
            os.write(STDERR, f"{line}\n".encode())
