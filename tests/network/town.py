"""A box as a user starts it, a service, and the cable between them; and somebody who talks to the box.

The frames that the memory microphone hears in its quiet room repeat after 320, 6.4 seconds: so each of them
has a number, and what arrives can be told from what was said.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from appliance.adapters.memory import FRAME_BYTES, MemoryMicrophone
from appliance.standin.server import Options, StandIn
from appliance.standin.weather import cut
from tests.whole.house import Daemon, no_traceback

from .cable import SERVICE, Cable, cable, inside

HISS_FRAMES = 320
HOST = "voice.test"
BACK_S = 80.0  # until whatever was asked has an outcome
NEXT_S = 45.0  # until the next question is answered
FAILURES = {"silence", "interrupted", "no line", "no answer", "line lost"}
SERVFAIL, NO_ERROR = 2, 0  # RFC 1035, 4.1.1
_opening = asyncio.Lock()


def hiss() -> dict[bytes, int]:
    """Every frame of the quiet room, and its number: from the microphone itself."""
    room = MemoryMicrophone(on_frame=lambda *_: None, on_up=lambda: None, on_down=lambda _: None)
    frames = {room._frame(): number for number in range(HISS_FRAMES)}
    assert len(frames) == HISS_FRAMES
    assert frames[room._frame()] == 0
    return frames


class Resolver(asyncio.DatagramProtocol):
    """A name server that knows one name, or nothing, or does not answer."""

    def __init__(self) -> None:
        self.answers: bool | None = True  # None: it is silent
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        if self.answers is None:
            return
        end = data.index(b"\0", 12) + 5
        question, (kind,) = data[12:end], struct.unpack_from("!H", data, end - 4)
        found = self.answers and kind == 1
        flags = 0x8180 | (NO_ERROR if self.answers else SERVFAIL)
        head = data[:2] + struct.pack("!HHHHH", flags, 1, int(found), 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(SERVICE) if found else b""
        self._transport.sendto(head + question + record, addr)


class Town:
    """What is in it; every wait is bounded."""

    def __init__(self, cable: Cable, standin: StandIn, daemon: Daemon, resolver: Resolver) -> None:
        self.cable, self.standin, self.daemon, self.resolver = cable, standin, daemon, resolver
        self.asked = 0
        self._numbers = hiss()

    # -- what somebody does ---------------------------------------------------------------------------

    async def talk(self, seconds: float = 1.0) -> None:
        await self.daemon.ask(do="talk", hold_s=seconds)
        self.asked += 1

    async def ask(self) -> object:
        """Say something and wait for what becomes of it."""
        await self.talk()
        return await self.outcome()

    async def rest(self, seconds: float) -> None:
        """Let so much time pass: that is what is wanted, not a result."""
        await asyncio.sleep(seconds)

    # -- what there is to see -------------------------------------------------------------------------

    @property
    def outcomes(self) -> list[object]:
        return [turn["outcome"] for turn in self.daemon.of("turn")]

    async def outcome(self, limit_s: float = BACK_S) -> object:
        await self.daemon.until(lambda: len(self.outcomes) >= self.asked, limit_s)
        return self.outcomes[-1]

    async def hearing(self, frames: int = 20) -> None:
        """Until the service has heard so much of what is being said."""
        done = len(self.activities())

        def begun(_: object) -> bool:
            now = self.activities()
            return len(now) > done and len(now[-1][1]) >= frames

        await self.standin.wait_for(begun, 20.0)

    async def speaking(self) -> None:
        """Until the box speaks."""
        await self.daemon.until(lambda: (told := self.daemon.of("phase")) and told[-1]["mood"] == "speaking")

    @property
    def links(self) -> int:
        """How many connections there were, refused ones left out."""
        return sum("opened" in entry.message for entry in self.standin.record)

    def activities(self) -> list[tuple[int, list[int], bool]]:
        """Every activity that the service was sent: its link, the numbers of its frames, whether it ended."""
        found: list[tuple[int, list[int], bool]] = []
        newest: dict[int, int] = {}  # of each link: what an old one still carries may come late
        for entry in self.standin.record:
            if entry.side != "client":
                continue
            if entry.has("realtimeInput", "activityStart"):
                newest[entry.link] = len(found)
                found.append((entry.link, [], False))
            elif entry.has("realtimeInput", "activityEnd"):
                found[newest[entry.link]] = (*found[newest[entry.link]][:2], True)
            elif entry.pcm and entry.has("realtimeInput", "audio"):
                link, frames, ended = found[newest[entry.link]]
                assert not ended, f"audio outside its activity, on link {link}"
                frames.extend(self._of(entry.pcm))
        return found

    def _of(self, pcm: bytes) -> list[int]:
        return [self._numbers[pcm[at : at + FRAME_BYTES]] for at in range(0, len(pcm), FRAME_BYTES)]

    # -- what must be so ------------------------------------------------------------------------------

    async def check(self) -> None:
        """Each question has one outcome, each activity all of its frames once; the next is answered; it is
        the same process."""
        await self.outcome()
        assert await self.ask() == "answered", self.outcomes
        assert len(self.outcomes) == self.asked, self.outcomes
        assert set(self.outcomes) <= {"answered", *FAILURES}, self.outcomes
        for link, frames, _ in self.activities():
            if frames:
                expected = [(frames[0] + n) % HISS_FRAMES for n in range(len(frames))]
                assert frames == expected, f"frames on link {link}"
        assert self.daemon.process.returncode is None
        lost = [told for told in self.daemon.of("lost") if told["what"] == "microphone frames"]
        assert not lost, lost


@contextlib.asynccontextmanager
async def town(options: Options, *, connect: str = "on_press", named: bool = False) -> AsyncIterator[Town]:
    """`named`: the box finds its service by name."""
    async with contextlib.AsyncExitStack() as left:
        wire = await left.enter_async_context(cable())
        async with _opening:  # nothing else opens a socket of the network meanwhile
            with inside(wire.service.name):
                standin = StandIn(replace(options, host=SERVICE))
                await left.enter_async_context(standin)
                transport, resolver = await asyncio.get_running_loop().create_datagram_endpoint(
                    Resolver, local_addr=(SERVICE, 53)
                )
        left.callback(transport.close)
        _resolving(left, wire.box.name)
        host = HOST if named else SERVICE
        toml = f'[live]\nendpoint = "ws://{host}:{standin.port}"\nconnect = "{connect}"\n'
        toml += '[audio]\nbackend = "memory"\n[turns]\nfollow_up_s = 0.0\n'
        netns = ("ip", "netns", "exec", wire.box.name)
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        async with Daemon(toml, environment, before=netns) as daemon:
            try:
                yield Town(wire, standin, daemon, resolver)
                assert await daemon.stop() == 0
                no_traceback(daemon.log)
            finally:
                for connection in list(standin.links.values()):  # some lead nowhere, and know nothing of it
                    cut(connection._socket, reset=False)


def _resolving(left: contextlib.ExitStack | contextlib.AsyncExitStack, name: str) -> None:
    """The resolver of this namespace, as ip-netns(8) mounts it over everybody's."""
    place = Path("/etc/netns") / name
    place.mkdir(parents=True)
    left.callback(shutil.rmtree, place, ignore_errors=True)
    place.joinpath("resolv.conf").write_text(f"nameserver {SERVICE}\noptions timeout:1 attempts:1\n")
