"""Who may come in, and who may not: names, pages, passwords, sessions."""

from __future__ import annotations

import base64

import pytest

from appliance.panel.gate import SESSION_S, SESSIONS, TRIES, TRY_S, Entered, Gate, Turned

WORD = "müde Katze 7"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def spoken(word: str) -> str:
    return "Password " + base64.b64encode(word.encode()).decode()


def entered(gate: Gate, word: str = WORD) -> str:
    """What the browser then sends."""
    came = gate.enter(spoken(word))
    assert isinstance(came, Entered)
    return came.cookie.partition(";")[0]


@pytest.mark.parametrize(
    ("host", "alone", "with_password"),
    [
        ("127.0.0.1:8480", True, True),
        ("localhost:8480", True, True),
        ("LOCALHOST", True, True),
        ("[::1]:8480", True, True),
        ("127.1.2.3", True, True),
        ("192.168.1.7:8480", False, True),
        ("box.local:8480", False, True),
        ("Box", False, True),
        ("evil.example", False, False),
        ("evil.example:8480", False, False),
        ("127.0.0.1.evil.example", False, False),
        ("user@evil.example", False, False),
        ("localhost.", False, False),
        ("[::1", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_a_name_that_others_can_give_to_this_machine_is_none_of_ours(
    host: str | None, *, alone: bool, with_password: bool
) -> None:
    assert Gate(None, port=8480).is_ours(host) is alone
    assert Gate(WORD, port=8480, names=("Box", "box.local")).is_ours(host) is with_password


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("http://127.0.0.1:8480", "127.0.0.1:8480", True),
        ("http://localhost:8480", "127.0.0.1:8480", False),
        ("http://127.0.0.1:8481", "127.0.0.1:8480", False),
        ("https://127.0.0.1:8480", "127.0.0.1:8480", False),
        ("http://evil.example", "127.0.0.1:8480", False),
        ("null", "127.0.0.1:8480", False),
        ("", "127.0.0.1:8480", False),
        (None, "127.0.0.1:8480", False),
        ("http://", "", False),
        ("http://None", None, False),
    ],
)
def test_only_the_page_itself_gives_orders(origin: str | None, host: str | None, *, ours: bool) -> None:
    assert Gate(None, port=8480).is_from_us(origin, host) is ours


def test_the_right_password_opens_a_session_that_scripts_cannot_read() -> None:
    gate = Gate(WORD, port=8480)
    assert not gate.admits(None)
    came = gate.enter(spoken(WORD))
    assert isinstance(came, Entered)
    named, *rules = came.cookie.split("; ")
    assert named.startswith("appliance-8480=")
    assert rules == ["Path=/", "HttpOnly", "SameSite=Strict", f"Max-Age={SESSION_S}"]
    assert gate.admits(named)
    assert gate.admits(f"a=b; {named}")
    assert entered(gate) != named


@pytest.mark.parametrize(
    "cookies", [None, "", "appliance-8480=", "appliance-8480=x", "appliance-8481=x", '"', "\x00=;"]
)
def test_what_is_no_session_lets_nobody_in(cookies: str | None) -> None:
    gate = Gate(WORD, port=8480)
    entered(gate)
    assert not gate.admits(cookies)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Password",
        "Password ",
        "Password !!!",
        spoken("Müde Katze 7"),
        spoken(WORD + " "),
        "Basic " + spoken(WORD).partition(" ")[2],
        "Password /w==",
        "Password " + "A" * 2000,
        "Password ü",
    ],
)
def test_a_wrong_password_is_turned_away(said: str) -> None:
    assert Gate(WORD, port=8480).enter(said) == Turned()


def test_without_a_password_everybody_is_in_and_no_word_opens_anything() -> None:
    gate = Gate(None, port=8480)
    assert gate.admits(None)
    assert gate.enter(spoken("")) == Turned()


def test_after_five_tries_the_sixth_waits_even_with_the_right_word() -> None:
    clock = Clock()
    gate = Gate(WORD, port=8480, clock=clock)
    assert [gate.enter(spoken("wrong one")) for _ in range(TRIES)] == [Turned()] * TRIES
    assert gate.enter(spoken(WORD)) == Turned(wait_s=TRY_S)
    clock.now += TRY_S - 1
    assert gate.enter(spoken(WORD)) == Turned(wait_s=pytest.approx(1.0))
    clock.now += 1.01
    entered(gate)
    clock.now += 1e6
    for _ in range(TRIES):
        assert gate.enter(spoken("wrong one")) == Turned()
    assert gate.enter(spoken(WORD)) == Turned(wait_s=TRY_S)


def test_the_right_word_costs_no_try() -> None:
    gate = Gate(WORD, port=8480, clock=Clock())
    for _ in range(3 * TRIES):
        entered(gate)


def test_a_session_ends_after_a_week() -> None:
    clock = Clock()
    gate = Gate(WORD, port=8480, clock=clock)
    cookie = entered(gate)
    clock.now += SESSION_S - 1
    assert gate.admits(cookie)
    clock.now += 1
    assert not gate.admits(cookie)


def test_whoever_leaves_is_out_and_nobody_else() -> None:
    gate = Gate(WORD, port=8480)
    mine, yours = entered(gate), entered(gate)
    assert gate.leave(mine) == "appliance-8480=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
    assert (gate.admits(mine), gate.admits(yours)) == (False, True)
    gate.leave(None)
    assert gate.admits(yours)


def test_the_oldest_session_makes_room() -> None:
    gate = Gate(WORD, port=8480)
    cookies = [entered(gate) for _ in range(SESSIONS + 1)]
    assert [gate.admits(cookie) for cookie in cookies] == [False, *[True] * SESSIONS]


def test_the_password_is_not_kept() -> None:
    assert WORD not in repr(vars(Gate(WORD, port=8480)))
