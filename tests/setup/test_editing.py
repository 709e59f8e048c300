"""A person's file keeps every byte that nobody asked to change."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.setup.editing import Change, EditError, edited

MINE = """# mine, and nobody else's
[audio]   # the sound
  microphone = "USB \\"PnP\\" # 1"   # the good one
backend = 'memory'

[lights."desk lamp"]
pin = 18

[button]
# Where it is.
#: pin = 23
pull = "up"
"""


@pytest.mark.parametrize(
    ("change", "was", "becomes"),
    [
        (
            (("audio",), "microphone", "pulse"),
            '  microphone = "USB \\"PnP\\" # 1"   # the good one\n',
            'microphone = "pulse"   # the good one\n',
        ),
        ((("audio",), "speaker", "pulse"), "# the sound\n", '# the sound\nspeaker = "pulse"\n'),
        ((("button",), "pin", 4), "#: pin = 23\n", "#: pin = 23\npin = 4\n"),
        ((("lights", "desk lamp"), "pin", 5), "pin = 18\n", "pin = 5\n"),
        ((("lights", "desk lamp"), "kind", "dimmer"), '"desk lamp"]\n', '"desk lamp"]\nkind = "dimmer"\n'),
        (
            (("lights", 'a "b"'), "pins", (1, 2, 3)),
            'pull = "up"\n',
            'pull = "up"\n\n[lights."a \\"b\\""]\npins = [1, 2, 3]\n',
        ),
    ],
)
def test_one_line_is_changed_and_no_other(change: Change, was: str, becomes: str) -> None:
    assert MINE.count(was) == 1
    assert edited(MINE, [change]) == MINE.replace(was, becomes)


def test_nothing_to_change_changes_nothing() -> None:
    assert edited(MINE, []) == MINE


def test_an_empty_file_gets_what_was_asked() -> None:
    assert edited("", [(("button",), "pin", 4)]) == "[button]\npin = 4\n"


@pytest.mark.parametrize(
    "text",
    [
        'audio = {microphone = "x"}\n',
        '[audio]\nmicrophone = """\nx\n"""\n',
        'audio.microphone = "x"\n',
    ],
)
def test_what_is_written_in_another_way_is_left_alone(text: str) -> None:
    with pytest.raises(EditError, match="edit it by hand"):
        edited(text, [(("audio",), "microphone", "pulse")])


def test_the_commented_default_can_be_edited() -> None:
    file = Path(__file__).parents[2] / "config" / "appliance.toml"
    text = file.read_text(encoding="utf-8")
    new = edited(
        text, [(("audio",), "microphone", "USB"), (("button",), "pin", 4), (("lights", "x"), "pin", 5)]
    )
    assert tomllib.loads(new) == tomllib.loads(text) | {
        "audio": {**tomllib.loads(text)["audio"], "microphone": "USB"},
        "button": {**tomllib.loads(text)["button"], "pin": 4},
        "lights": {"x": {"pin": 5}},
    }
    assert len(new.splitlines()) == len(text.splitlines()) + 4


values = st.one_of(
    st.text(max_size=20), st.integers(0, 27), st.booleans(), st.lists(st.integers(0, 27), max_size=3)
)


@given(st.text("[]#=\"'\n abpin.", max_size=60), st.text(min_size=1, max_size=8), values)
def test_whatever_the_file_looks_like_the_result_is_meant_or_refused(
    text: str, name: str, value: object
) -> None:
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    try:
        after = tomllib.loads(edited(text, [(("lights", name), "pin", value)]))  # type: ignore[list-item]
    except EditError:
        return
    assert after["lights"][name]["pin"] == value
    for key in before.keys() - {"lights"}:
        assert after[key] == before[key]
