"""The coverage-guided fuzzer: `python -m tests.fuzz [--seconds N] [TARGET...]`; see scripts/fuzz.

Each target runs in a process of its own, so that one that hangs or is killed is a finding like any other.
What is found is kept in tests/fuzz/cases, where every run of the tests does it again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).parent / "cases"
NAMES = ("decoder", "request", "standin", "configuration", "life", "replay")
SEEDS = {
    "decoder": (
        '{"serverContent":{"modelTurn":{"parts":[{"text":"a"}]},"turnComplete":true}}',
        '{"goAway":{}}',
    ),
    "request": ('{"do":"ask","text":"a"}', '{"do":"talk","hold_s":2}', '{"do":"lights","name":"a"}'),
    "standin": ('{"setup":{"model":"models/a","tools":[]}}', '{"realtimeInput":{"activityStart":{}}}'),
    "configuration": ('\1[lights.a]\npin=4\n[live]\nmodel="x"\n',),
}
ONE_S = 20  # for one input: what takes longer hangs
MOST_MB = 2048
MOST_INPUT = 4096  # bytes


def main() -> int:
    parser = argparse.ArgumentParser("scripts/fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--run", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", choices=[*NAMES, []], metavar="TARGET")
    options = parser.parse_args()
    if options.run:
        return fuzz(options.run, options.seconds)
    failed = []
    for name in options.targets or NAMES:
        command = [sys.executable, "-m", "tests.fuzz", "--run", name, "--seconds", str(options.seconds)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        runs = [line for line in done.stderr.splitlines() if line.startswith(("Done ", "stat::number_of"))]
        print(f"{name}: {runs[-1] if runs else 'ended early'}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stderr[-3000:], done.stdout[-3000:], sep="\n", flush=True)
    if failed:
        print(f"found something: {', '.join(failed)}; the inputs are in {CASES}")
    return 1 if failed else 0


def fuzz(name: str, seconds: int) -> int:
    """In a process of its own: ends it."""
    import tempfile

    import atheris

    with atheris.instrument_imports(include=["appliance"]):  # before anybody else imports them
        from .targets import TARGETS
    cases = CASES / name
    cases.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS.get(name, ())):
            (Path(corpus) / f"seed-{number}").write_bytes(seed.encode())
        limits = (f"-max_total_time={seconds}", f"-timeout={ONE_S}", f"-rss_limit_mb={MOST_MB}")
        found = f"-artifact_prefix={cases}/"
        atheris.Setup([name, *limits, found, f"-max_len={MOST_INPUT}", corpus, str(cases)], TARGETS[name])
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
