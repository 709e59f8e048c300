"""What a person sees of it: one line for each thing that happens, when it happens.

Knows terminals: colours, marks, one line that is rewritten while something goes on. Must never know how
the box works. Without a terminal, or with NO_COLOR set, the same words come plain.
"""

from __future__ import annotations

import os
import textwrap
from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from math import log10, sqrt
from pathlib import Path
from typing import TextIO

from .clips import Call
from .exchange import LAMPS, Levels

WIDTH = 80
LABEL = 15  # time and name of a line
TIME = 5
BARS = "▁▂▃▄▅▆▇█"
FLOOR_DBFS, CEILING_DBFS = -55.0, -15.0  # of the bars: a quiet room, loud speech
BARS_A_SECOND = 10
METER_FRAMES = 5  # one bar of the moving meter: 100 ms
WARM = (255, 200, 110)
CYAN, GREEN, YELLOW, MAGENTA, RED = "36", "32", "33", "35", "31"
STEPS = (  # column, step of the timeline, what it measures
    ("wire", "onset_to_first_sent", "the first sound of speech is on the WebSocket"),
    ("end", "speech_end_to_activity_end", "from the last sound of speech until it is known to be the last"),
    ("reply", "activity_end_to_first_byte", "recognition, function call, lamps, first byte of the answer"),
    ("sound", "first_byte_to_first_sample", "the speaker plays its first sample"),
    ("wait", "speech_end_to_first_sample", "what a person feels: silence after the last word"),
)


class Screen:
    """Writes to one stream; a Viewer of the stage."""

    def __init__(self, out: TextIO) -> None:
        if hasattr(out, "reconfigure"):
            out.reconfigure(errors="replace")  # a terminal without Unicode gets question marks, not an end
        self._out = out
        self._live = out.isatty() and os.environ.get("TERM") != "dumb"
        self._colours = self._live and not os.environ.get("NO_COLOR")
        self._fine = os.environ.get("COLORTERM") in ("truecolor", "24bit")
        self._shown_live = ""
        self._meter: deque[str] = deque(maxlen=40)
        self._block: list[bytes] = []
        self._lamps = ""

    # -- before and after ---------------------------------------------------------------------------

    def opening(self, count: int, url: str, speed: float) -> None:
        self._write(self._bold("A talking box, all of it but the hardware, the key and the network"))
        told = (
            f"{count} recording{'s' if count > 1 else ''} to be said to it. Each goes through a memory "
            "microphone, webrtcvad, the endpointer and a real WebSocket to a stand-in for the service "
            f"({url}), which recognises the speech, calls functions that set gpiozero lamps on mock pins, "
            "and answers aloud."
        )
        if speed != 1.0:
            told += f" The box lives {speed:g} times as fast as you; all times are its own."
        self._write(textwrap.fill(told, WIDTH))

    def invitation(self, url: str) -> None:
        self._write(self._bold("Talk to the box: Enter is its button, q and Enter ends it"))
        told = (
            "Your microphone and speaker are open. The lamps are on mock pins and the service is a stand-in "
            f"on this machine ({url}). Try: turn on the kitchen light; dim the desk lamp to twenty percent; "
            "make the bedroom lamp red; which lights are on. Wear headphones, or let it finish."
        )
        self._write(textwrap.fill(told, WIDTH))

    def begin(self, number: int, count: int, name: str, *, pressed: bool) -> None:
        self._lamps = ""
        rest = "" if pressed else self._dim("  (no press: the box is still listening)")
        self._write("")
        self._write(self._bold(f"{number}/{count}  {name}") + rest)

    def end(self, steps: Mapping[str, int], missed: Sequence[str]) -> None:
        found = [f"{title} {steps[step]}" for title, step, _ in STEPS if step in steps]
        if found:
            self._line(None, "ms", self._dim("   ".join(found)))
        for sentence in missed:
            self._line(None, "wrong", self._paint(RED, sentence))

    def summary(self, rows: Sequence[tuple[str, Mapping[str, int], int, str]]) -> None:
        self._write("")
        widest = max(len("of each, in ms"), *(len(Path(name).stem) for name, *_ in rows))
        head = "".join(f"{title:>7}" for title, *_ in STEPS)
        self._write(self._bold(f"{'of each, in ms':<{widest}}{head}  calls  outcome"))
        for name, steps, calls, outcome in rows:
            cells = "".join(f"{steps.get(step, '-'):>7}" for _, step, _ in STEPS)
            self._write(f"{Path(name).stem:<{widest}}{cells}{calls:>7}  {outcome}")
        for title, _, meaning in STEPS:
            self._write(self._dim(f"{title:>6}  {meaning}"))

    def wrong(self, sentence: str) -> None:
        self._write(self._paint(RED, textwrap.fill(f"✗ {sentence}", WIDTH, subsequent_indent="  ")))

    def verdict(self, *, fine: bool, count: int) -> None:
        self._write("")
        if fine:
            told = f"✓ All of it happened: {count} of {count} heard, obeyed or refused, and answered aloud."
            self._write(self._paint(GREEN, self._bold(told)))
        else:
            self._write(self._paint(RED, self._bold("✗ Not all of it happened.")))

    def note(self, text: str) -> None:
        self._write(text)

    # -- while it happens ---------------------------------------------------------------------------

    def pressed(self, at_s: float) -> None:
        self._meter.clear()
        self._line(at_s, "button", "pressed")

    def listening(self, pcm: bytes) -> None:
        self._block.append(pcm)
        if len(self._block) == METER_FRAMES:
            self._meter.append(bars(b"".join(self._block), 1))
            self._block.clear()
            self._live_line("person", CYAN, "".join(self._meter))

    def spoken(self, at_s: float, pcm: bytes) -> None:
        self._meter.clear()
        self._line(at_s, "person", self._sound(CYAN, pcm, 16_000))

    def understood(self, at_s: float, text: str) -> None:
        self._line(at_s, "heard", text or self._dim("nothing that it was ever told how to do"))

    def called(self, at_s: float, call: Call) -> None:
        args = ", ".join(f"{name}={value!r}" for name, value in call.args.items())
        self._line(at_s, "call", self._paint(YELLOW, f"{call.name}({args})"))

    def refused(self, at_s: float, error: str) -> None:
        self._line(at_s, "answer", self._paint(RED, error))

    def lit(self, at_s: float, levels: Mapping[str, Levels]) -> None:
        lamps = "  ".join(self._lamp(name, levels[name]) for name in LAMPS)
        if lamps != self._lamps:  # two calls at once set their lamps before the first is told of
            self._line(at_s, "lamps", lamps)
        self._lamps = lamps

    def answering(self, words: str) -> None:
        self._live_line("box", MAGENTA, words)

    def answered(self, at_s: float, words: str, pcm: bytes) -> None:
        self._line(at_s, "box", self._sound(MAGENTA, pcm, 24_000))
        self._line(None, "", words)

    def mood(self, mood: str) -> None:
        if mood == "thinking":
            self._live_line("", "", "...")

    def trouble(self, text: str) -> None:
        self._line(None, "trouble", self._paint(RED, text))

    # -- inside -------------------------------------------------------------------------------------

    def _sound(self, colour: str, pcm: bytes, rate_hz: int) -> str:
        seconds = len(pcm) / 2 / rate_hz
        count = min(WIDTH - LABEL - 8, max(1, round(seconds * BARS_A_SECOND)))
        return f"{self._paint(colour, bars(pcm, count))} {seconds:.1f} s"

    def _lamp(self, name: str, levels: Levels) -> str:
        lit = max(levels) > 0
        if len(levels) == 3:
            told = "#{:02x}{:02x}{:02x}".format(*(round(255 * level) for level in levels)) if lit else "off"
            colour = tuple(round(255 * level) for level in levels)
        else:
            # Even a dim lamp must be seen on a dark terminal.
            strength = 0.35 + 0.65 * levels[0]
            colour = tuple(round(part * strength) for part in WARM)
            told = "on" if levels[0] == 1.0 else f"{levels[0]:.0%}" if lit else "off"
        if not self._colours:
            return f"{'(*)' if lit else '( )'} {name} {told}"
        mark = f"\x1b[{self._rgb(colour)}m●\x1b[0m" if lit else self._dim("○")
        return f"{mark} {name} {told if lit else self._dim(told)}"

    def _rgb(self, colour: tuple[int, ...]) -> str:
        if self._fine:
            return "38;2;{};{};{}".format(*colour)
        red, green, blue = (round(part * 5 / 255) for part in colour)
        return f"38;5;{16 + 36 * red + 6 * green + blue}"

    def _line(self, at_s: float | None, label: str, text: str) -> None:
        time = " " * TIME if at_s is None else f"{at_s:{TIME}.2f}"
        head = f"{self._dim(time)}  {label:<{LABEL - TIME - 2}}"
        if "\x1b" not in text and len(text) > WIDTH - LABEL:
            text = textwrap.fill(text, WIDTH - LABEL).replace("\n", "\n" + " " * LABEL)
        self._write(head + text)

    def _live_line(self, label: str, colour: str, text: str) -> None:
        """Rewrite the line that is going on; nothing without a terminal."""
        if not self._live:
            return
        room = WIDTH - LABEL - 1
        text = text if len(text) <= room else "…" + text[1 - room :]
        painted = self._paint(colour, text) if colour else self._dim(text)
        self._out.write(f"\r\x1b[K{' ' * (TIME + 2)}{label:<{LABEL - TIME - 2}}{painted}")
        self._out.flush()
        self._shown_live = text

    def _write(self, text: str) -> None:
        if self._shown_live:
            self._out.write("\r\x1b[K")
            self._shown_live = ""
        self._out.write(text + "\n")
        self._out.flush()

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours and text else text

    def _bold(self, text: str) -> str:
        return self._paint("1", text)

    def _dim(self, text: str) -> str:
        return self._paint("2", text)


def bars(pcm: bytes, count: int) -> str:
    """The loudness of PCM16LE over time, in so many bars."""
    samples = array("h", pcm[: len(pcm) & ~1])
    if not samples:
        return ""
    size = max(1, len(samples) // count)
    shown = ""
    for start in range(0, size * count, size):
        block = samples[start : start + size : 4]  # a fourth of the samples is loud enough to tell
        power = sqrt(sum(s * s for s in block) / max(1, len(block))) / 32768
        dbfs = 20 * log10(power) if power else FLOOR_DBFS
        share = (dbfs - FLOOR_DBFS) / (CEILING_DBFS - FLOOR_DBFS)
        shown += BARS[round(min(1.0, max(0.0, share)) * (len(BARS) - 1))]
    return shown
