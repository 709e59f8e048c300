"""The configuration, read again while the box runs.

Knows which settings can be taken over by a conversation that goes on, and which are those of parts that are
built once: devices, pins, the line's address. Must never change anything where there is a mistake.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from .adapters.systemd import set_level
from .config import load
from .core.events import Changed, Event
from .core.rules import Rules
from .desk import Desk
from .errors import ConfigError
from .settings import Config

log = logging.getLogger(__name__)

FIXED = {  # what is built into a part, by section: the rest of these sections can change
    "live": ("endpoint", "api_version", "auth", "token_command", "token_url", "token_timeout_s"),
    "button": ("pin", "pull", "debounce_ms", "very_long"),
    "status_light": ("pins", "active_high"),
    "turns": ("mode",),
}
FREE = ("budget", "timers", "transcripts", "log_level", "warnings")
SAME = "nothing was changed; put it right and reload again"


def adopted(old: Config, new: Config) -> Config:
    """The old configuration with all of the new one that a running box can take over."""
    mixed = {
        section: replace(getattr(new, section), **{key: getattr(getattr(old, section), key) for key in fixed})
        for section, fixed in FIXED.items()
    }
    return replace(old, **mixed, **{name: getattr(new, name) for name in FREE})


def differing(one: Config, other: Config) -> tuple[str, ...]:
    """The settings in which they differ, as `section.key`."""
    return tuple(_differing("", one.as_json() | {"warnings": ()}, other.as_json() | {"warnings": ()}))


def _differing(path: str, one: object, other: object) -> list[str]:
    if one == other:
        return []
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        return [path]
    keys = [*one, *(key for key in other if key not in one)]
    dot = f"{path}." if path else ""
    return [found for key in keys for found in _differing(f"{dot}{key}", one.get(key), other.get(key))]


class Reloading:
    """`reread` the file that the daemon was started with."""

    def __init__(
        self, config: Config, rules: Callable[[Config], Rules], post: Callable[[Event], None], desk: Desk
    ) -> None:
        """`rules` raises ConfigError for what cannot be asked of the model."""
        self._config = config
        self._rules = rules
        self._post = post
        self._desk = desk

    def reread(self, ask: int | None = None) -> None:
        """Apply what can be applied, and answer request `ask`, if there is one. Errors change nothing."""
        answer = self._reread()
        if ask is not None:
            self._desk.reply(ask, answer)

    def _reread(self) -> dict[str, object]:
        try:
            new = load(Path(self._config.file))
            config = adopted(self._config, new)
            rules = self._rules(config)
        except ConfigError as error:
            extra = {"APPLIANCE_EVENT": "reload"}
            log.error("the settings are kept as they were: %s", error, extra=extra)
            return {"ok": False, "error": str(error), "remedy": SAME}
        applied, restart = differing(self._config, config), differing(config, new)
        self._config = config
        self._desk.transcripts = config.transcripts
        set_level(config.log_level)
        self._post(Changed(rules, config.timers.ring_s, applied))
        for warning in config.warnings:
            log.warning("%s", warning)
        told = f"settings reloaded: {', '.join(applied) or 'none'} changed"
        if restart:
            told += f"; {', '.join(restart)} need a restart: systemctl restart appliance"
        extra = {"APPLIANCE_EVENT": "reload"}
        log.log(logging.WARNING if restart else logging.INFO, "%s", told, extra=extra)
        return {"ok": True, "applied": list(applied), "restart": list(restart)}
