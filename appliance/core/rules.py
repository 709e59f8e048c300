"""What the configuration says to the core, as one value."""

from __future__ import annotations

from dataclasses import field

from .endpoint import GUARD_MS
from .gesture import Grip
from .glow import Shine
from .hours import Earcons
from .manners import Manners
from .messages import Setup
from .recollection import Remember
from .shield import Shield
from .usage import Budget
from .values import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says to the core."""

    manners: Manners
    setup: Setup
    hangover_ms: int
    always_connected: bool
    idle_close_s: float
    beat_s: float | None
    grip: Grip = field(default_factory=Grip)
    very_long: str = "none"
    shine: Shine | None = None
    min_speech_ms: int = 160
    noise_guard_ms: int = GUARD_MS
    fallbacks: tuple[Setup, ...] = ()
    budget: Budget = field(default_factory=Budget)
    remember: Remember = field(default_factory=Remember)
    shield: Shield = Shield.HALF_DUPLEX
    earcons: Earcons = field(default_factory=Earcons)
    offline: Setup | None = None
