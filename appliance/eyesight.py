"""The camera that was configured, built from its parts: where the pictures come from, and the lamp.

Knows which kind of camera a source names. Must never open one: that is done when somebody needs it.

What is needed to look is imported here, and only for a box with a camera.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .core.events import Event, LightsFailed
from .core.eye import Sight
from .core.lights import FromPerson, Kind, LightState
from .settings import FILE, Light
from .settings import Camera as Settings

if TYPE_CHECKING:
    from .adapters.camera import Camera, Source

MEMORY = "memory"
LAMP = "the camera's lamp"


def sight(settings: Settings) -> Sight | None:
    """What the core may do with it; None where there is none."""
    if not settings.source:
        return None
    return Sight(1 / settings.frames_per_s if settings.mode == "listening" else None)


def eyesight(settings: Settings, post: Callable[[Event], None]) -> Camera | None:
    """Claims the pin of its lamp, opens nothing. None where there is none. Raises HardwareError."""
    if not settings.source:
        return None
    from .adapters.camera import Camera

    return Camera(_source(settings), post, _lamp(settings))


def _source(settings: Settings) -> Source:
    from .adapters.mjpeg import FileCamera, MemoryCamera
    from .adapters.v4l2 import V4l2Camera

    if settings.source.startswith(FILE):
        return FileCamera(Path(settings.source.removeprefix(FILE)))
    if settings.source == MEMORY:
        return MemoryCamera()
    return V4l2Camera(settings.source, settings.width, settings.height)


def _lamp(settings: Settings) -> Callable[[bool], str]:
    """Switches the lamp; says why it could not. It is no light of the home: the model cannot reach it."""
    if not isinstance(settings.light, int):
        return lambda on: ""
    from .adapters.lights import GpioLights

    told: list[Event] = []
    lamp = Light(LAMP, Kind.SWITCH, (settings.light,), active_high=settings.light_active == "high")
    lights = GpioLights((lamp,), told.append)

    def switch(on: bool) -> str:
        told.clear()
        lights.set(FromPerson(0), {LAMP: LightState(on=on)})
        return next((event.reason for event in told if isinstance(event, LightsFailed)), "")

    return switch
