"""Which device is meant, and how it is opened."""

from __future__ import annotations

import pytest

from appliance.adapters.cards import Card
from appliance.adapters.choice import Device, Format, Wanted, bare, card_of, choose, formats
from appliance.errors import MicrophoneError, SpeakerError

LEFT = Card(1, "Device", "USB PnP Sound Device", "C-Media USB PnP Sound Device at usb-0000:01:00.0-1.2")
RIGHT = Card(2, "Device_1", "USB PnP Sound Device", "C-Media USB PnP Sound Device at usb-0000:01:00.0-1.3")
USB = Device(0, "USB PnP Sound Device: Audio (hw:1,0)", 1, LEFT)
TWIN = Device(1, "USB PnP Sound Device: Audio (hw:2,0)", 1, RIGHT)
WEBCAM = Device(3, "Webcam USB", 2)
PULSE, DEFAULT = Device(5, "pulse", 32), Device(6, "default", 32)
ALL = [USB, TWIN, WEBCAM, DEFAULT, PULSE]


def wanted(name: str = "default", channel: int = 1, what: str = "microphone") -> Wanted:
    return Wanted(what, name, (16_000, 48_000), 20, channel)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("default", [PULSE, DEFAULT, USB]),
        ("Default", [PULSE, DEFAULT, USB]),
        ("webcam usb", [WEBCAM]),
        ("usb", [USB, TWIN, WEBCAM]),
        ("USB PnP Sound Device: Audio (hw:1,0)", [USB, TWIN]),
        ("USB PnP Sound Device: Audio (hw:7,0)", [USB, TWIN]),  # the number of yesterday
        ("device_1", [TWIN]),
        ("device", [USB, TWIN]),
        ("usb-0000:01:00.0-1.3", [TWIN]),
        ("USB PnP sound device", [USB, TWIN]),
    ],
)
def test_by_name_by_card_and_by_socket(name: str, found: list[Device]) -> None:
    assert choose(wanted(name), ALL, 0) == found


def test_the_exact_name_comes_first() -> None:
    assert choose(wanted("webcam usb"), [Device(9, "My Webcam USB", 1), WEBCAM], -1)[0] is WEBCAM


def test_nothing_of_that_name() -> None:
    with pytest.raises(MicrophoneError, match="no microphone called 'mike'; there are: 'pulse'"):
        choose(wanted("mike"), [PULSE], 5)
    with pytest.raises(SpeakerError, match="there are: none at all"):
        choose(wanted(what="speaker"), [], -1)


def test_a_name_and_its_card() -> None:
    assert bare(USB.name) == "USB PnP Sound Device: Audio"
    assert card_of(TWIN.name, {1: LEFT, 2: RIGHT}) is RIGHT
    assert card_of(TWIN.name, {}) is None
    assert card_of("pulse", {1: LEFT}) is None


@pytest.mark.parametrize(
    ("channels", "channel", "layouts"),
    [
        (1, 1, [1]),
        (2, 1, [1, 2]),
        (2, 2, [2]),
        (6, 1, [1, 2, 6]),
        (6, 5, [6]),
        (8, 8, [8]),
        (32, 1, [1, 2]),
        (32, 2, [2]),
        (32, 12, [12]),
    ],
)
def test_few_channels_before_many(channels: int, channel: int, layouts: list[int]) -> None:
    device = Device(0, "array", channels)
    found = list(formats(wanted(channel=channel), device))
    assert found == [Format("array", hz, n) for hz in (16_000, 48_000) for n in layouts]


def test_a_channel_that_is_not_there() -> None:
    with pytest.raises(MicrophoneError, match="'array' has no channel 3: it has 2"):
        list(formats(wanted(channel=3), Device(0, "array", 2)))
