"""What a former life left in the state directory, and is taken up again.

Knows which of it the configuration wants. Must never know what it is used for.
"""

from __future__ import annotations

from collections.abc import Mapping

from .adapters.state import State
from .core.afterglow import NAME, restored
from .core.lights import LightState
from .core.mute import NAME as NAME_OF_MUTE
from .core.recollection import LASTS_S
from .settings import Config


def recalled(config: Config, state: State) -> object:
    """What was said before the restart, if the user lets the disk have it. Otherwise it is removed, and
    where it is too old; a clock that is wrong can only make it forgotten too early."""
    age_s = state.age_s("memory")
    if config.remember.where == "disk" and age_s is not None and abs(age_s) < LASTS_S:
        return state.load("memory")
    if age_s is not None:
        state.remove("memory")
    return None


def muted(state: State) -> object:
    """What was kept of a mute; a file that cannot be read is one: it must not open a microphone."""
    kept = state.load(NAME_OF_MUTE)
    return True if kept is None and state.age_s(NAME_OF_MUTE) is not None else kept


def lit(config: Config, former: Mapping[str, object]) -> dict[str, LightState]:
    """What lights show again that are to be as they were."""
    kinds = {light.name: light.kind for light in config.lights if light.initial == "restore"}
    return restored(former.get(NAME), kinds)
