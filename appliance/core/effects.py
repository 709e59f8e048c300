"""Everything we may ask of the world. Verbs; frozen; performed in order, never awaited.

`Tell` is for people: what `appliance watch` streams, the demo draws and the journal keeps. Its kinds:

=============  ==========================================================================================
phase          the mood changed: `mood`
transcript     `who` (person or model), `text` (a fragment, verbatim), `turn`
code           a program that the model wrote: `language`, `text`, `turn`
result         what became of it: `outcome`, `text`, `turn`
sources        what an answer rests on: `queries`, `pages` (uri, title, status), `turn`
call           the model called a function: `name`, `args`
answer         the answer to it: `name`, `response`
lights         lights changed: `states`
timer          `state` (set, cancelled, due, rings, silenced, heard, not heard, missed), `number`, `name`
line           the line to the service: `state`, `why`, `advice`, `retry_s`
turn           a turn ended: `turn`, `outcome`, and its timeline in ms
offline        the brain on this machine: `state` (ready, serving, closed, missing), `reason`, `turn`
lost           something was lost: `what`, `count`, `why`
trouble        something went wrong: `what`, `reason`
microphone     `state` (open, missing, or doubtful: what it delivers cannot be right), `reason`
speaker        the same
echo           what keeps the box from hearing itself changed: `shield`, `why`, `lowered_db`
barge-in       a person spoke over the answer of turn `turn`, which is silenced
mute           `state` (on or off)
countdown      a very long press is about to do something: `to` what, `in_s`
conversation   `state`: ended, by a person; the next one begins with nothing
camera         `state` (looking, shut or missing), `why` it looks, `reason` it cannot
usage          token counts of the turn so far: `prompt`, `response`, `total`
settings       they were reloaded: `applied`, the keys of those that have changed
budget         a limit is reached: `limit` (soft or hard), and the sums
unknown        the service said something that we do not know: `what`
=============  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from .earcons import Earcon
from .lights import LightState, Origin
from .messages import ClientMessage
from .mood import Mood
from .values import dataclass


@dataclass(frozen=True, slots=True)
class Dial:
    """Open link number `link`; a former link is closed first. Answered by LinkUp or LinkDown."""

    link: int


@dataclass(frozen=True, slots=True)
class Send:
    """Put one message into the outbox of this link; dropped when another link is current."""

    link: int
    message: ClientMessage


@dataclass(frozen=True, slots=True)
class Hang:
    """Send what is in the outbox, then close this link with 1000. No LinkDown follows.

    `at_once`: it is taken for dead; what waits is not sent, and no farewell is waited for.
    """

    link: int
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Play:
    """Append mono PCM16LE of any length, an odd number of bytes included, to the answer of this turn."""

    turn: int
    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more comes for this turn: say Drained when it has been played."""

    turn: int


@dataclass(frozen=True, slots=True)
class Flush:
    """Silence this turn now, and drop whatever comes for it later."""

    turn: int


@dataclass(frozen=True, slots=True)
class Chime:
    """Sound this earcon so many times over, beneath whatever is said; a former one is over.

    `notice`: a failure by its name, of which a sentence follows.
    """

    earcon: Earcon
    repeats: int = 1
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Hush:
    """End the earcon that sounds, now. Speech goes on."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """Close the microphone and open it again: what comes of it cannot be right. Answered by what it delivers,
    or by MicrophoneDown."""


@dataclass(frozen=True, slots=True)
class SetLights:
    """Set all of these or none, fading over so many seconds. Answered at once: LightsSet, LightsFailed."""

    origin: Origin
    states: dict[str, LightState]
    transition_s: float = 0.0


@dataclass(frozen=True, slots=True)
class See:
    """Open the camera and take one picture, or one every so many seconds until LookAway. A former look is
    over. Answered by Seen or CameraDown."""

    look: int
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class LookAway:
    """Close the camera, if it is still that look. Nothing more comes of it."""

    look: int


@dataclass(frozen=True, slots=True)
class Run:
    """Run this function of a third party. Answered by Reported, once or more."""

    origin: Origin
    name: str
    args: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nobody waits for this function any more: it need not begin, and may stop where it can."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Speak as loud as this from now on: per cent of loudness (see volume.py). Earcons have their own."""

    level: int


@dataclass(frozen=True, slots=True)
class Muffle:
    """Close the microphone's device (`on`), or look for it again. Answered as by a plug pulled or put."""

    on: bool


@dataclass(frozen=True, slots=True)
class PowerOff:
    """Switch this machine off."""


@dataclass(frozen=True, slots=True)
class Show:
    """What the status light shows from now on, at so many per cent; `fault` names what lies behind it."""

    mood: Mood
    fault: str = ""
    brightness: int = 100


@dataclass(frozen=True, slots=True)
class Glow:
    """How loud the voice is that it follows, from 0 to LEVELS."""

    level: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Something a person may want to know; see the table above."""

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request over the control socket; `body["ok"]` says whether it was done."""

    ask: int
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reread:
    """Read the configuration again; whoever does so answers request `ask`, and tells what has Changed."""

    ask: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep this JSON value over a restart; rarely, and later, is soon enough, unless it says `soon`. An empty
    one: what was kept is removed, at once."""

    name: str
    value: Mapping[str, object] = field(repr=False)
    soon: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """Look at the clock on the wall. Answered by WallClock."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Tell the service manager's watchdog that we are alive, because we are."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The last effect: everything that must be said has been said."""


Effect = (
    Dial
    | Send
    | Hang
    | Play
    | Finish
    | Flush
    | Chime
    | Hush
    | Reopen
    | SetLights
    | See
    | LookAway
    | SetVolume
    | Run
    | Abandon
    | Muffle
    | PowerOff
    | Show
    | Glow
    | Tell
    | Reply
    | Reread
    | Look
    | Beat
    | Keep
    | Quit
)
