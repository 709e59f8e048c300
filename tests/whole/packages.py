"""A package of functions, built and installed as a user installs one, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "example_functions"


def installed(into: Path) -> dict[str, str]:
    """Install the example into this directory; the environment in which a daemon finds it."""
    source = into / "source"  # a copy: building leaves its traces beside the sources
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    packages = into / "packages"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, "-t", str(packages), str(source)], check=True, capture_output=True, timeout=120)
    return {**os.environ, "PYTHONPATH": str(packages)}
