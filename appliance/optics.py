"""The camera's part of the configuration, checked.

Knows what may be said of a camera, a lamp and a file. Must never open any of them.
"""

from __future__ import annotations

from pathlib import Path

from .problems import Section, nearest
from .settings import FILE, OWN_LAMP, PINS, RESOLUTIONS, Camera

LAMP = (
    f"a BCM pin number from {PINS[0]} to {PINS[-1]}, of a lamp that shows when it looks, or {OWN_LAMP!r} "
    "for a camera that has one"
)


def optics(section: Section) -> Camera:
    """Every mistake is noted; what is returned can be used."""
    default = Camera()
    camera = Camera(
        source=_seen_by(section),
        mode=section.choice("mode", default.mode, ("look", "listening")),
        frames_per_s=section.number("frames_per_s", default.frames_per_s, 0.1, 1, "pictures a second"),
        width=section.whole("width", default.width, 160, 1920, "pixels") or default.width,
        height=section.whole("height", default.height, 120, 1080, "pixels") or default.height,
        media_resolution=section.choice("media_resolution", default.media_resolution, RESOLUTIONS),
        light=_camera_light(section),
        light_active=section.choice("light_active", default.light_active, ("high", "low")),
    )
    section.done()
    real = camera.source not in ("", "memory") and not camera.source.startswith(FILE)
    if real and camera.light is None and not section.has("light"):
        section.wrong("light", None, LAMP)
    return camera


def _camera_light(section: Section) -> int | str | None:
    value = section.raw("light")
    if value is None or value == OWN_LAMP or (type(value) is int and value in PINS):
        return value
    section.wrong("light", value, LAMP, nearest(value, (OWN_LAMP,)) if isinstance(value, str) else None)
    return None


def _seen_by(section: Section) -> str:
    """The source; a file's path is made absolute, relative to the configuration."""
    source = section.text("source", "", most=500)
    if source != source.strip():
        section.wrong("source", source, "a name, a path, or 'file:' and a path, without spaces around it")
        return ""
    if not source.startswith(FILE):
        return source
    path = Path(section.file).parent / source.removeprefix(FILE)
    if not path.is_file():
        section.wrong("source", source, "the path of a Motion JPEG file that is there, after 'file:'")
        return ""
    return FILE + str(path.resolve())
