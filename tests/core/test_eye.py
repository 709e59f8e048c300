"""When the camera looks, and for whom: every state with everything that it may be told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.core import eye as module
from appliance.core.catalogue import Catalogue
from appliance.core.effects import LookAway, See, Tell
from appliance.core.events import CameraDown, Seen
from appliance.core.eye import (
    GLANCE_S,
    SHUT,
    Blind,
    Excuse,
    Eye,
    Glancing,
    Order,
    Present,
    Share,
    Shut,
    Sight,
    State,
    Watching,
)
from appliance.core.functions import Caller
from appliance.core.lights import FromModel, FromPerson
from appliance.core.outcomes import Answer, Later
from tests.core.vocabulary import check_value, values_of

CALL = FromModel(1, "fc_1", "look")
OTHER = FromModel(1, "fc_2", "look")
LISTENING = Tell("camera", {"state": "looking", "why": "listening"})
ASKED = Tell("camera", {"state": "looking", "why": "the model asked"})
GONE = Tell("camera", {"state": "missing", "reason": "gone"})
LATE = f"no picture within {GLANCE_S:g} s"
GLANCING = Glancing(3, 14.0, CALL)


def eye(state: State, sight: Sight | None = Sight(1.0)) -> Eye:  # noqa: B008 frozen
    made = Eye(sight)
    made.state = state
    made._looks = 3
    return made


def look(made: Eye) -> list[Order]:
    """What the model's call comes to."""
    match Catalogue(made).call("look", {}, Caller(OTHER, 20.0)):
        case Later(effects):
            return list(effects)
        case Answer(response):
            return [Excuse(OTHER, str(response["error"]))]
        case other:
            raise AssertionError(other)


TOLD: dict[str, Callable[[Eye], list[Order]]] = {
    "listens": lambda e: e.attend(listening=True),
    "does not": lambda e: e.attend(listening=False),
    "look": look,
    "cancel": Eye.cancel,
    "seen": lambda e: e.seen(Seen(3, b"cat")),
    "seen before": lambda e: e.seen(Seen(2, b"dog")),
    "down": lambda e: e.down(CameraDown(3, "gone")),
    "down before": lambda e: e.down(CameraDown(2, "gone")),
    "early": lambda e: e.wake(13.9),
    "late": lambda e: e.wake(14.0),
}
NEW = Glancing(4, 20.0 + GLANCE_S, OTHER)
BUSY = Excuse(OTHER, "it is looking already: one picture is on its way")
MOVES: dict[type, tuple[State, dict[str, tuple[State, list[Order]]]]] = {
    Shut: (
        Shut(),
        {
            "listens": (Watching(4), [See(4, 1.0), LISTENING]),
            "look": (NEW, [See(4), ASKED]),
        },
    ),
    Watching: (
        Watching(3),
        {
            "does not": (Shut(), [LookAway(3), SHUT]),
            "look": (NEW, [See(4), ASKED]),
            "seen": (Watching(3), [Share(b"cat")]),
            "down": (Blind(), [GONE]),
        },
    ),
    Blind: (
        Blind(),
        {
            "does not": (Shut(), []),
            "look": (NEW, [See(4), ASKED]),
        },
    ),
    Glancing: (
        GLANCING,
        {
            "look": (GLANCING, [BUSY]),
            "cancel": (Shut(), [LookAway(3), SHUT]),
            "seen": (Shut(), [SHUT, Present(CALL, b"cat")]),
            "down": (Blind(), [GONE, Excuse(CALL, "the camera cannot see: gone")]),
            "late": (
                Blind(),
                [
                    LookAway(3),
                    Tell("camera", {"state": "missing", "reason": LATE}),
                    Excuse(CALL, f"the camera cannot see: {LATE}"),
                ],
            ),
        },
    ),
}


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("state", [Shut, Watching, Blind, Glancing])
def test_every_move(state: type, told: str) -> None:
    before, moves = MOVES[state]
    after, orders = moves.get(told, (before, []))
    made = eye(before)
    assert TOLD[told](made) == orders
    assert made.state == after
    assert made.deadline() == (after.until if isinstance(after, Glancing) else None)
    assert made.call == (after.call if isinstance(after, Glancing) else None)
    assert repr(made) == f"eye {type(after).__name__.lower()}"


@pytest.mark.parametrize("sight", [Sight(None), None])
def test_who_did_not_set_it_up_so_is_not_watched(sight: Sight | None) -> None:
    made = eye(Shut(), sight)
    assert made.attend(listening=True) == []
    assert made.state == Shut()


def test_a_box_without_a_camera_offers_none() -> None:
    assert Catalogue(Eye(None)).declarations() == ()
    assert Catalogue(Eye(Sight())).declarations()[0]["name"] == "look"
    assert isinstance(look(Eye(None))[0], Excuse)


def test_only_the_model_looks() -> None:
    made = Eye(Sight())
    outcome = Catalogue(made).call("look", {}, Caller(FromPerson(3), 20.0))
    assert outcome == Answer({"error": "only the model looks"})
    assert made.state == Shut()


def test_what_a_person_is_told() -> None:
    assert Eye(None).shown == "off"
    made = Eye(Sight(1.0))
    assert made.shown == "shut"
    made.attend(listening=True)
    assert made.shown == "looking"
    made.down(CameraDown(1, "gone"))
    assert made.shown == "missing: gone"
    made.attend(listening=False)
    assert made.shown == "missing: gone", "until it has seen something"
    made.attend(listening=True)
    made.seen(Seen(2, b"cat"))
    made.attend(listening=False)
    assert made.shown == "shut"


def test_its_values_cannot_be_changed() -> None:
    for kind in values_of(module):
        check_value(kind)
