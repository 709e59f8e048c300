"""What was said lately, for a session that cannot be resumed.

Knows the last exchanges in words, and how a model is given them. Must never know why a session is fresh, nor
show a word of it: not in its repr, not in a status, not in a log.

    Tell(transcript), Tell(answer), typed ─► exchange ─► Tell(turn): over ─► Keep, where the disk may have it
                                                │
              a fresh session: turns or paragraph, and nothing that is about to be said again

It is forgotten when the conversation is ended, and when the service would have forgotten it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Literal

from .effects import Effect, Keep, Tell
from .messages import Past
from .values import dataclass

LASTS_S = 2 * 3600.0  # so long the service itself keeps a session whose line has gone
BRIEF = 160  # characters of a function call
MOST_CALLS = 8  # in one exchange
BEFORE = "(The line was renewed. This is what we said before.)"
AFTER = "(That was before. Go on from there with what I say next, and do not answer this.)"
ABOUT = (
    "A moment ago you were already speaking with the people in this room; since then the line was renewed. "
    "Go on from there, and do not say it again. What was said:"
)

Where = Literal["off", "memory", "disk"]


@dataclass(frozen=True, slots=True)
class Remember:
    """Where recent exchanges may be kept, and how many of them, in all in so many characters."""

    where: Where = "memory"
    exchanges: int = 20
    characters: int = 8_000


@dataclass(slots=True)
class Exchange:
    """What a person said, what was done about it and what was answered; `over` when nothing more comes."""

    turn: int
    person: str = field(default="", repr=False)
    model: str = field(default="", repr=False)
    done: list[str] = field(default_factory=list, repr=False)
    over: bool = False

    @property
    def size(self) -> int:
        return len(self.person) + len(self.model) + sum(map(len, self.done))


class Recollection:
    """`hear` what people are told; `turns` and `paragraph` are for a session that knows nothing."""

    def __init__(self, remember: Remember | None = None, kept: object = None) -> None:
        """`kept` is any JSON value whatever: what looks like ours is kept, the rest is left out."""
        self._remember = remember or Remember()
        self._exchanges = _exchanges(kept) if self._remember.where == "disk" else []
        self._at: float | None = None
        self._skipped = -1
        self._trim()

    def __repr__(self) -> str:
        return f"{len(self._exchanges)} exchanges"

    def deadline(self) -> float | None:
        return None if self._at is None else self._at + LASTS_S

    def wake(self, now: float) -> list[Effect]:
        due = self.deadline()
        return self.forget() if due is not None and now >= due else []

    def forget(self) -> list[Effect]:
        """Know nothing any more, here and on the disk. Whoever ends a conversation (a double tap,
        the function `end_conversation`) calls this and performs what it returns."""
        self._at = None
        if not self._exchanges:
            return []
        self._exchanges = []
        return self._kept()

    # -- what is said ---------------------------------------------------------------------------------

    def hear(self, effects: Sequence[Effect], turn: int, now: float) -> list[Effect]:
        """Take note of what people are told, `turn` being the one that has the floor."""
        changes: list[Effect] = []
        if self._at is None and self._exchanges:  # of a former life: it counts from the start of this one
            self._at = now
        for effect in effects:
            match effect:
                case Tell("transcript", {"who": "person", "text": str(text), "turn": int(number)}):
                    self.typed(number, text, now)
                case Tell("transcript", {"text": str(text), "turn": int(number)}):
                    exchange = self._open(number, now)
                    exchange.model = (exchange.model + text)[: self._remember.characters]
                case Tell("answer", {"name": name, "response": Mapping() as response}):
                    exchange = self._open(turn, now)
                    exchange.done.append(_brief(str(name), response))
                    del exchange.done[:-MOST_CALLS]
                case Tell("turn", {"turn": int(number)}):
                    changes += self._over(number)
        self._trim()
        return changes

    def typed(self, turn: int, text: str, now: float) -> None:
        """A person said this, or wrote it."""
        exchange = self._open(turn, now)
        exchange.person = (exchange.person + text)[: self._remember.characters]

    def skip(self, turn: int) -> None:
        """This turn is nobody's: the box speaks for itself, or with somebody else."""
        self._skipped = turn
        self._exchanges = [e for e in self._exchanges if e.over or e.turn != turn]

    def line_down(self, is_held: Callable[[int], bool]) -> None:
        """What is held will be said, and heard, again."""
        self._exchanges = [e for e in self._exchanges if e.over or not is_held(e.turn)]

    # -- what a fresh session is told -----------------------------------------------------------------

    def turns(self, is_held: Callable[[int], bool]) -> Past | None:
        """As turns of a conversation, user and model by turns: the first and the last are the user's. What is
        held will be said by itself."""
        if not (said := self._said(is_held)):
            return None
        turns: list[tuple[str, list[str]]] = [("user", [BEFORE])]
        for exchange in said:
            _add(turns, "user", [exchange.person, *exchange.done])
            _add(turns, "model", [exchange.model])
        _add(turns, "user", [AFTER])
        return Past(tuple((role, tuple(texts)) for role, texts in turns))

    def paragraph(self, is_held: Callable[[int], bool]) -> str:
        """The same as a paragraph of the system instruction; "" where nothing was said."""
        if not (exchanges := self._said(is_held)):
            return ""
        lines = [ABOUT]
        for exchange in exchanges:
            said = [("They", exchange.person), *(("Done", done) for done in exchange.done)]
            lines += [
                f"{who}: {_line(text)}" for who, text in (*said, ("You", exchange.model)) if text.strip()
            ]
        return "\n".join(lines)

    # -- inside ---------------------------------------------------------------------------------------

    def _said(self, is_held: Callable[[int], bool]) -> list[Exchange]:
        return [e for e in self._exchanges if e.size and (e.over or not is_held(e.turn))]

    def _open(self, turn: int, now: float) -> Exchange:
        """The exchange of this turn; one that nobody keeps where it is over, as what comes late says it
        again, or is none of ours."""
        if self._remember.where == "off" or turn == self._skipped:
            return Exchange(turn)
        self._at = now
        for exchange in reversed(self._exchanges):
            if exchange.turn == turn:
                return Exchange(turn) if exchange.over else exchange
        self._exchanges.append(Exchange(turn))
        return self._exchanges[-1]

    def _over(self, turn: int) -> list[Effect]:
        ended = [exchange for exchange in self._exchanges if not exchange.over and exchange.turn <= turn]
        for exchange in ended:
            exchange.over = True
        return self._kept() if ended else []

    def _trim(self) -> None:
        bounds = self._remember
        del self._exchanges[: -bounds.exchanges]
        while len(self._exchanges) > 1 and sum(e.size for e in self._exchanges) > bounds.characters:
            del self._exchanges[0]

    def _kept(self) -> list[Effect]:
        if self._remember.where != "disk":
            return []
        self._trim()
        said = [
            {"person": e.person, "model": e.model, "done": list(e.done)} for e in self._exchanges if e.size
        ]
        return [Keep("memory", {"version": 1, "exchanges": said} if said else {})]


def _add(turns: list[tuple[str, list[str]]], role: str, texts: Sequence[str]) -> None:
    """Two turns of one role in a row are one."""
    said = [text.strip() for text in texts if text.strip()]
    if said and turns[-1][0] == role:
        turns[-1][1].extend(said)
    elif said:
        turns.append((role, said))


def _brief(name: str, response: Mapping[str, object]) -> str:
    """That it was done, not what came of it: the model has said that, and a reason may hold anything."""
    return f"({name[:64]} was called{' and failed' if 'error' in response else ''})"


def _line(text: str) -> str:
    return " ".join(text.split())


def _exchanges(kept: object) -> list[Exchange]:
    found = kept.get("exchanges") if isinstance(kept, Mapping) else None
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    return [
        Exchange(-1, _text(row.get("person")), _text(row.get("model")), _texts(row.get("done")), over=True)
        for row in rows
    ]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [text[:BRIEF] for text in value if isinstance(text, str)] if isinstance(value, list) else []
