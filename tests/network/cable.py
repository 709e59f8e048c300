"""A box and a service in two network namespaces, and a cable between them that can be bad.

    namespace of the box          this process           namespace of the service
    kernel's TCP ─► tun ─► Way (loss, delay, rate ...) ─► tun ─► kernel's TCP
                       ◄─ Way ◄─

Real packets of two real TCP stacks pass through here one by one, and what `tc netem` would do to them is done
to them here: not every kernel has netem, but every one has tun. It needs root, iproute2 and /dev/net/tun.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import itertools
import os
import random
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

SERVICE = "10.77.0.1"
BOX = "10.77.0.2"
BOX_MOVED = "10.77.0.3"
TUN = Path("/dev/net/tun")
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000  # linux/sched.h
PACKET_BYTES = 65_536
QUEUE_BYTES = 65_536  # what a modem keeps when more comes than it can send; the rest is lost
TCP = 6
NAMES = itertools.count(1)

_libc = ctypes.CDLL(None, use_errno=True)


def missing() -> str:
    """Why there cannot be a cable here; empty when there can."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    if shutil.which("ip") is None:
        return "not installed: ip (package iproute2)"
    if not TUN.exists():
        return f"this kernel has no {TUN}"
    name = f"probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return ""


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """What this thread opens here, it opens in that namespace, and it stays there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(there)
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(there)
        os.close(home)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@dataclass
class Way:
    """One direction of the cable, and what becomes of a packet on it. It may be changed at any time."""

    loss: float = 0.0  # share of packets
    duplicate: float = 0.0
    reorder: float = 0.0  # share of packets that overtake the delayed ones
    delay_s: float = 0.0
    jitter_s: float = 0.0  # at most so much is added to the delay of each; their order is kept
    bytes_per_s: float = 0.0  # 0 is no limit
    dead: bool = False  # all are lost, and nobody says so


class End:
    """A tun device in a namespace of its own, and its other end here."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        ip("netns", "add", name)
        self.fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        ip("link", "set", name, "netns", name)
        ip("-n", name, "addr", "add", f"{address}/24", "dev", name)
        ip("-n", name, "link", "set", "lo", "up")
        self.link(up=True)

    def link(self, *, up: bool) -> None:
        ip("-n", self.name, "link", "set", self.name, "up" if up else "down")

    def move(self, former: str, address: str) -> None:
        """Another address in place of this one, as a new lease or another network brings it."""
        ip("-n", self.name, "addr", "del", f"{former}/24", "dev", self.name)
        ip("-n", self.name, "addr", "add", f"{address}/24", "dev", self.name)

    def put(self, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # the link is down, or it takes no more: lost
            os.write(self.fd, packet)

    def close(self) -> None:
        os.close(self.fd)
        subprocess.run(["ip", "netns", "del", self.name], check=False)


class Cable:
    """Both ends, and a Way in each direction: `up` from the box, `down` to it."""

    def __init__(self, seed: int) -> None:
        number = next(NAMES)
        self.box = End(f"box{os.getpid() % 100_000}x{number}", BOX)
        try:
            self.service = End(f"srv{os.getpid() % 100_000}x{number}", SERVICE)
        except BaseException:
            self.box.close()
            raise
        self.up, self.down = Way(), Way()
        self.carried = self.lost = 0
        self._chance = random.Random(seed)
        self._free_at = {id(self.up): 0.0, id(self.down): 0.0}
        self._last_due = dict(self._free_at)
        self._flows: set[int] = set()
        self._forgotten: set[int] = set()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.box.fd, self._read, self.box, self.service, self.up)
        self._loop.add_reader(self.service.fd, self._read, self.service, self.box, self.down)

    @property
    def ways(self) -> tuple[Way, Way]:
        return self.up, self.down

    def forget(self) -> None:
        """As a router that has lost its table: what is open leads nowhere any more, and nobody says so."""
        self._forgotten |= self._flows

    def close(self) -> None:
        for end in (self.box, self.service):
            self._loop.remove_reader(end.fd)
            end.close()

    def _read(self, source: End, target: End, way: Way) -> None:
        with contextlib.suppress(OSError):  # no more, or the link is down
            while True:
                self._carry(os.read(source.fd, PACKET_BYTES), target, way)

    def _carry(self, packet: bytes, target: End, way: Way) -> None:
        if self._is_forgotten(packet, way) or way.dead or self._chance.random() < way.loss:
            self.lost += 1
            return
        now, key = self._loop.time(), id(way)
        due = now
        if way.bytes_per_s:
            begun = max(now, self._free_at[key])
            if (begun - now) * way.bytes_per_s > QUEUE_BYTES:
                self.lost += 1
                return
            due = self._free_at[key] = begun + len(packet) / way.bytes_per_s
        if way.delay_s and self._chance.random() >= way.reorder:
            due += way.delay_s + self._chance.uniform(0.0, way.jitter_s)
            due = self._last_due[key] = max(due, self._last_due[key])
        copies = 2 if self._chance.random() < way.duplicate else 1
        self.carried += 1
        for _ in range(copies):
            if due > now:
                self._loop.call_at(due, self._deliver, target, packet)
            else:
                target.put(packet)

    def _deliver(self, target: End, packet: bytes) -> None:
        target.put(packet)

    def _is_forgotten(self, packet: bytes, way: Way) -> bool:
        """By the box's TCP port; notes it, too."""
        if len(packet) < 24 or packet[0] >> 4 != 4 or packet[9] != TCP:
            return False
        header = 4 * (packet[0] & 15)
        source, target = struct.unpack_from("!HH", packet, header)
        port = source if way is self.up else target
        self._flows.add(port)
        return port in self._forgotten


@contextlib.asynccontextmanager
async def cable(seed: int = 1) -> AsyncIterator[Cable]:
    here = Cable(seed)
    try:
        yield here
    finally:
        here.close()
