"""`appliance demo`: the whole box with no hardware, no key and no network.

Knows the options and the exit status. Must never pretend: what is shown has happened, in the same parts
that the daemon is made of.

    clips     what is said to it            stage      the box, its lamps, the stand-in across the wire
    proof     what must have happened       keyboard   the button of a person at a terminal
    screen    what a person sees of it      exchange   what is noted of a request and its answer
    lantern   every state of the light
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import EX_FAILURE, EX_OK
from .clips import Clip, DemoError, recording, requests, write
from .exchange import Exchange
from .keyboard import talk
from .proof import Shortfall, Witness
from .screen import Screen
from .stage import Stage

INTERRUPTED = 130  # as shells report SIGINT
SPEEDS = (0.25, 10.0)


def add_options(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--mic", action="store_true", help="your microphone and speaker; Enter is the button")
    source.add_argument("--lights", action="store_true", help="only show every state of the status light")
    source.add_argument(
        "--wav", action="append", default=[], type=Path, metavar="FILE", help="say this; may be repeated"
    )
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep what was heard and said as WAV files")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="so many times as fast as life")
    parser.add_argument("--seconds", type=float, metavar="N", help="with --mic: end after so long")


def demo(options: argparse.Namespace) -> int:
    """Show it; 0 only when all of it really happened. Raises ApplianceError."""
    if options.lights:
        from .lantern import show_lights  # late: the rest does without

        return show_lights(as_json=options.json)
    _check(options)
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    with _surroundings():
        screen = Screen(sys.stderr if options.json else sys.stdout)
        try:
            if options.mic:
                return asyncio.run(_conversed(screen, options))
            clips = [recording(path) for path in options.wav] or requests()
            return asyncio.run(_shown(screen, clips, options))
        except KeyboardInterrupt:
            screen.note("Stopped before all of it was shown.")
            return INTERRUPTED


def _check(options: argparse.Namespace) -> None:
    """Raises DemoError for what cannot be meant."""
    if options.config is not None:
        raise DemoError("the demo brings its own configuration: leave --config away")
    if not SPEEDS[0] <= options.speed <= SPEEDS[1]:
        raise DemoError(f"--speed is a number from {SPEEDS[0]} to {SPEEDS[1]:g}, not {options.speed:g}")
    if options.mic and options.speed != 1.0:
        raise DemoError("a real microphone has one speed: leave --speed away")
    if options.seconds is not None and not options.mic:
        raise DemoError("--seconds goes with --mic")
    if options.seconds is not None and options.seconds <= 0:
        raise DemoError("--seconds is a number above 0")
    if importlib.util.find_spec("pocketsphinx") is None:
        raise DemoError(
            "pocketsphinx is not installed: pip install 'appliance[standin]', or use scripts/demo"
        )
    if shutil.which("espeak-ng") is None:
        raise DemoError("espeak-ng is not installed: apt-get install espeak-ng, or use scripts/demo")
    if options.save is not None:
        try:
            options.save.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DemoError(f"--save: cannot make the folder {options.save}: {error.strerror}") from error


@contextlib.contextmanager
def _surroundings() -> Iterator[None]:
    """Mock pins that can dim, no proxy between the box and the stand-in, and no real key for it."""
    before = dict(os.environ)
    os.environ |= {
        "GPIOZERO_PIN_FACTORY": "mock",
        "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin",
        "no_proxy": "*",
        "GEMINI_API_KEY": "none-is-needed",
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def _shown(screen: Screen, clips: Sequence[Clip], options: argparse.Namespace) -> int:
    shortfalls: list[Shortfall] = []
    exchanges: list[Exchange] = []
    witness = Witness()
    async with Stage(screen, speed=options.speed) as stage:
        screen.opening(len(clips), stage.url, options.speed)
        for number, clip in enumerate(clips, 1):
            # After an answer the box listens by itself: the second request needs no press.
            pressed = clip.calls is None or number != 2
            screen.begin(number, len(clips), clip.name, pressed=pressed)
            exchange = await stage.ask(clip, pressed=pressed)
            exchanges.append(exchange)
            found = witness.missed(clip, exchange)
            shortfalls += [Shortfall(clip.name, sentence) for sentence in found]
            screen.end(exchange.steps, found)
            if options.save is not None:
                _save(options.save, number, exchange, clip.name)
    if options.json:
        rows = [exchange.as_json() for exchange in exchanges]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    screen.summary([(e.name, e.steps, len(e.calls), e.outcome) for e in exchanges])
    for shortfall in shortfalls:
        screen.wrong(f"{shortfall.name}: {shortfall.sentence}")
    screen.verdict(fine=not shortfalls, count=len(clips))
    return EX_FAILURE if shortfalls else EX_OK


async def _conversed(screen: Screen, options: argparse.Namespace) -> int:
    """A conversation over the real microphone. Raises HardwareError when there is none."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    async with Stage(screen, real_sound=True) as stage:
        screen.invitation(stage.url)
        count = 0
        async for exchange in talk(stage, stop, options.seconds):
            count += 1
            screen.end(exchange.steps, ())
            if options.save is not None:
                _save(options.save, count, exchange, "")
    screen.note(f"{count} turn{'' if count == 1 else 's'}.")
    return EX_OK


def _save(folder: Path, number: int, exchange: Exchange, name: str) -> None:
    stem = "-".join(part for part in (f"{number:02}", Path(name).stem) if part)
    try:
        write(folder / f"{stem}-heard.wav", exchange.heard, 16_000)
        write(folder / f"{stem}-said.wav", exchange.said, 24_000)
    except OSError as error:
        raise DemoError(f"--save: cannot write into {folder}: {error.strerror}") from error
