"""What a running box takes over from a changed file, and what needs a restart; a mistake changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from appliance.config import load
from appliance.core.events import Changed, Event
from appliance.core.rules import Rules
from appliance.desk import Desk
from appliance.errors import ConfigError, Problem
from appliance.reloading import FIXED, FREE, Reloading, adopted, differing
from appliance.settings import Config

from .core.room import rules


class Counter:
    def __init__(self) -> None:
        self.replies: list[tuple[int, Mapping[str, object]]] = []

    def reply(self, ask: int, body: Mapping[str, object]) -> None:
        self.replies.append((ask, body))

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        pass


class Box:
    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.path.write_text(text, encoding="utf-8")
        self.posted: list[Event] = []
        self.counter = Counter()
        self.desk = Desk(self.counter, transcripts=False)
        self.wrong = False
        self.asked = 0
        self.reloading = Reloading(load(path), self.rules, self.posted.append, self.desk)

    def rules(self, config: Config) -> Rules:
        if self.wrong:
            raise ConfigError((Problem("f", "live", "too much", "less"),))
        return rules(hangover_ms=config.turns.hangover_ms)

    def reread(self, text: str) -> Mapping[str, object]:
        self.path.write_text(text, encoding="utf-8")
        self.asked += 1
        self.reloading.reread(self.asked)
        [*_, (ask, body)] = self.counter.replies
        assert ask == self.asked
        return body


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    root = logging.getLogger()
    former, ours = root.level, logging.getLogger("appliance").level
    yield Box(tmp_path / "appliance.toml", '[live]\nvoice = "Puck"\n')
    root.setLevel(former)
    logging.getLogger("appliance").setLevel(ours)


def test_what_can_be_applied_is_and_the_rest_is_named(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    former = list(logging.getLogger().handlers)
    text = '[live]\nvoice = "Kore"\n[turns]\nhangover_ms = 900\n[audio]\nmicrophone = "USB"\n'
    text += '[lights."lamp"]\npin = 4\n[log]\nlevel = "warning"\n[privacy]\ntranscripts = true\n'
    answer = box.reread(text)
    applied = ["live.voice", "turns.hangover_ms", "transcripts", "log_level"]
    assert answer == {"ok": True, "applied": applied, "restart": ["audio.microphone", "lights"]}
    [changed] = box.posted
    assert isinstance(changed, Changed)
    assert changed.rules.hangover_ms == 900
    assert changed.keys == tuple(applied)
    assert box.desk.transcripts
    assert logging.getLogger("appliance").level == logging.WARNING
    assert former == logging.getLogger().handlers, "the journal that is open is still the one"
    [line] = [record for record in caplog.records if "settings reloaded" in record.message]
    assert "audio.microphone, lights need a restart: systemctl restart appliance" in line.message
    assert line.__dict__["APPLIANCE_EVENT"] == "reload"


def test_what_needs_a_restart_is_named_again_until_there_was_one(box: Box) -> None:
    text = '[live]\nvoice = "Puck"\n[button]\npin = 4\n'
    for _ in range(2):
        assert box.reread(text) == {"ok": True, "applied": [], "restart": ["button.pin"]}
    assert box.reread('[live]\nvoice = "Puck"\n') == {"ok": True, "applied": [], "restart": []}


@pytest.mark.parametrize("text", ["[live]\nvoices = 1\n", "[live\n"])
def test_a_mistake_changes_nothing(box: Box, text: str) -> None:
    answer = box.reread(text)
    assert answer["ok"] is False
    assert str(box.path) in str(answer["error"])
    assert answer["remedy"] == "nothing was changed; put it right and reload again"
    assert box.posted == []


def test_what_cannot_be_asked_of_the_model_changes_nothing(box: Box) -> None:
    box.wrong = True
    assert box.reread('[live]\nvoice = "Kore"\n')["ok"] is False
    box.wrong = False
    assert box.reread('[live]\nvoice = "Kore"\n')["applied"] == ["live.voice"]


def test_nobody_need_have_asked(box: Box) -> None:
    box.reloading.reread()
    assert box.counter.replies == []
    assert len(box.posted) == 1


def test_warnings_are_told_again(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.reread('[live]\nmodel = "a-model-of-tomorrow"\n')
    assert "a-model-of-tomorrow" in caplog.text


def test_each_name_is_a_setting() -> None:
    names = {field.name for field in fields(Config)}
    assert set(FREE) | set(FIXED) <= names
    for section, keys in FIXED.items():
        assert set(keys) <= {field.name for field in fields(getattr(Config(), section))}


def test_nothing_differs_from_itself() -> None:
    assert adopted(Config(), Config()) == Config()
    assert differing(Config(), Config()) == ()
