"""Scenes: states of many lights under one name.

Knows scenes by name, and what each makes of which light, room or group. Must never know how a light is set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from .catalogue import Capability, called
from .changes import Change
from .functions import Caller, Function, function
from .lighting import Lighting
from .outcomes import Outcome
from .parameters import Named
from .values import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """What each place becomes, the widest first, and over how many seconds.

    The places exist, and have lights that can be so: config.py has made sure of it.
    """

    name: str
    steps: tuple[tuple[str, Change], ...]
    transition_s: float = 0.0


class Scenes(Capability):
    """The scenes of a home, and the function that runs one."""

    def __init__(self, lighting: Lighting, scenes: Sequence[Scene]) -> None:
        self._lighting = lighting
        self._scenes = {scene.name: scene for scene in scenes}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._scenes)

    def offered(self, function: Function) -> Function | None:
        return function.named(name=self.names) if self._scenes else None

    @function()
    def run_scene(self, name: Annotated[str, "Name of the scene.", Named("scene")]) -> Outcome:
        """Set many lights at once, as they were arranged under a name. Returns the state of each."""
        scene = self._scenes[name]
        return self._lighting.in_turn(scene.steps, scene.transition_s)

    def person(self, name: str, caller: Caller) -> Outcome:
        """A scene that a person named."""
        [run_scene] = self.functions()
        return called(run_scene.named(name=self.names), {"name": name}, caller)
