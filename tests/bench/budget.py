"""The budget of the box, as budget.toml has it: what each line of it is beside what was measured.

python -m tests.bench.budget FILE     judges a file of `scripts/bench cost --json FILE` once more
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

BUDGET = Path(__file__).with_name("budget.toml")

Line = dict[str, Any]


def rules() -> list[Line]:
    found: list[Line] = tomllib.loads(BUDGET.read_text(encoding="utf-8"))["rule"]
    return found


def judged(found: Mapping[str, Any], budget: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Every rule with what `is` and whether that is `kept`; neither is there for a sound that was left out.

    Raises KeyError for a figure that is missing though its sound was there: a rule must not die unseen.
    """
    lines = []
    for rule in budget:
        line = dict(rule)
        if rule["of"][0] != "sound" or rule["of"][1] in found["sound"]:
            line["is"] = round(_at(found, rule["of"]) / (_at(found, rule["to"]) if "to" in rule else 1.0), 3)
            line["kept"] = line["is"] <= rule["most"]
        lines.append(line)
    return lines


def exceeded(lines: Iterable[Line]) -> list[str]:
    return [
        f"{line['what']}: {line['is']:g} of {line['most']:g}" for line in lines if not line.get("kept", True)
    ]


def told(lines: Sequence[Line]) -> str:
    words = {True: "kept", False: "EXCEEDED", None: "not measured"}
    columns = ((line["what"], line.get("is", float("nan")), line) for line in lines)
    return "\n".join(
        f"{what:72} {value:8.2f} of {line['most']:<6g} {words[line.get('kept')]}"
        for what, value, line in columns
    )


def _at(found: Any, path: Iterable[str]) -> float:
    for step in path:
        found = found[step]
    return float(found)


if __name__ == "__main__":
    measured = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(told(judged(measured, rules())))
    if too_much := exceeded(judged(measured, rules())):
        raise SystemExit("the budget is exceeded: " + "; ".join(too_much))
