"""The camera adapter: when it opens, how often it looks, what it says, and the lamp."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from appliance.adapters import camera as module
from appliance.adapters.camera import Camera, Stream
from appliance.adapters.mjpeg import TEST_CARD, MemoryCamera
from appliance.core.events import CameraDown, Event, Seen
from appliance.core.jpeg import checked
from appliance.errors import CameraError

PATIENCE_S = 20.0


class Room:
    """A camera, its lamp, and everything that was posted."""

    def __init__(self, source: MemoryCamera | Jammed | None = None, broken_lamp: str = "") -> None:
        self.source = source or MemoryCamera()
        self.events: list[Event] = []
        self.times: list[float] = []
        self.lamp: list[bool] = []
        self.broken_lamp = broken_lamp
        self._more = asyncio.Event()
        self.camera = Camera(self.source, self._post, self._switch)

    def _post(self, event: Event) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.events.append(event)
        self.times.append(time.monotonic())
        self._more.set()

    def _switch(self, on: bool) -> str:
        self.lamp.append(on)
        self._more.set()
        return self.broken_lamp

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                self._more.clear()
                await self._more.wait()


class Jammed:
    """A camera that opens when it is told to."""

    def __init__(self) -> None:
        self.opening = threading.Event()
        self.may = threading.Event()
        self.opens = 0

    def open(self) -> Stream:
        self.opens += 1
        self.opening.set()
        self.may.wait(PATIENCE_S)
        raise CameraError("it never opens")


def test_one_look_is_one_picture_and_the_lamp_is_on_meanwhile() -> None:
    async def life() -> None:
        room = Room()
        room.camera.look(7)
        assert room.lamp == [True], "before it is opened"
        await room.until(lambda: room.lamp == [True, False])
        assert room.events == [Seen(7, checked(TEST_CARD))]
        assert room.source.reel is None  # type: ignore[union-attr]
        await room.camera.close()

    asyncio.run(life())


def test_it_looks_every_so_often_until_it_looks_away() -> None:
    async def life() -> None:
        room = Room()
        room.camera.look(1, 0.35)
        await room.until(lambda: len(room.events) == 4)
        room.camera.look_away(2)  # somebody else's
        room.camera.look_away(1)
        await room.until(lambda: room.lamp == [True, False])
        gaps = [late - early for early, late in zip(room.times, room.times[1:], strict=False)]
        assert min(gaps) > 0.3
        assert len(room.events) == 4
        assert room.source.reel is None  # type: ignore[union-attr]

    asyncio.run(life())


def test_a_loop_that_is_late_gets_the_newest_picture_only() -> None:
    async def life() -> None:
        room = Room()
        room.camera.look(1, 0.1)
        await room.until(lambda: bool(room.events))
        time.sleep(0.6)  # noqa: ASYNC251 the loop is busy, and this is what it is about
        before = len(room.events)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(room.events) - before <= 1
        await room.camera.close()

    asyncio.run(life())


def test_a_camera_that_is_not_there_is_told_and_tried_again() -> None:
    async def life() -> None:
        room = Room()
        room.source.unplug()  # type: ignore[union-attr]
        room.camera.look(1)
        await room.until(lambda: room.lamp == [True, False])
        assert room.events == [CameraDown(1, "no camera called 'memory'; there are: none at all")]
        room.source.plug()  # type: ignore[union-attr]
        room.camera.look(2)
        await room.until(lambda: len(room.lamp) == 4)
        assert isinstance(room.events[-1], Seen)

    asyncio.run(life())


def test_a_camera_that_vanishes_is_told_once() -> None:
    async def life() -> None:
        room = Room()
        room.camera.look(1, 0.1)
        await room.until(lambda: bool(room.events))
        room.source.unplug()  # type: ignore[union-attr]
        await room.until(lambda: room.lamp == [True, False])
        assert [e for e in room.events if isinstance(e, CameraDown)] == [CameraDown(1, "it was unplugged")]
        assert room.source.reel is None  # type: ignore[union-attr]

    asyncio.run(life())


def test_without_its_lamp_nothing_is_looked_at() -> None:
    async def life() -> None:
        jammed = Jammed()
        room = Room(jammed, broken_lamp="the pin is gone")
        room.camera.look(1)
        [down] = room.events
        assert isinstance(down, CameraDown)
        assert "the pin is gone" in down.reason
        assert jammed.opens == 0
        await room.camera.close()

    asyncio.run(life())


def test_a_second_look_waits_for_the_first_to_end() -> None:
    async def life() -> None:
        room = Room()
        room.camera.look(1, 0.1)
        await room.until(lambda: bool(room.events))
        room.camera.look(2)
        await room.until(lambda: room.lamp[-1] is False)
        assert room.lamp == [True, True, False], "it stays on in between"
        looks = [event.look for event in room.events]  # type: ignore[union-attr]
        assert looks == sorted(looks)
        assert looks[-1] == 2
        assert not any(isinstance(event, CameraDown) for event in room.events)

    asyncio.run(life())


def test_nothing_comes_of_a_look_that_was_given_up_while_it_opened() -> None:
    async def life() -> None:
        jammed = Jammed()
        room = Room(jammed)
        room.camera.look(1, 1.0)
        await asyncio.to_thread(jammed.opening.wait)
        room.camera.look_away(1)
        room.camera.look(2)
        room.camera.look_away(2)
        jammed.may.set()
        await room.until(lambda: room.lamp == [True, True, False])
        assert room.events == []
        assert jammed.opens == 1, "the second was given up before it was its turn"

    asyncio.run(life())


def test_a_driver_that_hangs_does_not_hold_the_daemon_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.2)

    async def life() -> tuple[Room, Jammed]:
        jammed = Jammed()
        room = Room(jammed)
        room.camera.look(1)
        await asyncio.to_thread(jammed.opening.wait)
        began = time.monotonic()
        await room.camera.close()
        assert time.monotonic() - began < 5
        assert room.lamp == [True, False]
        return room, jammed

    room, jammed = asyncio.run(life())
    jammed.may.set()  # it ends after the loop did, and there is nobody to tell
    for thread in threading.enumerate():
        if thread.name == "camera":
            thread.join(PATIENCE_S)
    assert room.events == []
