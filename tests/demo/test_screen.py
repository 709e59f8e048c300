"""What is drawn fits the terminal, and says the same without colours."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest

from appliance.demo.clips import Call
from appliance.demo.screen import WIDTH, Screen, bars

from .sounds import packed, tone

CALL = Call("set_lights", {"names": ["kitchen light"], "power": "on"})
SPEECH = packed(tone(24_000), 2)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(screen: Screen) -> None:
    screen.begin(1, 1, "on.wav", pressed=False)
    screen.listening(b"\0" * 640)
    for _ in range(5):
        screen.listening(packed(tone(16_000, 0.02), 2))
    screen.spoken(1.0, packed(tone(16_000, 30.0), 2))
    screen.understood(1.0, "a very long sentence " * 12)
    screen.called(1.0, CALL)
    screen.lit(1.0, {"kitchen light": (1.0,), "desk lamp": (0.2,), "bedroom lamp": (0.0, 0.0, 0.0)})
    screen.answering("The kitchen " * 20)
    screen.answered(1.0, "The kitchen light is on.", SPEECH)
    screen.verdict(fine=True, count=1)


def test_a_terminal_sees_colours_and_one_moving_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Tty()
    drawn(Screen(out))
    assert "\x1b[38;2;255;200;110m●" in out.getvalue()
    assert "\r\x1b[K" in out.getvalue()
    plain = re.sub(r"\x1b\[[0-9;]*[mK]", "", out.getvalue())
    assert max(len(line) for line in re.split(r"[\r\n]", plain)) <= WIDTH


@pytest.mark.parametrize("make", [Tty, io.StringIO])
def test_without_colours_the_words_tell_all(
    make: Callable[[], io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    out = make()
    drawn(Screen(out))
    lasting = re.sub(r"\r\x1b\[K[^\n\r]*(?=\r)", "", out.getvalue()).replace("\r\x1b[K", "")
    assert "\x1b" not in lasting
    assert "(*) kitchen light on  (*) desk lamp 20%  ( ) bedroom lamp off" in lasting
    assert max(map(len, lasting.splitlines())) <= WIDTH


def test_bars_follow_the_loudness() -> None:
    assert bars(b"", 5) == ""
    assert bars(bytes(32_000), 4) == "▁▁▁▁"
    loud, soft = packed(tone(16_000), 2), packed(tone(16_000, peak=300), 2)
    shape = bars(soft + loud, 2)
    assert shape[0] < shape[1]
