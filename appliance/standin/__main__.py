"""`python -m appliance.standin`: the stand-in on its own, for a demo or a client under test.

Knows: arguments, signals, one line of output.
Must never know: the protocol.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from dataclasses import replace
from typing import get_args

from .certificates import Kind as Tls
from .options import Options, with_field
from .profile import PROFILES, named
from .scene import SceneError, load, names
from .server import StandIn

_USAGE = 64  # sysexits.h EX_USAGE
_UNAVAILABLE = 69  # EX_UNAVAILABLE
_KEPT = 500  # record entries of a server that runs for days


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if given.verbose else logging.WARNING,
        format="%(name)s: %(message)s",
        stream=sys.stderr,
    )
    try:
        options = _options(given)
    except (SceneError, ValueError) as error:
        sys.stderr.write(f"standin: {error}\n")
        return _USAGE
    try:
        asyncio.run(_run(options, tells_mint=given.mint_port is not None))
    except OSError as error:
        sys.stderr.write(f"standin: cannot listen on {options.host}:{options.port}: {error}\n")
        return _UNAVAILABLE
    return 0


async def _run(options: Options, *, tells_mint: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with StandIn(options) as standin:
        sys.stdout.write(f"stand-in listening on {standin.url}\n")
        if tells_mint:
            sys.stdout.write(f"minting tokens on {standin.mint_url}\n")
        sys.stdout.flush()
        await stop.wait()


def _options(given: argparse.Namespace) -> Options:
    options = Options(
        brain=given.brain,
        host=given.host,
        port=given.port,
        mint_port=given.mint_port or 0,
        key=given.key,
        profile=given.model_profile,
        speed=given.speed,
        time_scale=given.time_scale,
        voice=given.voice,
        tls=given.tls or "",
        keep=_KEPT,
    )
    if given.model_profile:
        named(given.model_profile)
    if given.time_scale <= 0:
        raise ValueError("--time-scale must be above 0")
    if given.scene:
        scene = load(given.scene)
        options = replace(scene.over(options), scene=replace(scene, options=()))  # flags win over the scene
    for setting in given.fault:
        name, _, value = setting.partition("=")
        options = with_field(options, name, value)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m appliance.standin",
        description="A strict local stand-in for the Gemini Live API.",
        epilog=f"scenes: {', '.join(names())}",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 = any free port")
    add("--mint-port", type=int, help="say where tokens are minted, over HTTP; 0 = any free port")
    add("--scene", help="the name of a scene, or a file")
    add("--model-profile", help=f"one of {', '.join(p.name for p in PROFILES)}, for every model")
    add(
        "--fault", action="append", default=[], metavar="NAME[=VALUE]", help="may be repeated; see options.py"
    )
    add("--speed", type=float, default=4.0, help="audio is sent this much faster than it plays; 0 = at once")
    add("--time-scale", type=float, default=1.0, help="seconds of the stand-in's clock per real second")
    add("--key", help="the one valid API key; without it any key will do")
    add("--brain", action=argparse.BooleanOptionalAction, default=True, help="understand spoken requests")
    add("--voice", choices=("auto", "espeak", "tone"), default="auto")
    add("--tls", choices=get_args(Tls)[1:], help="behind TLS, with a certificate of that kind")
    add("-v", "--verbose", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
