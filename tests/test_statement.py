"""What a person reads of a status."""

from __future__ import annotations

from appliance.statement import history_lines, lamp_lines, settings_lines, status_lines, timer_lines

FINE = {"phase": "idle", "says": "link 1 live", "microphone": "open", "speaker": "open"}
FINE |= {"camera": "off", "offline": "off"}


def test_a_box_that_is_well() -> None:
    assert status_lines(FINE) == ["idle: link 1 live", "microphone: open", "speaker: open"]


def test_muted_and_a_stuck_button_say_what_to_do() -> None:
    lines = status_lines({**FINE, "muted": True, "button": "stuck"})
    assert lines[1] == "muted: the microphone is closed; a long press or `appliance unmute` opens it"
    assert lines[2].startswith("button: stuck; look for a short circuit")


def test_how_old_it_all_is_and_how_the_machine_is() -> None:
    told = {"uptime_s": 59, "line": {"age_s": 61, "session_age_s": 3600, "resumed": 1}}
    told |= {"temperature_c": 51.2, "power": {"now": [], "earlier": []}}
    assert status_lines({**FINE, **told})[3:] == [
        "up for 59 s",
        "line: 1 min 1 s, its session 1 h 0 min, resumed once",
        "machine: 51.2 °C, no under-voltage, not throttled",
    ]
    told = {"uptime_s": 90_000, "line": {"age_s": 1, "session_age_s": 1, "resumed": 0}}
    told |= {"power": {"now": ["under-voltage"], "earlier": ["under-voltage", "throttled"]}}
    assert status_lines({**FINE, **told})[3:] == [
        "up for 1 d 1 h",
        "line: 1 s, its session 1 s",
        "machine: under-voltage now, throttled earlier",
    ]
    assert status_lines({**FINE, "line": {"age_s": 1, "session_age_s": 1, "resumed": 7}})[3].endswith(
        "7 times"
    )


def test_what_is_no_answer_has_no_lines() -> None:
    assert lamp_lines({}) == []
    assert timer_lines({"ringing": 7, "timers": None}) == []


def test_days_and_turns_are_told_the_newest_last() -> None:
    turns = [{"first_byte_to_first_sample": ms} for ms in range(12)]
    lines = history_lines({"days": {"2026-11-22": {"total": 551, "turns": 2}}, "turns": turns})
    assert lines[0] == "2026-11-22: 551 tokens in 2 turns"
    assert lines[1:] == [f"turn: first byte to first sample {ms} ms" for ms in range(2, 12)]
    assert history_lines({"days": None, "turns": 7}) == []


def test_settings_are_told_by_section() -> None:
    lamps = ({"name": "küche", "pins": (17,)},)
    shown = {"live": {"voice": "Kore"}, "lights": lamps, "groups": {}, "log_level": "info"}
    assert settings_lines(shown) == [
        *("[live]", 'voice = "Kore"', '[lights."küche"]', "pins = [17]", "groups = {}", 'log_level = "info"'),
    ]
