"""The house stands: who may know whom, what the ground floor must not touch, where each part is tested."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "appliance"
LONGEST = 400
IMPURE = {"time", "asyncio", "socket", "threading", "random"}
IO = {
    "os",
    "sys",
    "io",
    "pathlib",
    "subprocess",
    "ssl",
    "select",
    "selectors",
    "signal",
    "tempfile",
    "shutil",
}
IO |= {"logging", "urllib", "http", "queue", "multiprocessing", "concurrent", "datetime", "uuid", "secrets"}
SOUND = {"soundcard", "microphone", "speaker", "playout", "portaudio", "quiet", "resample"}
SOUND |= {"apart", "jingles", "cards", "choice", "doubt", "level", "upkeep"}
LINE = {"link", "ending"}

GROUND = (
    "core",
    "errors",
    "problems",
    "extra",
    "models",
    "settings",
    "auth",
    "optics",
    "audition",
    "suitable",
    "home",
    "config",
    "asking",
    "masking",
    "capacity",
)
MAY = {  # room: the rooms it may know besides itself; a file of the package is a room of its own
    "errors": (),
    "problems": ("errors",),
    "models": (),
    "settings": ("core",),
    "asking": ("core", "problems"),
    "auth": ("core", "problems", "settings"),
    "masking": (),
    "extra": ("problems",),
    "optics": ("problems", "settings"),
    "audition": ("core", "problems", "settings"),
    "suitable": ("models", "problems", "settings"),
    "home": ("core", "errors", "problems", "settings"),
    "capacity": ("core", "errors", "models", "settings", "suitable"),
    "sections": ("core", "problems", "settings"),
    "config": (
        *("core", "errors", "problems", "models", "settings", "auth", "optics", "audition", "suitable"),
        *("extra", "home", "sections"),
    ),
    "functions": ("core",),
    "skills": ("core", "manners", "memories", "models", "settings"),
    "core": ("errors",),
    "adapters": GROUND,
    "standin": (),
    "pump": ("core",),
    "recorder": ("core", "errors"),
    "desk": (),
    "caller": ("errors",),
    "telling": ("core",),
    "eyesight": ("adapters", *GROUND),
    "memories": ("adapters", "core", "settings"),
    "hearing": ("adapters", *GROUND),
    "manners": ("core", "settings"),
    "statement": (),
    "sounding": ("adapters", *GROUND),
    "acoustics": ("adapters", "hearing", *GROUND),
    "notices": ("errors",),
    "listing": ("adapters", *GROUND),
    "reloading": ("adapters", "desk", *GROUND),
    "picking": ("listing", "errors", "settings"),
    "aftermath": ("adapters", *GROUND),
    "fallback": ("adapters", "core", "manners", "settings"),
    "offline": ("adapters", "fallback", "standin", *GROUND),
    "panel": ("adapters", *GROUND),
    "app": (
        "panel",
        *("memories", "adapters", "pump", "recorder", "desk", "eyesight", "acoustics", "hearing", "skills"),
        "manners",
        "reloading",
        "fallback",
        *GROUND,
    ),
    "demo": ("app", "adapters", "pump", "desk", "eyesight", "standin", *GROUND),
    "manual": ("cli",),
    "trial": ("adapters", *GROUND),
    "doctor": ("app", "fallback", "listing", "sounding", "trial", "caller", "adapters", *GROUND),
    "setup": ("doctor", "listing", "sounding", "trial", "caller", "adapters", *GROUND),
    "cli": (
        "sounding",
        "offline",
        "app",
        "demo",
        "picking",
        "aftermath",
        "caller",
        "telling",
        *("statement", "notices"),
        "recorder",
        "adapters",
        *("doctor", "setup"),
        *GROUND,
    ),
    "__main__": ("cli",),
    "__init__": (),
}
EVERYWHERE = "__init__"  # the version


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever in it: `appliance.core.events`, `os.path`."""
    package = ("appliance", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, 0):
                assert module is not None
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom(module, names, int(level)):
                base = package[: len(package) - level + 1]
                stem = ".".join((*base, module) if module else base)
                yield from (f"{stem}.{alias.name}" for alias in names)


def ours(path: Path) -> set[tuple[str, str]]:
    """The modules of the house that a file imports, as (room, module in it)."""
    found: set[tuple[str, str]] = set()
    for name in imported(path):
        head, *rest = name.split(".")
        if head != "appliance" or not rest:
            continue
        is_room = (PACKAGE / rest[0]).is_dir() or (PACKAGE / f"{rest[0]}.py").exists()
        found.add((rest[0] if is_room else EVERYWHERE, rest[1] if len(rest) > 1 else ""))
    return found


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


@pytest.mark.parametrize("path", named(sources()))
def test_imports_go_downward(path: Path) -> None:
    own = room(path)
    assert own in MAY, f"say in {Path(__file__).name} on which floor {own} is"
    strangers = {other for other, _ in ours(path)} - {own, EVERYWHERE, *MAY[own]}
    assert not strangers, f"{own} must not know {', '.join(sorted(strangers))}"


@pytest.mark.parametrize("path", named(sorted((PACKAGE / "adapters").glob("*.py"))))
def test_adapters_do_not_know_each_other(path: Path) -> None:
    neighbours = {module for other, module in ours(path) if other == "adapters"} - {path.stem}
    allowed = next((family for family in (SOUND, LINE) if path.stem in family), set())
    assert neighbours <= allowed, f"{path.stem} must not know {', '.join(sorted(neighbours - allowed))}"


@pytest.mark.parametrize("path", named([p for p in sources() if room(p) == "core"]))
def test_the_ground_floor_is_pure(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imported(path)} - {"appliance"}
    assert not tops & (IMPURE | IO), "the core is told what happens and when; it looks at nothing"
    assert tops <= set(sys.stdlib_module_names), "the core needs nothing that is not Python's own"


def test_the_rules_would_notice() -> None:
    """The names are found in whatever way they are imported."""
    inside = PACKAGE / "core" / "somebody.py"
    text = "import time\nfrom os import path\ndef f():\n  from ..adapters import link\n  from . import wire\n"

    class Paper(type(inside)):  # type: ignore[misc]
        def read_text(self, *_: object, **__: object) -> str:
            return text

    paper = Paper(inside)
    assert set(imported(paper)) == {"time", "os.path", "appliance.adapters.link", "appliance.core.wire"}
    assert ours(paper) == {("adapters", "link"), ("core", "wire")}


@pytest.mark.parametrize("path", named(sources()))
def test_no_file_is_too_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines: another part is asking to be born"


@pytest.mark.parametrize("path", named(sources()))
def test_each_file_says_what_it_knows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "its first lines say what it knows"


TESTED = [p for where in ("core", "adapters") for p in sorted((PACKAGE / where).glob("*.py"))]


@pytest.mark.parametrize("path", named([p for p in TESTED if p.read_text(encoding="utf-8").strip()]))
def test_each_part_has_its_own_tests(path: Path) -> None:
    mirror = ROOT / "tests" / path.relative_to(PACKAGE).parent
    if path.stem in SOUND:
        assert (mirror / f"test_{path.stem}.py").exists() or (mirror / "test_soundcard.py").exists()
    else:
        assert (mirror / f"test_{path.stem}.py").exists(), f"{mirror.name}/test_{path.stem}.py is missing"
