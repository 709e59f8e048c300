"""What the daemon answered, as a person reads it.

Knows the answers to `status`, `lights` and `timers`, and what a configuration says. Must never know how they
were asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping


def status_lines(answer: Mapping[str, object]) -> list[str]:
    """How it is."""
    lines = [f"{answer.get('phase')}: {answer.get('says')}"]
    if answer.get("muted"):
        lines.append("muted: the microphone is closed; a long press or `appliance unmute` opens it")
    if answer.get("button") == "stuck":
        lines.append("button: stuck; look for a short circuit, and whether [button] pull suits the wiring")
    lines += [f"{part}: {answer.get(part)}{_gauge(answer, part)}" for part in ("microphone", "speaker")]
    if isinstance(echo := answer.get("echo"), Mapping):
        db = f", lowered by {echo['lowered_db']} dB" if "lowered_db" in echo else ""
        lines.append(f"echo: {echo['shield']}{db}{echo['why'] and '; '}{echo['why']}")
    if answer.get("camera") != "off":
        lines.append(f"camera: {answer.get('camera')}")
    if answer.get("offline") != "off":
        lines.append(f"offline: {answer.get('offline')}")
    lines += _age_lines(answer) + _machine_lines(answer)
    lines += _usage_lines(answer.get("usage"))
    trouble = answer.get("trouble")
    if isinstance(trouble, Mapping):
        lines.append(f"trouble: {trouble.get('what')}; {trouble.get('advice')}")
    steps = answer.get("turns_ms")
    if isinstance(steps, Mapping):
        for name, step in steps.items():
            label, turns = str(name).replace("_", " "), step["turns"]
            shown = ", ".join(f"{key} {step[key]}" for key in ("median", "p95", "p99"))
            lines.append(f"{label}: {shown} ms, {_turns(turns)}")
    return lines + lamp_lines(answer) + timer_lines(answer)


SHOWN_TURNS = 10


def history_lines(answer: Mapping[str, object]) -> list[str]:
    """The days, the last of them today, and the last turns, the newest last."""
    days, turns = answer.get("days"), answer.get("turns")
    lines = []
    for day, use in days.items() if isinstance(days, Mapping) else ():
        lines.append(f"{day}: {use['total']} tokens in {_turns(use['turns'])}")
    for steps in turns[-SHOWN_TURNS:] if isinstance(turns, list) else ():
        lines.append("turn: " + ", ".join(f"{name.replace('_', ' ')} {ms} ms" for name, ms in steps.items()))
    return lines


def _gauge(answer: Mapping[str, object], part: str) -> str:
    """The device, and what went wrong with it."""
    sound = answer.get("sound")
    gauge = sound.get(part) if isinstance(sound, Mapping) else None
    if not isinstance(gauge, Mapping):
        return ""
    counts = [f"{str(k).replace('_', ' ')} {v}" for k, v in gauge.items() if k != "device" and v]
    return f" ({', '.join([str(gauge['device']), *counts])})"


def _age_lines(answer: Mapping[str, object]) -> list[str]:
    lines = []
    if isinstance(up := answer.get("uptime_s"), int):
        lines.append(f"up for {_span(up)}")
    if isinstance(line := answer.get("line"), Mapping):
        times = {0: "", 1: ", resumed once"}.get(line["resumed"], f", resumed {line['resumed']} times")
        lines.append(f"line: {_span(line['age_s'])}, its session {_span(line['session_age_s'])}{times}")
    return lines


def _machine_lines(answer: Mapping[str, object]) -> list[str]:
    told = []
    if "temperature_c" in answer:
        told.append(f"{answer['temperature_c']} °C")
    if isinstance(power := answer.get("power"), Mapping):
        now, earlier = power["now"], [name for name in power["earlier"] if name not in power["now"]]
        told += [f"{name} now" for name in now] + [f"{name} earlier" for name in earlier]
        if not now and not earlier:
            told.append("no under-voltage, not throttled")
    return [f"machine: {', '.join(told)}"] if told else []


def _turns(number: object) -> str:
    return f"{number} turn{'' if number == 1 else 's'}"


def _span(seconds: int) -> str:
    """In the two greatest units."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def _usage_lines(usage: object) -> list[str]:
    if not isinstance(usage, Mapping):
        return []
    lines = []
    for name, limit in (("today", "day"), ("month", "month")):
        use, most = usage[name], usage["budget"][f"hard_tokens_{limit}"]
        of = "" if most is None else f" of {most}"
        sound = f"{use['heard_ms'] / 60_000:.1f} min sent, {use['spoken_ms'] / 60_000:.1f} min answered"
        lines.append(f"{name}: {use['total']}{of} tokens in {_turns(use['turns'])}, {sound}")
    if usage["verdict"] != "fine":
        lines.append(f"budget: the {usage['verdict']} limit is reached")
    return lines


def lamp_lines(answer: Mapping[str, object]) -> list[str]:
    lights = answer.get("lights")
    if not isinstance(lights, Mapping):
        return []
    return [f"{name}: {', '.join(str(value) for value in state.values())}" for name, state in lights.items()]


def timer_lines(answer: Mapping[str, object]) -> list[str]:
    """What rings, what was missed, and what is to come, the next one first."""
    lines = []
    for state in ("ringing", "missed"):
        found = answer.get(state)
        lines += [f"{state}: {what}" for what in found] if isinstance(found, list) else []
    timers = answer.get("timers")
    for timer in timers if isinstance(timers, list) else ():
        name = f" ({timer['name']})" if timer["name"] else ""
        at = f" at {timer['at']}{' every day' if timer['daily'] else ''}" if "at" in timer else ""
        left = f" in {timer['left']}" if "left" in timer else ""
        does = "rings" if timer["kind"] == "ring" else f"sets {', '.join(timer['args'].get('names', ()))}"
        lines.append(f"timer {timer['number']}{name}: {does}{at}{left}")
    return lines


def settings_lines(shown: Mapping[str, object]) -> list[str]:
    """The effective configuration, much as the file would say it."""
    lines = []
    for section, value in shown.items():
        if isinstance(value, Mapping) and value:
            lines += [f"[{section}]", *(f"{name} = {_value(setting)}" for name, setting in value.items())]
        elif isinstance(value, tuple):
            for item in value:
                lines.append(f"[{section}.{_value(item['name'])}]")
                lines += [f"{name} = {_value(it)}" for name, it in item.items() if name != "name"]
        else:
            lines.append(f"{section} = {_value(value)}")
    return lines


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
