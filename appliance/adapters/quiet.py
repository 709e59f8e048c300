"""What sound libraries print on the terminal, swept aside: ALSA's, JACK's and PortAudio's murmur.

Knows file descriptor 2. Must never swallow what somebody else wrote: whatever is not a known murmur is passed
on, a moment later. They write at any time, not only while they look for devices, so somebody listens as long
as the sound system is in use.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import threading

log = logging.getLogger(__name__)

STDERR = 2
MURMUR = re.compile(
    r"ALSA lib |Expression '|\|\| PaAlsa|bt_audio_|Home directory not accessible|Cannot lock down|\s*$"
    r"|Cannot connect to server|jack server is not|JackShm|connect\(2\) call to |attempt to connect to server"
    r"|Jack[A-Z]\w+::"
    r"|Failed to load cookie"  # of a sound server that wants none
    r"|Cannot create (thread res|message buffer)"  # JACK's thread, which a sandbox does not let it schedule
)
LONGEST_LINE = 8_192  # what is longer is passed on in pieces
LAST_S = 1.0  # for the last words to be passed on


class Quiet:
    """From `begin` to `end` what is written on the terminal goes through our hands first.

    May be begun again, also by several at once: the first one begins, the last one ends.
    """

    _lock = threading.Lock()
    _users = 0
    _terminal = -1
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        with Quiet._lock:
            Quiet._users += 1
            if Quiet._users == 1:
                Quiet._divert()

    def end(self) -> None:
        """What was written before is on the terminal when this returns."""
        with Quiet._lock:
            Quiet._users -= 1
            if Quiet._users == 0:
                Quiet._restore()

    @staticmethod
    def _divert() -> None:
        try:
            Quiet._terminal = os.dup(STDERR)
        except OSError:  # closed, as in some daemons: then nobody reads it either
            return
        heard, said = os.pipe()
        os.dup2(said, STDERR)
        os.close(said)
        Quiet._thread = threading.Thread(
            target=_sort, args=(heard, Quiet._terminal), name="stderr", daemon=True
        )
        Quiet._thread.start()

    @staticmethod
    def _restore() -> None:
        if Quiet._thread is None:
            return
        os.dup2(Quiet._terminal, STDERR)  # the pipe has no writer any more, unless a child holds it
        Quiet._thread.join(LAST_S)
        Quiet._thread = None


@atexit.register
def _last_words() -> None:
    """A traceback that is printed at the very end is still in the pipe."""
    with Quiet._lock:
        Quiet._restore()


def _sort(heard: int, terminal: int) -> None:
    rest = b""
    try:
        while piece := os.read(heard, LONGEST_LINE):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                _judge(line + b"\n", terminal)
            if len(rest) > LONGEST_LINE:
                _judge(rest, terminal)
                rest = b""
        if rest:
            _judge(rest, terminal)
    finally:
        os.close(heard)
        os.close(terminal)


def _judge(line: bytes, terminal: int) -> None:
    text = line.decode(errors="replace").rstrip("\n")
    if MURMUR.match(text):
        log.debug("said: %s", text)  # with a word before it: this line comes by here, too
    else:
        with contextlib.suppress(OSError):  # nobody reads it any more
            os.write(terminal, line)
