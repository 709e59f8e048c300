"""A week of life in seconds: presses by day and night, a go-away every ten minutes, an outage a day, sessions
that expire overnight, a service that now and then drops, falls mute or errs. The core, with literal time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.floor import Idle
from tests.core.room import Room, answers

HOUR_S = 3600.0
WEEK_H = 7 * 24
GO_AWAY_S = 540.0
OUTAGE_S = 600.0
VALID_S = 2400.0  # shorter than documented: so that handles are refused, too, and not only left unused
FAULT_SHARE = 0.15  # of the turns
TOLD = {"answered", "no line", "no answer", "line lost"}


@dataclass
class Service:
    """The other side: forgets its sessions after a while, and is not always well."""

    chance: random.Random
    sessions: dict[str, float] = field(default_factory=dict)  # handle, and when its link was last heard of
    current: str = ""
    refused: int = 0
    resumed: int = 0
    fresh: int = 0
    faults: int = 0

    def __call__(self, room: Room, message: ms.ClientMessage) -> None:
        if self.current in self.sessions and not isinstance(message, ms.Setup):
            self.sessions[self.current] = room.now
        match message:
            case ms.Setup(resume=None):
                self.fresh += 1
                self._greet(room)
            case ms.Setup(resume=ms.Handle(secret)):
                if room.now - self.sessions.get(secret, -VALID_S) < VALID_S:
                    self.resumed += 1
                    self._greet(room)
                else:
                    self.refused += 1
                    self._end(room, 1008, "BidiGenerateContent session not found")
            case ms.ActivityEnd() if self.chance.random() < FAULT_SHARE:
                self.faults += 1
                self._err(room)
            case _:
                answers(room, message)
                if isinstance(message, ms.ActivityEnd):
                    self.current = f"handle-{room.now}"  # as `answers` names it
                    self.sessions[self.current] = room.now

    def _greet(self, room: Room) -> None:
        room.says(ms.SetupComplete())
        link = room.promises.link
        room.later(GO_AWAY_S, ev.Received(link, (ms.GoAway(50.0),)))
        room.later(GO_AWAY_S + 50.0, ev.LinkDown(link, ev.Cause.CLOSED, 1011, "Deadline expired before"))

    def _end(self, room: Room, code: int, reason: str) -> None:
        room.later(0.1, ev.LinkDown(room.promises.link, ev.Cause.CLOSED, code, reason))

    def _err(self, room: Room) -> None:
        match self.chance.randrange(4):
            case 0:
                room.later(0.2, ev.LinkDown(room.promises.link, ev.Cause.DROPPED, 1006, ""))
            case 1:
                self._end(room, 1011, "Internal error encountered.")
            case 2:
                room.says(ms.Speech(bytes(4800), 24_000), delay_s=0.3)  # and not another word
            case _:
                pass  # mute


@pytest.mark.parametrize("always", [False, True], ids=["on press", "always connected"])
def test_a_week(always: bool) -> None:
    chance = random.Random(1)
    service = Service(random.Random(2))
    room = Room(service, always_connected=always)
    asked = turns = 0
    told: list[str] = []
    for hour in range(WEEK_H):
        outage = hour % 24 == 18
        if outage:
            room.reachable = False
            room.do(ev.LinkDown(room.promises.link, ev.Cause.DROPPED, 1006, ""))
        for _ in range(0 if hour % 24 < 7 else chance.randrange(1, 5)):  # the night is long enough to expire
            room.ask()
            room.pass_time(2.0)
            room.pass_time(70.0, frames=False)
            asked += 1
        if outage:
            room.pass_time(OUTAGE_S, frames=False)
            room.reachable = True
        room.pass_time(max(0.0, 1000.0 + (hour + 1) * HOUR_S - room.now), frames=False)
        told += [str(outcome) for outcome in room.outcomes()]
        room.effects.clear()
        turns = room.conversation.turn.number

    assert len(told) == asked == turns, "every question has one outcome"
    assert set(told) <= TOLD
    answered = told.count("answered") / asked
    assert answered > 0.9, "but for outages, and a service that says nothing twice, it is answered"
    assert service.faults > 20
    assert service.resumed > 5
    assert always or service.refused > 50, "a session that is gone is begun anew at once"
    _is_small(room)


def _is_small(room: Room) -> None:
    """After a week it holds no more than after an hour."""
    box = room.conversation
    assert isinstance(box.turn.phase, Idle)
    assert not box.uplink._kept
    assert not box.calls._open
    assert not box.questions._open
    assert len(box.timeline._marks) <= 1
    assert len(box.timeline._done) <= 100
    assert len(repr(box)) < 200
