"""The settings: what is right is kept, and of what is wrong nothing is left untold, except a secret."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance import settings as module
from appliance.config import load, parse, socket_path
from appliance.core.lights import Kind
from appliance.core.recollection import Remember
from appliance.core.usage import Budget
from appliance.errors import ConfigError, Problem
from appliance.home import NAME
from appliance.settings import (
    AudioDevices,
    Button,
    Camera,
    Config,
    Functions,
    Light,
    Live,
    Offline,
    Panel,
    Served,
    ServiceTools,
    StatusLight,
    Timers,
    Turns,
)
from tests.core.vocabulary import SECRET, check_value, values_of

LAMP = {"pin": 17}


def problems(table: dict[str, Any]) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as told:
        parse(table, "a.toml")
    return told.value.problems


def told(table: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Where, what was found, and what is allowed."""
    return [(problem.key, problem.found, problem.allowed) for problem in problems(table)]


@pytest.mark.parametrize("kind", values_of(module))
def test_every_setting_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


# -- what is right ----------------------------------------------------------------------------------


def test_an_empty_file_is_all_defaults() -> None:
    assert parse({}) == Config()


def test_every_key_is_read() -> None:
    table = {
        "live": {
            "model": "models/x",
            "endpoint": "ws://127.0.0.1:8765/",
            "api_version": "v1alpha",
            "voice": "Puck",
            "system_instruction": "Be kind.",
            "connect": "always",
            "idle_close_s": 60,
            "compress_at_tokens": 20_000,
            "compress_to_tokens": 10_000,
            "answer_timeout_s": 7.5,
            "fallback_models": ["models/y"],
            "modality": "audio",
            "language": "de-de",
            "system_instruction_file": "",
            "thinking": "",
            "affective_dialog": False,
            "proactive_audio": True,
            "tools": {"google_search": True, "code_execution": False, "url_context": False},
            "extra_setup": {"labels": {"a": "b"}},
            "auth": "token",
            "token_command": ["/bin/sh", "-c", "mint"],
            "token_url": "",
            "token_timeout_s": 5,
        },
        "audio": {
            "backend": "memory",
            "microphone": "USB",
            "speaker": "HDMI",
            "volume": 70,
            "channel": 2,
            "gain_db": -6,
            "auto_gain": True,
            "earcon_volume": 0,
            "echo": "cancel",
            "send_rate": "native",
        },
        "turns": {
            "mode": "server",
            "endpointing": "patient",
            "hangover_ms": 900,
            "min_speech_ms": 200,
            "noise_guard_s": 20.0,
            "pre_roll_ms": 0,
            "pre_roll_noise_ms": 700,
            "reach_back_ms": 40,
            "no_speech_s": 3,
            "follow_up_s": 0,
            "max_utterance_s": 30,
            "hold_ms": 500,
            "tail_ms": 0,
            "interruptible": False,
            "coverage": "all_input",
            "server": {
                "start_sensitivity": "low",
                "end_sensitivity": "high",
                "prefix_padding_ms": 0,
                "silence_duration_ms": 10_000,
            },
        },
        "button": {"pin": 27, "pull": "down", "debounce_ms": 0},
        "lights": {
            "Kitchen": {"pin": 17, "active": "low", "room": "kitchen", "initial": "on", "at_exit": "keep"},
            "spot": {"kind": "dimmer", "pin": 18},
            "strip": {"kind": "rgb", "pins": [1, 2, 3]},
        },
        "groups": {"evening": ["strip", "KITCHEN"]},
        "control": {"socket": "/tmp/x.sock"},
        "camera": {
            "source": "front door",
            "mode": "listening",
            "frames_per_s": 0.5,
            "width": 1280,
            "height": 720,
            "media_resolution": "low",
            "light": 4,
            "light_active": "low",
        },
        "timers": {"ring_s": 5},
        "panel": {"enabled": True, "host": "::1", "port": 1024, "transcript": True},
        "functions": {"disabled": ["set_lights"], "limit_s": 5},
        "offline": {"enabled": False, "socket": "/run/x.sock", "exit_after_s": 60},
        "budget": {"soft_tokens_day": 1_000, "hard_tokens_day": 1_000_000_000},
        "privacy": {
            "transcripts": True,
            "remember": "disk",
            "remember_exchanges": 5,
            "remember_characters": 500,
        },
        "log": {"level": "debug"},
    }
    config = parse(table)
    assert [warning.split(":")[0] for warning in config.warnings] == [
        "the model 'models/x' is not known; it is treated as 'gemini-3.8-live'",
        "live.language is ignored",
        "the model 'models/y' is not known; it is treated as 'gemini-3.8-live'",
        "live.language is ignored",
    ]
    assert dataclasses.replace(config, warnings=()) == Config(
        live=Live(
            model="models/x",
            fallback_models=("models/y",),
            endpoint="ws://127.0.0.1:8765",
            api_version="v1alpha",
            voice="Puck",
            language="de-DE",
            system_instruction="Be kind.",
            proactive_audio=True,
            connect="always",
            idle_close_s=60.0,
            compress_at_tokens=20_000,
            compress_to_tokens=10_000,
            answer_timeout_s=7.5,
            tools=ServiceTools(google_search=True),
            extra_setup={"labels": {"a": "b"}},
            auth="token",
            token_command=("/bin/sh", "-c", "mint"),
            token_timeout_s=5.0,
        ),
        audio=AudioDevices(
            *("memory", "USB", "HDMI", 70, 2, -6.0),
            auto_gain=True,
            earcon_volume=0,
            echo="cancel",
            send_rate="native",
        ),
        turns=Turns(
            "server",
            "patient",
            900,
            200,
            20.0,
            0,
            700,
            40,
            3.0,
            0.0,
            30.0,
            500,
            0,
            interruptible=False,
            coverage="all_input",
            server=Served("low", "high", 0, 10_000),
        ),
        button=Button(27, "down", 0),
        camera=Camera("front door", "listening", 0.5, 1280, 720, "low", 4, "low"),
        lights=(
            Light("Kitchen", Kind.SWITCH, (17,), False, "kitchen", "on", "keep"),
            Light("spot", Kind.DIMMER, (18,)),
            Light("strip", Kind.RGB, (1, 2, 3)),
        ),
        groups={"evening": ("strip", "Kitchen")},
        timers=Timers(5.0),
        panel=Panel(enabled=True, host="::1", port=1024, transcript=True),
        socket="/tmp/x.sock",
        budget=Budget(soft_tokens_day=1_000, hard_tokens_day=1_000_000_000),
        functions=Functions(("set_lights",), 5.0),
        offline=Offline(enabled=False, socket="/run/x.sock", exit_after_s=60.0),
        transcripts=True,
        remember=Remember("disk", 5, 500),
        log_level="debug",
    )


@pytest.mark.parametrize(("preset", "hangover_ms"), [("quick", 600), ("normal", 800), ("patient", 1200)])
def test_a_preset_sets_the_hangover_unless_it_is_given(preset: str, hangover_ms: int) -> None:
    assert parse({"turns": {"endpointing": preset}}).turns.hangover_ms == hangover_ms
    assert parse({"turns": {"endpointing": preset, "hangover_ms": 700}}).turns.hangover_ms == 700


@pytest.mark.parametrize(
    "endpoint",
    [
        "wss://generativelanguage.googleapis.com",
        "ws://127.0.0.1:8765",
        "ws://[::1]:8765",
        "wss://proxy.example/base/path",
        "ws://localhost",
    ],
)
def test_an_endpoint_is_a_base_url(endpoint: str) -> None:
    assert parse({"live": {"endpoint": endpoint}}).live.endpoint == endpoint
    assert parse({"live": {"endpoint": endpoint + "/"}}).live.endpoint == endpoint


# -- what is wrong ----------------------------------------------------------------------------------

# section, key, wrong values
WRONG: list[tuple[str, str, list[Any]]] = [
    ("live", "model", [7, "", "   ", "m" * 129, ["m"]]),
    (
        "live",
        "endpoint",
        [7, "", "host", "http://host", "wss://", "ws://h:0", "ws://h:99999", "ws://[::1", "wss:x"],
    ),
    ("live", "api_version", [1, "v2", "V1BETA", ""]),
    ("live", "voice", [7, "v" * 65, True, "Pukc"]),
    ("live", "fallback_models", ["x", [7], ["m" * 129], [""]]),
    ("live", "modality", ["video", "AUDIO", 1, "text", ["audio"], ["audio", "text"], ""]),
    ("live", "language", ["german", 7]),
    ("live", "system_instruction_file", [7, "/nowhere/told.txt", "/"]),
    ("live", "thinking", ["hihg", -1, 40_000, True, 1.5, ["low"], "low", 100]),
    ("live", "affective_dialog", ["true", 1, True]),
    ("live", "proactive_audio", ["true", 1]),
    ("live", "tools", [7, {"google_search": "yes"}, {"code_execution": True}, {"gogle": True}]),
    ("live", "auth", ["tokens", "KEY", 7, True, ""]),
    (
        "live",
        "token_command",
        [
            "/bin/sh",
            [7],
            ["mint"],
            ["/nowhere/mint"],
            ["/"],
            ["/etc/passwd"],
            ["/bin/sh"] * 33,
            ["/bin/sh", "\0"],
        ],
    ),
    (
        "live",
        "token_url",
        [
            *(7, "host", "ftp://host", "http://host", "https://", "https://h:0", "https://h:99999"),
            *("https://[::1", "https://h/a b", "https://höst", "https://h/\r\nX: y", "h" * 513),
        ],
    ),
    ("live", "token_timeout_s", [0.9, 12.1, "5", True]),
    (
        "live",
        "extra_setup",
        [
            7,
            {"model": "x"},
            {"when": datetime.date(2026, 1, 1)},
            {"generation_config": {}},
            {"generationConfig": 3},
            {"generationConfig": {"responseModalities": ["AUDIO", "TEXT"]}},
            {"generationConfig": {"response_modalities": ["TEXT"]}},
            {"generationConfig": {"responseSchema": {}}},
            {"generationConfig": {"top_p": 0.5}},
            {"contextWindowCompression": False},
            {"realtimeInputConfig": {}},
        ],
    ),
    ("live", "system_instruction", [7, "x" * 10_001]),
    ("live", "connect", [True, "never"]),
    ("live", "idle_close_s", ["60", 4.9, 86_401, True, float("nan"), float("inf")]),
    ("live", "compress_at_tokens", [4_999, 1_000_001, 5_000.0, "5000", True]),
    ("live", "compress_to_tokens", [999, 1_000_001, "1000"]),
    ("live", "answer_timeout_s", [2, 301, "7"]),
    ("audio", "backend", ["alsa", 1]),
    ("audio", "microphone", [1, "x" * 201, "1", "hw:1,0", "plughw:2", "", " "]),
    ("audio", "speaker", [1, "x" * 201, "0", "hw:0"]),
    ("audio", "volume", [-1, 101, "70", 0.5]),
    ("audio", "channel", [0, 33, "left", 1.5]),
    ("audio", "gain_db", [41, -41, "6 dB", True]),
    ("audio", "auto_gain", ["yes", 1]),
    ("audio", "earcon_volume", [-1, 101, "60", 0.5, True]),
    ("timers", "ring_s", [4.9, 601, "60", True, float("nan")]),
    ("audio", "echo", ["full-duplex", True]),
    ("audio", "send_rate", ["natvie", 48_000, 16_000.0, "16000", True, 0]),
    ("earcons", "listening", ["", 1, "/nowhere.wav", []]),
    ("earcons", "timer", [False, "/nowhere.wav"]),
    ("earcons", "notices", ["", "/nowhere", 1]),
    ("quiet", "from", ["24:00", "22", 22, "22:60"]),
    ("turns", "mode", ["remote", "Server", 1, True]),
    (
        "turns",
        "server",
        [
            *(7, {"start_sensitivity": "medium"}, {"start_sensitivity": 1}, {"end_sensitivity": "HIGH"}),
            *({"end_sensitivity": True}, {"prefix_padding_ms": -1}, {"prefix_padding_ms": 5_001}),
            *({"prefix_padding_ms": "20"}, {"silence_duration_ms": 99}, {"silence_duration_ms": 10_001}),
            *({"silence_duration_ms": 800.0}, {"silence_ms": 700}),
        ],
    ),
    ("turns", "endpointing", ["fast", 800]),
    ("turns", "hangover_ms", [199, 5_001, 800.0, "800"]),
    ("turns", "min_speech_ms", [59, 801, 160.0, "160"]),
    ("turns", "noise_guard_s", [-1, 61, "15"]),
    ("turns", "pre_roll_ms", [-1, 2_001, 1.5]),
    ("turns", "pre_roll_noise_ms", [-1, 2_001, True]),
    ("turns", "reach_back_ms", [-1, 2_001]),
    ("turns", "no_speech_s", [0.9, 61]),
    ("turns", "follow_up_s", [-1, 61]),
    ("turns", "max_utterance_s", [4, 61]),
    ("turns", "hold_ms", [149, 2_001]),
    ("turns", "tail_ms", [-1, 2_001]),
    ("turns", "interruptible", ["true", 1, "yes"]),
    ("turns", "coverage", ["everything", 1]),
    *(("budget", f.name, [999, 1_000_000_001, 1.5, "many", True]) for f in dataclasses.fields(Budget)),
    ("panel", "enabled", ["true", 1]),
    ("panel", "host", ["", "localhost", "127.0.0.256", "box.local", "127.0.0.1:8480", 7, "x" * 65]),
    ("panel", "port", [80, 1_023, 65_536, "8480", 8480.0, True]),
    ("panel", "transcript", ["no", 0]),
    ("button", "pin", [-1, 28, "17", 1.0, True, [17]]),
    ("button", "pull", ["none", True]),
    ("button", "debounce_ms", [-1, 201, "30"]),
    ("button", "double_ms", [-1, 1_001, "300"]),
    ("button", "long_s", [2.4, 11, "3"]),
    ("button", "very_long", ["off", True]),
    ("button", "very_long_s", [2.9, 31, "10"]),
    ("button", "act_s", [3.9, 61, "15"]),
    ("status_light", "pins", [7, [1, 2], [1, 2, 3, 4], [1, 2, "3"], [28], [True], "1"]),
    ("status_light", "active", ["hi", True]),
    ("status_light", "brightness", [-1, 101, "80", 1.5]),
    ("status_light", "night_brightness", [-1, 101, "80", True]),
    ("status_light", "idle_brightness", [-1, 101, "0"]),
    ("camera", "source", [7, "x" * 501, " front", "file:", "file:/nowhere/film.mjpeg", "file:/"]),
    ("camera", "mode", ["off", "always", 1]),
    ("camera", "frames_per_s", [0, 0.09, 1.1, 30, "1", True, float("nan")]),
    ("camera", "width", [159, 1921, 640.0, "640"]),
    ("camera", "height", [119, 1081, True]),
    ("camera", "media_resolution", ["LOW", "best", 3]),
    ("camera", "light", [-1, 28, "17", 1.0, True, "onw", [4]]),
    ("camera", "light_active", ["hi", 1]),
    ("control", "socket", [7, "/" * 101]),
    ("functions", "disabled", ["set_lights", [7], ["x" * 65]]),
    ("functions", "limit_s", [0, 301, "7"]),
    ("offline", "enabled", ["on", "true", 1, []]),
    ("offline", "socket", ["brain.sock", 7, "/" + "x" * 100]),
    ("offline", "exit_after_s", [4, 86_401, "300"]),
    ("privacy", "transcripts", ["false", 0]),
    ("privacy", "remember", [True, "ever", "Disk", 7]),
    ("privacy", "remember_exchanges", [0, 101, "20", True, 1.5]),
    ("privacy", "remember_characters", [499, 20_001, "all", False]),
    ("log", "level", ["trace", "INFO", 3]),
]


@pytest.mark.parametrize(
    ("section", "key", "value"), [(section, key, value) for section, key, values in WRONG for value in values]
)
def test_every_key_has_its_type_and_its_range(section: str, key: str, value: object) -> None:
    [(where, found, allowed)] = told({section: {key: value}})
    assert where.startswith(f"{section}.{key}")
    assert found
    assert allowed


def test_longer_and_longer_presses_are_longer_and_longer() -> None:
    assert told({"button": {"long_s": 10}}) == [("button.very_long_s", "10.0", "more than long_s (10)")]
    assert told({"button": {"act_s": 9}}) == [("button.act_s", "9.0", "more than very_long_s (10)")]


def test_a_status_light_has_one_pin_or_three() -> None:
    assert parse({"status_light": {"pins": [1, 2, 3], "active": "low"}}).status_light == StatusLight(
        (1, 2, 3), active_high=False
    )
    assert parse({"status_light": {"pins": [5], "idle_brightness": 0}}).status_light == StatusLight((5,))
    [(where, found, _)] = told({"status_light": {"pins": [1, 2, 1]}})
    assert (where, found) == ("status_light", "pin 1")


def test_every_key_of_every_section_has_its_spelling() -> None:
    for section, key, _ in WRONG:
        wrong = f"{key}x"
        [problem] = problems({section: {wrong: 1}})
        assert (problem.key, problem.found) == (f"{section}.{wrong}", "an unknown key")
        assert problem.nearest == key
    for tool in dataclasses.fields(ServiceTools):
        [problem] = problems({"live": {"tools": {f"{tool.name}s": True}}})
        assert (problem.key, problem.nearest) == (f"live.tools.{tool.name}s", tool.name)
        for value in ("yes", 1, [True]):
            [problem] = problems({"live": {"tools": {tool.name: value}}})
            assert problem.key == f"live.tools.{tool.name}"


def test_every_key_that_there_is_was_given_something_wrong() -> None:
    tried = {(section, key) for section, key, _ in WRONG}
    kinds = {"live": Live, "audio": AudioDevices, "turns": Turns, "button": Button, "camera": Camera}
    kinds |= {"timers": Timers, "budget": Budget, "offline": Offline, "panel": Panel}
    for section, kind in kinds.items():
        assert {key for where, key in tried if where == section} == {f.name for f in dataclasses.fields(kind)}


def test_every_key_of_server_mode_was_given_something_wrong() -> None:
    [tables] = [values[1:] for _, key, values in WRONG if key == "server"]
    assert {key for table in tables for key in table} == {f.name for f in dataclasses.fields(Served)} | {
        "silence_ms"
    }


def test_how_the_service_listens_matters_only_where_it_does() -> None:
    table = {"server": {"end_sensitivity": "low"}}
    assert parse({"turns": table}).warnings == ("turns.server is ignored: turns.mode is 'local'",)
    assert parse({"turns": table | {"mode": "server"}}).warnings == ()


@pytest.mark.parametrize("period", ["day", "month"])
def test_a_soft_limit_lies_below_the_hard_one(period: str) -> None:
    limits = {f"soft_tokens_{period}": 2_000, f"hard_tokens_{period}": 2_000}
    [(where, found, allowed)] = told({"budget": limits})
    assert (where, found) == (f"budget.soft_tokens_{period}", "2000")
    assert allowed == f"less than hard_tokens_{period} (2000)"


def test_five_mistakes_are_five_problems() -> None:
    table = {
        "live": {"voise": "Puck", "api_version": "v1betta"},
        "turns": {"hangover_ms": 50},
        "lights": {"kitchen lamp": {"pin": 99}},
        "privacy": {"transcripts": "no"},
    }
    assert set(problems(table)) == {
        Problem("a.toml", 'lights."kitchen lamp".pin', "99", "a BCM pin number from 0 to 27"),
        Problem(
            "a.toml",
            "live.voise",
            "an unknown key",
            ", ".join(repr(f.name) for f in dataclasses.fields(Live)),
            "voice",
        ),
        Problem("a.toml", "live.api_version", "'v1betta'", "'v1beta', 'v1alpha', 'v1'", "v1beta"),
        Problem("a.toml", "turns.hangover_ms", "50", "a whole number from 200 to 5000 (milliseconds)"),
        Problem("a.toml", "privacy.transcripts", "'no'", "true or false (without quotes)"),
    }


def test_the_error_names_every_file_key_finding_choice_and_nearest_name() -> None:
    with pytest.raises(ConfigError) as error:
        parse({"liev": {}, "log": {"level": "inof"}}, "/etc/a.toml")
    assert sorted(str(error.value).splitlines()) == [
        "/etc/a.toml: liev: found an unknown key; allowed: 'lights', 'live', 'audio', 'earcons', 'quiet', "
        "'turns', 'button', 'status_light', 'camera', 'groups', 'scenes', 'budget', 'timers', 'functions', "
        "'offline', 'panel', 'control', 'privacy', 'log' (did you mean 'live'?)",
        "/etc/a.toml: log.level: found 'inof'; allowed: 'debug', 'info', 'warning' (did you mean 'info'?)",
    ]


@pytest.mark.parametrize(
    "section",
    [
        *("live", "audio", "turns", "button", "lights", "groups", "scenes", "budget", "camera"),
        *("status_light", "timers", "functions", "offline", "panel", "control", "privacy", "log"),
    ],
)
@pytest.mark.parametrize("value", [7, "x", [{}], True])
def test_a_section_is_a_table(section: str, value: object) -> None:
    [(where, found, allowed)] = told({section: value})
    assert (where, allowed) == (section, "a table")
    assert found


def test_a_compression_goes_downwards() -> None:
    [(where, found, allowed)] = told({"live": {"compress_at_tokens": 8000, "compress_to_tokens": 8000}})
    assert (where, found, allowed) == (
        "live.compress_to_tokens",
        "8000",
        "less than compress_at_tokens (8000)",
    )
    assert parse({"live": {"compress_at_tokens": 8000, "compress_to_tokens": 7999}})
    [(where, _, allowed)] = told({"live": {"compress_to_tokens": 104_857}})
    assert where == "live.compress_to_tokens"
    assert allowed == "less than 104857 tokens, where 'gemini-3.8-live' begins to drop turns"
    assert parse({"live": {"compress_to_tokens": 104_856}})


@pytest.mark.parametrize(
    "endpoint",
    [
        f"wss://host?key={SECRET}",
        f"wss://host/ws?key={SECRET}",
        f"https://host?key={SECRET}",
        f"wss://{SECRET}@host",
        f"wss://user:{SECRET}@host",
        f"wss://host#{SECRET}",
        f"wss://host:99999/?key={SECRET}",
        f"wss://[host?key={SECRET}",
        f"?{SECRET}",
    ],
)
def test_an_endpoint_with_a_secret_in_it_is_refused_and_not_shown(endpoint: str) -> None:
    [problem] = problems({"live": {"endpoint": endpoint}})
    assert problem.key == "live.endpoint"
    assert SECRET not in str(problem)


def test_the_value_of_an_unknown_key_is_not_shown() -> None:
    [problem] = problems({"live": {"api_key": SECRET}})
    assert problem.key == "live.api_key"
    assert SECRET not in str(problem)


LIGHTS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"x": {}}, [("lights.x.pin", "nothing", "one pin for a switch, as in pin = 17")]),
    ({"x": {"pins": [1]}}, [("lights.x.pin", "[1]", "one pin for a switch, as in pin = 17")]),
    ({"x": {"pin": 1, "pins": [2]}}, [("lights.x.pin", "[2]", "one pin for a switch, as in pin = 17")]),
    ({"x": {"pin": "17"}}, [("lights.x.pin", "'17'", "a BCM pin number from 0 to 27")]),
    ({"x": {"pin": 28}}, [("lights.x.pin", "28", "a BCM pin number from 0 to 27")]),
    ({"x": {"pin": True}}, [("lights.x.pin", "true", "a BCM pin number from 0 to 27")]),
    (
        {"x": {"kind": "rgb", "pin": 4}},
        [("lights.x.pins", "4", "three pins for an rgb light: [red, green, blue]")],
    ),
    (
        {"x": {"kind": "rgb", "pins": [1, 2]}},
        [("lights.x.pins", "[1, 2]", "three pins for an rgb light: [red, green, blue]")],
    ),
    (
        {"x": {"kind": "rgb", "pins": [1, 2, 3], "pin": 4}},
        [("lights.x.pins", "[1, 2, 3]", "three pins for an rgb light: [red, green, blue]")],
    ),
    (
        {"x": {"kind": "rgb", "pins": [1, "2", 99]}},
        [
            ("lights.x.pins", "'2'", "a BCM pin number from 0 to 27"),
            ("lights.x.pins", "99", "a BCM pin number from 0 to 27"),
        ],
    ),
    (
        {"x": {"kind": "rgb", "pins": [1, 2, 1]}},
        [('lights."x"', "pin 1", 'a pin not used by lights."x"')],
    ),
    ({"x": {**LAMP, "kind": "lamp"}}, [("lights.x.kind", "'lamp'", "'switch', 'dimmer', 'rgb'")]),
    ({"x": {**LAMP, "kind": "swich"}}, [("lights.x.kind", "'swich'", "'switch', 'dimmer', 'rgb'")]),
    ({"x": {**LAMP, "active": True}}, [("lights.x.active", "true", "'high', 'low'")]),
    ({"x": {**LAMP, "room": 7}}, [("lights.x.room", "7", "a text")]),
    ({"x": {**LAMP, "initial": True}}, [("lights.x.initial", "true", "'off', 'on', 'restore'")]),
    ({"x": {**LAMP, "at_exit": "stay"}}, [("lights.x.at_exit", "'stay'", "'off', 'on', 'keep'")]),
    (
        {"": LAMP},
        [('lights.""', "''", NAME)],
    ),
    (
        {" x": LAMP},
        [('lights." x"', "' x'", NAME)],
    ),
    (
        {"x" * 65: LAMP},
        [
            (
                "lights." + "x" * 65,
                "'" + "x" * 56 + "...",
                NAME,
            )
        ],
    ),
    ({"All": LAMP}, [("lights.All", "'All'", "any other name: 'all' means every light")]),
    (
        {"x": LAMP, "X": {"pin": 18}},
        [("lights.X", "'X'", "names that differ in more than capital letters")],
    ),
    ({"x": LAMP, "y": LAMP}, [('lights."y"', "pin 17", 'a pin not used by lights."x"')]),
]


@pytest.mark.parametrize(("lights", "mistakes"), LIGHTS)
def test_every_mistake_in_a_light_is_told(
    lights: dict[str, Any], mistakes: list[tuple[str, str, str]]
) -> None:
    assert told({"lights": lights}) == mistakes


def test_the_nearest_kind_is_named_as_it_is_written() -> None:
    [problem] = problems({"lights": {"x": {**LAMP, "kind": "swich"}}})
    assert str(problem).endswith("(did you mean 'switch'?)")


def test_a_pin_is_not_shared_with_the_button() -> None:
    table = {"button": {"pin": 17}, "lights": {"x": LAMP}}
    assert told(table) == [("button", "pin 17", 'a pin not used by lights."x"')]


NO_CLASH = "a name that no light and no room has, and not 'all'"
SOME: dict[str, Any] = {"desk lamp": {"pin": 1, "room": "Study"}, "spot": {"pin": 2}}


@pytest.mark.parametrize(
    ("groups", "mistakes"),
    [
        ({"g": "spot"}, [("groups.g", "'spot'", "a list of names of lights")]),
        ({"g": []}, [("groups.g", "[]", "a list of names of lights")]),
        ({"g": ["sopt"]}, [("groups.g", "'sopt'", "'desk lamp', 'spot'")]),
        ({"g": [7, "spot"]}, [("groups.g", "7", "'desk lamp', 'spot'")]),
        ({"Spot": ["spot"]}, [("groups.Spot", "'Spot'", NO_CLASH)]),
        ({"study": ["spot"]}, [("groups.study", "'study'", NO_CLASH)]),
        ({"ALL": ["spot"]}, [("groups.ALL", "'ALL'", NO_CLASH)]),
        (
            {"all": "spot", "g": ["x", "y"]},
            [
                ("groups.all", "'all'", NO_CLASH),
                ("groups.all", "'spot'", "a list of names of lights"),
                ("groups.g", "'x'", "'desk lamp', 'spot'"),
                ("groups.g", "'y'", "'desk lamp', 'spot'"),
            ],
        ),
    ],
)
def test_every_mistake_in_a_group_is_told(
    groups: dict[str, Any], mistakes: list[tuple[str, str, str]]
) -> None:
    assert told({"lights": SOME, "groups": groups}) == mistakes


def test_the_nearest_light_is_named() -> None:
    [problem] = problems({"lights": SOME, "groups": {"g": ["Desk Lmap"]}})
    assert problem.nearest == "desk lamp"


def test_a_group_where_there_are_no_lights_has_nothing_to_choose_from() -> None:
    assert told({"groups": {"g": ["x"]}}) == [("groups.g", "'x'", "nothing here")]


# -- the file ---------------------------------------------------------------------------------------


def write(path: Path, content: str | bytes) -> Path:
    file = path / "appliance.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_a_file_is_read(tmp_path: Path) -> None:
    config = load(write(tmp_path, '[lights."kitchen lamp"]\npin = 17\n[live]\nvoice = "Kore"\n'))
    assert config.lights == (Light("kitchen lamp", Kind.SWITCH, (17,)),)
    assert config.live.voice == "Kore"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[live\n", "Expected ']'"),
        ("a = 1\na = 2\n", "Cannot overwrite a value"),
        (b"a = '\xff'\n", "'utf-8' codec can't decode"),
        (b"\x00\x01\x02", "Invalid"),
    ],
)
def test_a_file_that_is_not_toml_is_told_so(tmp_path: Path, content: str | bytes, found: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(ConfigError) as error:
        load(file)
    [problem] = error.value.problems
    assert (problem.file, problem.key, problem.allowed) == (str(file), "the file", "TOML 1.0 in UTF-8")
    assert problem.found.startswith(found)


def test_a_file_that_is_not_there_or_no_file_is_told_so(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none.toml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as error:
            load(path)
        assert error.value.problems == (Problem(str(path), "the file", found, "a readable TOML file"),)


def test_the_mistakes_of_a_file_name_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "[log]\nlevel = 3\n")
    with pytest.raises(ConfigError) as error:
        load(file)
    assert [problem.file for problem in error.value.problems] == [str(file)]


# -- what is made of it -----------------------------------------------------------------------------


def test_the_effective_settings_can_be_printed_and_read_again() -> None:
    config = parse({"lights": SOME, "groups": {"g": ["spot"]}, "turns": {"endpointing": "quick"}})
    shown = json.loads(json.dumps(config.as_json()))
    assert shown["turns"]["hangover_ms"] == 600
    assert shown["lights"][1] == {
        "name": "spot",
        "kind": "switch",
        "pins": [2],
        "active_high": True,
        "room": "",
        "initial": "off",
        "at_exit": "off",
    }
    assert shown["groups"] == {"g": ["spot"]}
    same = {section: shown[section] for section in ("live", "audio", "turns")}
    again = parse({s: {k: v for k, v in keys.items() if v is not None} for s, keys in same.items()})
    assert (again.live, again.audio, again.turns) == (config.live, config.audio, config.turns)


@pytest.mark.parametrize(
    ("socket", "environment", "path"),
    [
        ("/tmp/own.sock", {"RUNTIME_DIRECTORY": "/run/x", "XDG_RUNTIME_DIR": "/run/user/7"}, "/tmp/own.sock"),
        ("", {"RUNTIME_DIRECTORY": "/run/x", "XDG_RUNTIME_DIR": "/run/user/7"}, "/run/x/control.sock"),
        ("", {"RUNTIME_DIRECTORY": "/run/x:/run/y"}, "/run/x/control.sock"),
        ("", {}, "/run/appliance/control.sock"),
    ],
)
def test_the_socket_is_where_it_was_said_or_in_the_runtime_directory(
    monkeypatch: pytest.MonkeyPatch, socket: str, environment: dict[str, str], path: str
) -> None:
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert socket_path(Config(socket=socket)) == Path(path)


@pytest.mark.parametrize(
    ("is_installed", "path"),
    [(True, "/run/appliance/control.sock"), (False, "/run/user/7/appliance/control.sock")],
)
def test_a_person_speaks_to_the_daemon_of_the_machine_or_to_their_own(
    monkeypatch: pytest.MonkeyPatch, is_installed: bool, path: str
) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    monkeypatch.setattr(Path, "is_dir", lambda _: is_installed)
    assert socket_path(Config()) == Path(path)


# -- whatever is written there ----------------------------------------------------------------------

KEYS = sorted(
    {key for _, key, _ in WRONG} | {"kind", "pins", "active", "room", "initial", "at_exit", "x", "all"}
)
SECTIONS = sorted({section for section, _, _ in WRONG} | {"lights", "groups", "x"})
scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [datetime.date(2026, 1, 2), datetime.time(3, 4), "rgb", "dimmer", "on", "wss://h", "ws://[", 17]
    ),
    st.text(max_size=8).map(lambda text: f"wss://{text}"),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
tables = st.dictionaries(
    st.sampled_from(SECTIONS) | st.text(max_size=4),
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), values, max_size=4) | values,
    max_size=4,
)


@settings(max_examples=300)
@given(tables)
@example({"live": {"endpoint": "ws://[v1.x]"}})
@example({"lights": {"\ud800": {"pin": 1}}})
def test_any_table_is_a_configuration_or_all_its_problems(table: dict[str, Any]) -> None:
    found: tuple[Problem, ...] = ()
    config = Config()
    try:
        config = parse(table)
    except ConfigError as error:
        found = error.problems
        if not found:
            raise
    assert all(problem.key and problem.found and problem.allowed for problem in found)
    assert all("\n" not in problem.found for problem in found)
    json.dumps(config.as_json())
    assert len({pin for light in config.lights for pin in light.pins}) == sum(
        len(x.pins) for x in config.lights
    )
