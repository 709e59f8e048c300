"""`appliance doctor`: what is wrong with the box, what that means, and what to do about it.

Knows which checks there are and in which order. Must never print a secret, play a sound unasked, or disturb a
daemon that runs: what that one has is asked of it.

    finding  one result                 machine  clock, disk, power, heat, Wi-Fi, versions
    place    where checks look          access   groups and pins
    sound    microphone and speaker     service  configuration, key, network, unit, daemon
                                        nearby   the brain for when the service is away
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path

from ..adapters.state import SYSTEM, directory
from ..settings import Config
from . import access, machine, nearby, service, sound
from .finding import Finding, State, exit_status, fine, skipped
from .place import Place

AWAITED = Coroutine[None, None, Finding]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fix", action="store_true", help="mend what can be mended safely")
    parser.add_argument("--beep", action="store_true", help="also play a sound, and hear its echo")
    parser.add_argument("--offline", action="store_true", help="leave the network and the service alone")


def doctor(options: argparse.Namespace, usual: Path, place: Place | None = None) -> int:
    """Check everything; the exit status. A check that fails is a finding, too."""
    found = []
    for finding in examined(options, usual, place or Place()):
        shown = mended(finding) if options.fix else finding
        found.append(shown)
        if not options.json:
            print("\n".join(shown.lines()), flush=True)
    if options.json:
        status = exit_status(found)
        body = {"ok": status == 0, "checks": [one.as_json() for one in found]}
        print(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        print(_sum(found))
    return exit_status(found)


def examined(options: argparse.Namespace, usual: Path, place: Place) -> Iterator[Finding]:
    finding, config = service.configuration(options.config, usual)
    yield finding
    wants_pins = bool(access.pins_of(config)) and not access.are_mock()
    yield _safely("versions", lambda: machine.versions(pins=wants_pins))
    yield _safely("key", lambda: service.key(config, place))
    yield _safely("clock", lambda: machine.clock(place))
    yield _safely("disk", lambda: machine.disk(_state(place)))
    yield _safely("power", lambda: machine.power(place))
    yield _safely("temperature", lambda: machine.heat(place))
    yield _safely("wi-fi", lambda: machine.wifi(place))
    yield from access.groups(config, place)
    yield _safely("unit", lambda: service.unit(place))
    finding, running = service.daemon(config)
    yield finding
    yield _safely(nearby.CHECK, lambda: nearby.brain(config, place))
    yield _safely("pins", lambda: access.pins(config, place, running=running))
    yield from _sound(config, place, beep=options.beep, running=running)
    yield from _network(config, offline=options.offline)


def _state(place: Place) -> Path:
    installed = place.at(str(SYSTEM))
    return installed if installed.is_dir() else directory()


def _sound(config: Config, place: Place, *, beep: bool, running: bool) -> Iterator[Finding]:
    if running:
        yield skipped("sound", "the daemon has it: see there; stop it to have the devices looked at")
        return
    found = sound.devices(config.audio, place)
    yield from found
    if config.audio.backend == "memory" or found[0].state is not State.FINE:
        return
    yield _safely("level", lambda: asyncio.run(sound.level(config.audio)))
    if beep:
        yield _safely("echo", lambda: asyncio.run(sound.beep(config.audio)))


def _network(config: Config, *, offline: bool) -> Iterator[Finding]:
    if offline:
        yield skipped("network", "left alone, as asked")
        return
    looked = _safely("network", lambda: service.lookup(config))
    yield looked
    if looked.state is State.WRONG:
        yield skipped("service", "it cannot be reached")
        return
    yield _safely("service", lambda: asyncio.run(service.reached(config)))


def mended(finding: Finding) -> Finding:
    """After the remedy, where that is safe and works."""
    if finding.mend is None:
        return finding
    try:
        return fine(finding.check, f"{finding.found}: {finding.mend()}")
    except OSError as error:
        return replace(finding, found=f"{finding.found} (not mended: {error.strerror or error})")


def _safely(check: str, look: Callable[[], Finding]) -> Finding:
    """A check that cannot be done says so; the others go on."""
    try:
        return look()
    except Exception as error:  # whatever a strange machine does
        return Finding(check, State.WRONG, f"it could not be checked: {error or type(error).__name__}")


def _sum(found: list[Finding]) -> str:
    wrong = [one.check for one in found if one.state is State.WRONG]
    odd = sum(one.state is State.ODD for one in found)
    if not wrong:
        return f"nothing is wrong; {odd} odd" if odd else "all is well"
    hint = "; --fix mends some of it" if any(one.mend for one in found) else ""
    return f"wrong: {', '.join(wrong)}{hint}"
