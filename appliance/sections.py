"""Sections of the configuration that stand alone.

Knows their keys and ranges. Must never know what another section says.
"""

from __future__ import annotations

import ipaddress
from dataclasses import fields
from pathlib import Path

from .core.usage import Budget
from .problems import Section
from .settings import (
    COVERAGES,
    MODES,
    PRESETS,
    SENSITIVITIES,
    Functions,
    Offline,
    Panel,
    Served,
    Timers,
    Turns,
)


def budget(section: Section) -> Budget:
    """[budget]"""

    def tokens(key: str) -> int | None:
        return section.whole(key, None, 1_000, 1_000_000_000, "tokens")

    budget = Budget(**{field.name: tokens(field.name) for field in fields(Budget)})
    section.done()
    for period in ("day", "month"):
        soft, hard = getattr(budget, f"soft_tokens_{period}"), getattr(budget, f"hard_tokens_{period}")
        if soft is not None and hard is not None and soft >= hard:
            section.wrong(f"soft_tokens_{period}", soft, f"less than hard_tokens_{period} ({hard})")
    return budget


def functions(section: Section) -> Functions:
    """[functions]"""
    default = Functions()
    functions = Functions(
        disabled=section.texts("disabled", most=64),
        limit_s=section.number("limit_s", default.limit_s, 1, 300, "seconds"),
    )
    section.done()
    return functions


def offline(section: Section) -> Offline:
    """[offline]"""
    default = Offline()
    enabled = section.raw("enabled")
    if enabled is None or not (isinstance(enabled, bool) or enabled == "auto"):
        if enabled is not None:
            section.wrong("enabled", enabled, "true, false (without quotes) or 'auto'")
        enabled = default.enabled
    socket = section.text("socket", default.socket, most=100)  # sun_path holds 108 bytes, unix(7)
    if socket and not Path(socket).is_absolute():
        section.wrong("socket", socket, "an absolute path")
    offline = Offline(
        enabled=enabled,
        socket=socket,
        exit_after_s=section.number("exit_after_s", default.exit_after_s, 5, 86_400, "seconds"),
    )
    section.done()
    return offline


def panel(section: Section) -> Panel:
    """[panel]"""
    default = Panel()
    panel = Panel(
        enabled=section.flag("enabled", default=default.enabled),
        host=section.text("host", default.host, most=64),
        port=section.whole("port", default.port, 1024, 65535, "a port that needs no privilege") or 0,
        transcript=section.flag("transcript", default=default.transcript),
    )
    section.done()
    try:
        ipaddress.ip_address(panel.host)
    except ValueError:
        section.wrong("host", panel.host, "an IP address of this machine, such as '127.0.0.1' or '0.0.0.0'")
    return panel


def timers(section: Section) -> Timers:
    """[timers]"""
    timers = Timers(section.number("ring_s", Timers().ring_s, 5, 600, "seconds"))
    section.done()
    return timers


def turns(section: Section) -> Turns:
    """[turns]"""
    default = Turns()

    def whole(key: str, least: int, most: int) -> int:
        chosen: int = getattr(default, key)
        return section.whole(key, chosen, least, most, "milliseconds") or 0

    preset = section.choice("endpointing", default.endpointing, PRESETS)
    hangover = section.whole("hangover_ms", PRESETS[preset], 200, 5_000, "milliseconds")
    found = Turns(
        mode=section.choice("mode", default.mode, MODES),
        endpointing=preset,
        hangover_ms=hangover or PRESETS[preset],
        min_speech_ms=whole("min_speech_ms", 60, 800),
        noise_guard_s=section.number("noise_guard_s", default.noise_guard_s, 0, 60, "seconds, 0 for never"),
        pre_roll_ms=whole("pre_roll_ms", 0, 2_000),
        pre_roll_noise_ms=whole("pre_roll_noise_ms", 0, 2_000),
        reach_back_ms=whole("reach_back_ms", 0, 2_000),
        no_speech_s=section.number("no_speech_s", default.no_speech_s, 1, 60, "seconds"),
        follow_up_s=section.number("follow_up_s", default.follow_up_s, 0, 60, "seconds, 0 for never"),
        max_utterance_s=section.number("max_utterance_s", default.max_utterance_s, 5, 60, "seconds"),
        hold_ms=whole("hold_ms", 150, 2_000),
        tail_ms=whole("tail_ms", 0, 2_000),
        interruptible=section.flag("interruptible", default=default.interruptible),
        coverage=section.choice("coverage", default.coverage, COVERAGES),
        server=_served(section.section("server")),
    )
    section.done()
    return found


def _served(section: Section) -> Served:
    default = Served()
    found = Served(
        start_sensitivity=section.choice("start_sensitivity", default.start_sensitivity, SENSITIVITIES),
        end_sensitivity=section.choice("end_sensitivity", default.end_sensitivity, SENSITIVITIES),
        prefix_padding_ms=section.whole("prefix_padding_ms", None, 0, 5_000, "milliseconds"),
        silence_duration_ms=section.whole("silence_duration_ms", None, 100, 10_000, "milliseconds"),
    )
    section.done()
    return found
