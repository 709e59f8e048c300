"""How much of a disk the box takes: itself and what it needs, by the lists of files that came with them."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import appliance

MB = 1e6


def closure(name: str) -> dict[str, Distribution]:
    """A distribution and all that it needs, extras apart, where it is installed."""
    found: dict[str, Distribution] = {}
    left = [name]
    while left:
        asked = left.pop()
        if asked.lower() in found:
            continue
        try:
            here = distribution(asked)
        except PackageNotFoundError:
            continue  # of another platform
        found[asked.lower()] = here
        for need in here.requires or ():
            if "extra ==" not in need:
                left.append(re.split(r"[\s<>=!~;\[(]", need, maxsplit=1)[0])
    return found


def size_mb(package: Distribution) -> float:
    paths = [Path(str(package.locate_file(file))) for file in package.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file()) / MB


def disk_mb() -> dict[str, float]:
    own = sum(p.stat().st_size for p in Path(appliance.__file__).parent.rglob("*") if p.is_file()) / MB
    parts = {name: size_mb(package) for name, package in closure("appliance").items() if name != "appliance"}
    official = sum(size_mb(package) for package in closure("google-genai").values())
    whole = own + sum(parts.values())
    return {
        "box": round(whole, 1),
        "box, numpy of the system": round(whole - parts.get("numpy", 0.0), 1),
        "google-genai": round(official, 1),
    }
