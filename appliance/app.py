"""From a configuration to a running daemon, and back to silence.

The attic: the only place that knows everyone. It builds, starts in order, stops in reverse, and decides
nothing in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import random
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import __version__
from .acoustics import Ears, Mouth, acoustics, earcons, jingles
from .adapters.beacon import Beacon
from .adapters.button import GpioButton
from .adapters.calendar import BUILT, Calendar
from .adapters.control import Control
from .adapters.errands import Errands, found
from .adapters.lights import GpioLights, LoopTime
from .adapters.link import Link, service_url
from .adapters.state import State, directory
from .adapters.systemd import Notifier, api_key, listener, server_secret
from .adapters.vitals import Pulse
from .auth import Headers, Verdict, is_loopback
from .capacity import weigh
from .config import socket_path
from .core.catalogue import Catalogue
from .core.chimes import SILENT, Earcons
from .core.conversation import Conversation
from .core.events import Event, Stop
from .core.eye import Eye
from .core.functions import Function
from .core.rules import Rules
from .core.values import dataclass
from .desk import Desk
from .errors import NoKeyError
from .eyesight import eyesight, sight
from .fallback import Lines, line
from .fallback import setup as brain
from .hearing import shield
from .manners import grip, manners, shine
from .memories import lit, muted, recalled
from .pump import Clock, Pump, World
from .recorder.files import Header
from .recorder.recorder import Delays, Recorder
from .reloading import Reloading
from .settings import Config, Live
from .skills import built_in, catalogue, setup_of

if TYPE_CHECKING:
    from .adapters.camera import Camera
    from .panel import Server

log = logging.getLogger(__name__)

BACKOFF_FIRST_S = 0.5
BACKOFF_MOST_S = 30.0  # a box that is back a minute after the network is is felt to be broken
KEPT = ("usage", "session", "timers", "lights", "volume")  # what outlives a restart, beside what was said
FADE_S = 0.5  # at most, for the speaker at the end


@dataclass(frozen=True, slots=True)
class Box:
    """Everybody, built and not yet started."""

    pump: Pump
    microphone: Ears
    speaker: Mouth
    lights: GpioLights
    button: GpioButton
    beacon: Beacon
    link: Lines
    control: Control
    desk: Desk
    notifier: Notifier
    state: State
    calendar: Calendar
    recorder: Recorder
    errands: Errands
    reloading: Reloading
    camera: Camera | None = None
    panel: Server | None = None


def backoff() -> Iterator[float]:
    """Delays in seconds: doubled each time to half a minute, each drawn from its upper half.

    Jitter keeps a house full of boxes from dialling in step after a power cut.
    """
    delay = BACKOFF_FIRST_S
    while True:
        yield delay * random.uniform(0.5, 1.0)
        delay = min(BACKOFF_MOST_S, delay * 2)


def conversation(
    config: Config,
    beat_s: float | None,
    former: Mapping[str, object] | None = None,
    delays: Callable[[], Iterator[float]] = backoff,
    chimes: Earcons = SILENT,
    errands: Sequence[Function] = (),
) -> Conversation:
    """The core, as configured; `former` is what a former life kept, by name; `errands` run outside."""
    former = former or {}
    known = catalogue(config, former, errands, Eye(sight(config.camera)))
    return Conversation(rules(config, known, beat_s, chimes), known, delays, former)


def rules(config: Config, known: Catalogue, beat_s: float | None, chimes: Earcons) -> Rules:
    """What is configured, as the core takes it. Raises ConfigError for what cannot be asked of the model."""
    turns, live = config.turns, config.live
    found = Rules(
        manners=manners(config),
        setup=setup_of(config, live.model, known),
        fallbacks=tuple(setup_of(config, model, known) for model in live.fallback_models),
        hangover_ms=turns.hangover_ms,
        min_speech_ms=turns.min_speech_ms,
        noise_guard_ms=round(1000 * turns.noise_guard_s),
        grip=grip(config),
        very_long=config.button.very_long,
        shine=shine(config.status_light),
        always_connected=live.connect == "always",
        idle_close_s=live.idle_close_s,
        beat_s=beat_s,
        budget=config.budget,
        remember=config.remember,
        shield=shield(config.audio),
        earcons=chimes,
        offline=brain(config, known),
    )
    weigh(config, (found.setup, *found.fallbacks))
    return found


def local_time() -> str:
    """The local date and time in words, or "" where the year shows that nobody has set the clock."""
    now = datetime.now()
    return f"{now:%A} {now.day} {now:%B %Y, %H:%M}" if now.year >= BUILT else ""


def credentials(endpoint: str) -> Callable[[], Mapping[str, str]]:
    """The headers of a dial. Without encryption a key goes to this machine only, and none is needed there."""
    url = urlsplit(endpoint)
    near = is_loopback(url.hostname or "")

    def headers() -> Mapping[str, str]:
        if url.scheme == "ws" and not near:
            return {}
        try:
            return {"x-goog-api-key": api_key()}
        except NoKeyError:
            if near:
                return {}
            raise

    return headers


def _token(live: Live) -> tuple[Headers, Verdict]:
    """The headers of a dial with ephemeral tokens, and what its end says about the token."""
    # Late, as most boxes have a key.
    from .adapters.token import Tokens, by_command, by_server

    def mint() -> Awaitable[str]:
        if live.token_command:
            return by_command(live.token_command, live.token_timeout_s)
        return by_server(live.token_url, server_secret, live.token_timeout_s)

    def today() -> datetime | None:
        now = datetime.now(UTC)
        return now if now.year >= BUILT else None

    tokens = Tokens(mint, today=today)
    return tokens.headers, tokens.verdict


def dialled(live: Live, post: Callable[[Event], None]) -> Link:
    """The line to the service, not yet dialled, with whatever shows who the box is."""
    url = service_url(live.endpoint, live.api_version, token=live.auth == "token")
    if live.auth == "key":
        return Link(url, credentials(live.endpoint), post, clock=local_time)
    headers, verdict = _token(live)
    return Link(url, headers, post, verdict=verdict, clock=local_time)


def build(config: Config, clock: Clock | None = None, state: Path | None = None) -> Box:
    """Claims pins, opens nothing else. Raises HardwareError; call it with the loop running.

    `state` is the directory of what outlives a restart, None for the usual one.
    """
    memory = State(state or directory())
    clock = clock or Clock()
    guard(config)
    notifier = Notifier()
    beat_s = notifier.watchdog_s / 2 if notifier.watchdog_s else None
    errands, warnings = installed(config)
    for warning in warnings:
        log.warning("%s", warning)
    delays = Delays(backoff)
    former = {name: memory.load(name) for name in KEPT} | {
        "memory": recalled(config, memory),
        "mute": muted(memory),
    }
    sounds = jingles(config)
    chimes = earcons(config, sounds)
    pump = Pump(conversation(config, beat_s, former, delays, chimes, errands), clock)
    known = pump.conversation.calls.catalogue
    loop = asyncio.get_running_loop()

    def post_threadsafe(event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # an edge after the loop has closed has nobody to hear it
            loop.call_soon_threadsafe(pump.post, event)

    lights = GpioLights(
        config.lights, pump.post, initial=lit(config, former), metronome=LoopTime(clock.speed)
    )
    try:
        beacon = Beacon(config.status_light)
    except BaseException:
        lights.close()
        raise
    try:
        button = GpioButton(config.button, post_threadsafe)
    except BaseException:
        lights.close()
        beacon.close()
        raise
    microphone, speaker = acoustics(config, sounds, pump.post, clock.speed, memory.load("echo"))
    speaker.loud(pump.conversation.volume.level)
    microphone.muffle(on=pump.conversation.mute.is_on)
    speaker.doze(on=pump.conversation.mute.is_on)
    control = Control(socket_path(config), pump.post, listener=listener(), vitals=Pulse())
    desk = Desk(control, transcripts=config.transcripts)
    page = None
    if config.panel.enabled:
        from .panel import panel

        page = panel(config, control, desk.watchers, pump.watchers)
    return Box(
        pump=pump,
        microphone=microphone,
        speaker=speaker,
        lights=lights,
        button=button,
        beacon=beacon,
        link=Lines(dialled(config.live, pump.post), line(config, pump.post)),
        control=control,
        desk=desk,
        notifier=notifier,
        state=memory,
        calendar=Calendar(pump.post),
        recorder=Recorder(pump.conversation, delays, header(config, errands), state or directory()),
        camera=eyesight(config.camera, pump.post),
        errands=Errands(errands, pump.post),
        reloading=Reloading(config, lambda new: rules(new, known, beat_s, chimes), pump.post, desk),
        panel=page,
    )


def guard(config: Config) -> None:
    """Raises ConfigError where the panel would let strangers in, before anything is claimed."""
    if config.panel.enabled:
        from .panel import password  # late: most boxes have no panel

        password(config)


def installed(config: Config) -> tuple[list[Function], list[str]]:
    """The functions of the installed packages, and what is wrong with those that are left out."""
    own = Catalogue(*built_in(config, {}), Eye(sight(config.camera)))
    return found(own.names, config.functions.disabled)


def header(config: Config, errands: Sequence[Function] = ()) -> Header:
    """What a trace may say of the configuration: which it was, and the names of what is in the home."""
    digest = hashlib.sha256(json.dumps(config.as_json(), sort_keys=True).encode()).hexdigest()[:16]
    names = {light.name for light in config.lights} | {light.room for light in config.lights}
    names |= set(config.groups) | {scene.name for scene in config.scenes} | {f.name for f in errands}
    return Header(__version__, digest, tuple(sorted(names - {""})))


async def live(box: Box) -> None:
    """Start in order, run until the core quits, stop in reverse.

    READY is said when everything that can be in order is: neither a microphone nor a network is waited
    for, because their absence is a state and not a failure to start.
    """
    parts: list[asyncio.Task[None]] = []
    box.pump.watchers.append(box.recorder.watch)
    try:
        await box.control.start()
        parts += [asyncio.create_task(box.speaker.run()), asyncio.create_task(box.microphone.run())]
        parts.append(asyncio.create_task(box.calendar.run()))
        parts.append(asyncio.create_task(box.recorder.run()))
        if box.panel is not None:
            await box.panel.start()
            parts.append(asyncio.create_task(box.panel.run()))
        box.notifier.ready()
        log.info("appliance %s is ready", __version__, extra={"APPLIANCE_EVENT": "ready"})
        await _first(asyncio.create_task(_pumped(box)), parts)
    except Exception as bug:
        box.recorder.crashed(box.pump.under_way, bug)
        raise
    finally:
        box.notifier.stopping()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(box.speaker.fade(), FADE_S)
        box.errands.close()
        await box.link.close()
        if box.camera is not None:
            await box.camera.close()
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await box.control.stop()
        await box.recorder.close()
        await box.state.close()
        box.button.close()
        box.beacon.close()
        box.lights.close()
        log.info("appliance has stopped", extra={"APPLIANCE_EVENT": "stopped"})


async def _pumped(box: Box) -> None:
    world = World(
        *(box.link, box.speaker, box.lights, box.desk, box.notifier, box.state, box.calendar, box.errands),
        camera=box.camera,
        ears=box.microphone,
        beacon=box.beacon,
        settings=box.reloading,
    )
    await box.pump.run(world)


async def _first(pumped: asyncio.Task[None], parts: list[asyncio.Task[None]]) -> None:
    """Wait for the pump. A part that ends by itself is a bug, and ends the daemon."""
    done, _ = await asyncio.wait({pumped, *parts}, return_when=asyncio.FIRST_COMPLETED)
    pumped.cancel()
    for task in done:
        task.result()


async def run(config: Config, trace: Path | None = None) -> None:
    """The daemon: until SIGTERM or SIGINT. `trace` is a new file for everything that happens."""
    for warning in config.warnings:
        log.warning("%s", warning)
    loop = asyncio.get_running_loop()
    stops: list[Event] = []
    stop: Callable[[Event], None] = stops.append  # until there is somebody to stop

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, lambda: stop(Stop()))
    shown: Callable[[], None] = _nothing
    loop.add_signal_handler(signal.SIGUSR1, lambda: shown())
    box = build(config)
    stop, shown = box.pump.post, box.recorder.ask
    if trace is not None:
        box.recorder.trace(trace)
    for event in stops:
        box.pump.post(event)
    await live(box)


def _nothing() -> None:
    """What SIGUSR1 asks for before there is anything."""
