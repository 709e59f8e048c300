"""The vocabulary of turns: who has the floor, what the turn is told, and what it wants of its neighbours.

Values only; the moves are in turn.py.
"""

from __future__ import annotations

from enum import Enum, auto

from .effects import Effect
from .endpoint import Context, Offset, Onset
from .events import Drained
from .gesture import Gesture
from .manners import Manners as Manners
from .messages import GenerationComplete, Interrupted, ModelSaid, PersonSaid, Speech, TurnComplete, Words
from .values import dataclass

# -- the person's side ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Idle:
    pass


@dataclass(frozen=True, slots=True)
class Listening:
    """Nothing is sent until speech is detected. `cut` is the first frame that counts."""

    until: float
    cut: int
    follow_up: bool = False


class By(Enum):
    """Who decides when the person has finished."""

    VOICE = auto()  # the endpointer
    TOUCHED = auto()  # the endpointer, or the finger that came down meanwhile
    FINGER = auto()  # the finger alone
    TAIL = auto()  # nobody: the finger is gone, its tail runs out


@dataclass(frozen=True, slots=True)
class Hearing:
    """`end` is when the longest utterance is over, whoever decides; `began`: its activityStart was sent."""

    until: float
    by: By
    end: float = float("inf")
    began: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """`until` is None as long as the end of the utterance has not been sent. `alive`: the service has shown
    that it has it."""

    until: float | None = None
    alive: bool = False


@dataclass(frozen=True, slots=True)
class Speaking:
    """`finished`: nothing more comes, what is queued plays out; then this is the outcome, and `more` turns of
    the model follow."""

    until: float
    finished: bool = False
    outcome: str = "answered"
    more: bool = False


Phase = Idle | Listening | Hearing | Waiting | Speaking


def hears(phase: Phase, index: int) -> bool:
    """Whether the ear is to look for speech in this frame, for the person has the floor, or may take it."""
    match phase:
        case Listening(_, cut):
            return index >= cut
        case Hearing(_, by):
            return by is not By.TAIL
        case _:
            return False


# -- the model's side -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Silent:
    pass


@dataclass(frozen=True, slots=True)
class Answering:
    """`close_by`: what it said has been played; its turnComplete is due by then."""

    close_by: float | None = None


@dataclass(frozen=True, slots=True)
class Abandoned:
    """`over_at`: when whatever arrives must be of the next turn. `hushed`: the service said `interrupted`.
    `begun`: some of it was said."""

    over_at: float | None = None
    hushed: bool = False
    begun: bool = False

    @property
    def ends(self) -> bool:
        """Its turnComplete is still to come, however late: the line may have stood still."""
        return self.hushed or self.begun


# -- what the turn is told, besides gestures, onsets and messages -------------------------------------


@dataclass(frozen=True, slots=True)
class ActivityBegan:
    """The activityStart of a turn was put on the wire."""


@dataclass(frozen=True, slots=True)
class ActivityEnded:
    """The activityEnd of turn `turn` was put on the wire."""

    turn: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The service is at work for this turn though it says nothing: a function call."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A question was typed: it is a turn of its own, with nothing to wait for."""


@dataclass(frozen=True, slots=True)
class LineLost:
    """`kept`: what the person said will be sent again."""

    kept: bool


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """What the person said in turn `turn` will not be sent."""

    turn: int
    why: str


@dataclass(frozen=True, slots=True)
class Deaf:
    """The microphone is gone."""


@dataclass(frozen=True, slots=True)
class Dumb:
    """The speaker is gone: what is queued will not be played."""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The person wants nothing any more."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Time has."""


Told = (
    Gesture
    | Onset
    | Offset
    | Speech
    | Words
    | ModelSaid
    | PersonSaid
    | Interrupted
    | GenerationComplete
    | TurnComplete
    | Drained
    | ActivityBegan
    | ActivityEnded
    | Progress
    | Typed
    | LineLost
    | Unanswerable
    | Deaf
    | Dumb
    | Dismissed
    | Passed
)


# -- what the turn wants of its neighbours ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    """Open an utterance with every frame since `since`."""

    turn: int
    since: int


@dataclass(frozen=True, slots=True)
class End:
    """Close it."""

    turn: int


@dataclass(frozen=True, slots=True)
class Settle:
    """Its answer began: it need not be kept."""

    turn: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody waits for its answer any more."""

    turn: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Listen for speech from frame `cut` on, as strictly as the context asks."""

    cut: int
    context: Context = Context.PRESS


@dataclass(frozen=True, slots=True)
class Renew:
    """The line is dead though nobody closed it. `fresh`: and so may be its session."""

    fresh: bool


@dataclass(frozen=True, slots=True)
class Attend:
    """Let the service hear the microphone from frame `cut` on; what is said is of turn `turn`."""

    turn: int
    cut: int


@dataclass(frozen=True, slots=True)
class Retain:
    """Somebody is speaking in turn `turn`: keep it until it is answered."""

    turn: int


@dataclass(frozen=True, slots=True)
class Yield:
    """The model speaks: the service need hear the microphone only if a voice may interrupt."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The service need not hear the microphone for now."""


@dataclass(frozen=True, slots=True)
class Conclude:
    """That was all the person wanted to say: let the service know at once."""


@dataclass(frozen=True, slots=True)
class Over:
    """The turn is over: the timeline may be closed."""

    turn: int
    outcome: str


Order = Begin | End | Settle | Drop | Arm | Renew | Attend | Retain | Yield | Pause | Conclude | Over | Effect
