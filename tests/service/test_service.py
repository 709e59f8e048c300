"""The units on a booted systemd of both Debians: what it is told, what it takes away, and what it does when
the box ends, hangs, goes deaf or is badly set up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .box import Box
from .machine import until
from .street import KEY, SOUND

pytestmark = pytest.mark.slow
UNIT = Path(__file__).parents[2] / "systemd" / "appliance.service"
EXAMPLES = UNIT.parent / "examples"
UNITS = "appliance.service appliance-failure.service appliance.socket"
PERSON = 1000


# -- what is said about the units ----------------------------------------------------------------------


def test_the_units_are_without_a_mistake(box: Box) -> None:
    done = box.machine.tried(f"SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no {UNITS}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_left_to_an_attacker_is_little_and_each_point_has_its_reason(box: Box) -> None:
    for unit, most in {"appliance.service": 15, "appliance-failure.service": 10}.items():
        box.machine.run(f"systemd-analyze security --no-pager --threshold={most} {unit}")
    shown = box.machine.run("systemd-analyze security --no-pager --json=short appliance.service")
    left = [point["name"] for point in json.loads(shown) if not point["set"] and point["exposure"]]
    reasons = dict(re.findall(r"^#   (\S+) +0\.\d  (\S.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name.rstrip("=") for name in left} == set(reasons)


# -- what it tells, and where the key is ----------------------------------------------------------------


def test_what_it_says_can_be_queried(box: Box) -> None:
    box.speak()
    this = f"_PID={box.machine.show('MainPID')}"  # other tests have spoken to it before
    box.machine.until(f"journalctl {this} APPLIANCE_EVENT=turn --no-pager | grep -q answered")
    [*_, turn] = box.machine.journal("-o", "json", this, "APPLIANCE_EVENT=turn").splitlines()
    fields = json.loads(turn)
    assert int(fields["TURN"]) > 0
    assert int(fields["LATENCY_MS"]) > 0
    assert fields["SYSLOG_IDENTIFIER"] == "appliance"
    assert "MESSAGE" in fields
    assert box.machine.journal("-u", "appliance", f"TURN={fields['TURN']}")
    assert box.machine.journal("-u", "appliance", f"LATENCY_MS={fields['LATENCY_MS']}")


def test_the_key_is_nowhere_but_in_its_credential(box: Box) -> None:
    pid = box.machine.show("MainPID")
    assert box.machine.run("cat /run/credentials/appliance.service/gemini-api-key") == KEY
    for place in (f"/proc/{pid}/cmdline", f"/proc/{pid}/environ"):
        assert KEY not in box.machine.run(f"tr '\\0' '\\n' <{place}")
    for line in ("journalctl --no-pager -a", "systemctl show appliance", "systemctl cat appliance"):
        assert KEY not in box.machine.run(line)
    assert KEY not in box.machine.run("appliance config --json")
    found = box.machine.tried(
        f"grep -rlF {KEY} /etc /opt /var /run/appliance /usr/local /root /tmp"
    ).stdout.split()
    assert found == ["/etc/appliance/gemini-api-key"]
    assert box.machine.run("stat -c %a /run/credentials/appliance.service").endswith("0"), "nobody else's"
    someone = "setpriv --reuid=65534 --regid=65534 --clear-groups cat /run/credentials/appliance.service/*"
    assert "ermission denied" in box.machine.tried(someone).stderr


def test_the_key_may_be_encrypted_on_the_disk(box: Box) -> None:
    text = (EXAMPLES / "encrypted-key.conf").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#   ") and "systemctl" not in line:
            box.machine.run(line.removeprefix("#   "))
    box.drop_in("encrypted-key", text)
    box.machine.run("systemctl restart appliance")
    box.listen()
    assert KEY not in box.machine.run("cat /etc/credstore.encrypted/gemini-api-key")
    assert not box.machine.tried(f"grep -rlF {KEY} /etc").stdout
    box.speak()


def test_no_key_is_a_state_with_its_remedy(box: Box) -> None:
    box.machine.run("rm /etc/appliance/gemini-api-key; systemctl restart appliance")
    box.listen()
    assert (
        "the credential gemini-api-key is empty; put the key into /etc/appliance/gemini-api-key" in box.ask()
    )
    assert box.machine.show("ActiveState") == "active"


# -- it ends -------------------------------------------------------------------------------------------


def test_it_is_started_again_whatever_ends_it(box: Box) -> None:
    """As often as it takes: no limit of starts, which would be five in ten seconds."""
    box.drop_in("soon", "[Service]\nRestartSec=100ms\n")
    box.machine.run("systemctl restart appliance")
    for _ in range(7):
        pid = box.machine.show("MainPID")
        box.machine.run(f"kill -KILL {pid}")
        box.machine.until(f"p=$(systemctl show --value -p MainPID appliance); [ $p != 0 ] && [ $p != {pid} ]")
    assert int(box.machine.show("NRestarts")) >= 7
    assert "for good" not in box.machine.journal("-u", "appliance-failure", "--since", "-20s")
    box.listen()


def test_it_is_started_again_when_it_hangs_and_when_it_is_deaf(box: Box) -> None:
    box.drop_in("watchdog", "[Service]\nWatchdogSec=4\n")
    box.machine.run("systemctl restart appliance")
    box.listen()
    pid = box.machine.show("MainPID")
    box.machine.run(f"kill -STOP {pid}")
    box.machine.until(f"[ $(systemctl show --value -p MainPID appliance) != {pid} ]")
    assert "Watchdog timeout" in box.machine.journal("-u", "appliance", "_PID=1")
    box.listen()

    pid = box.machine.show("MainPID")
    box.street.sound.freeze()
    try:
        box.machine.until(
            "journalctl -u appliance --no-pager | grep -c 'Watchdog timeout' | grep -qv '^1$'", 60
        )
        assert box.machine.show("MainPID") != pid
    finally:
        box.street.sound.thaw()
    box.listen()


def test_a_stop_is_clean_and_quick(box: Box) -> None:
    box.machine.run("systemctl stop appliance")
    assert box.machine.show("Result") == "success"
    assert "appliance has stopped" in box.machine.journal()
    assert not (box.machine.root / "run/appliance/control.sock").exists()


def test_mistakes_in_the_settings_end_it_for_good_and_the_failure_unit_says_what_to_do(box: Box) -> None:
    box.machine.write("/etc/appliance/appliance.toml", "[audio]\nechoes = 7\n")
    assert box.machine.tried("systemctl restart appliance").returncode
    box.machine.until(
        "journalctl -u appliance-failure APPLIANCE_EVENT=failed --no-pager | grep -q 'the settings'"
    )
    assert box.machine.show("ActiveState") == "failed"
    assert box.machine.show("NRestarts") == "0"
    assert "audio.echoes" in box.machine.journal()


def test_the_light_shows_an_error_until_it_is_started_again(box: Box) -> None:
    light = "[status_light]\npins = [16]\n"
    box.machine.write("/etc/appliance/appliance.toml", f"[audio]\nechoes = 7\n{light}")
    assert box.machine.tried("systemctl restart appliance").returncode
    box.machine.until("systemctl is-active appliance-failure")
    assert box.machine.show("ActiveState") == "failed", "though the other unit has begun"
    box.machine.write("/etc/appliance/appliance.toml", box.street.toml + light)
    box.machine.run("systemctl start appliance")
    assert box.machine.show("ActiveState", "appliance-failure") == "inactive"
    box.listen()


def test_a_missing_group_is_named_with_its_remedy(box: Box) -> None:
    box.machine.run("groupdel gpio")
    try:
        assert box.machine.tried("systemctl restart appliance").returncode
        box.machine.until("journalctl -u appliance-failure --no-pager | grep -q 'run systemd-sysusers'")
        assert box.machine.show("ActiveState") == "failed"
    finally:
        box.machine.run("systemd-sysusers")  # the remedy
    box.machine.run("systemctl restart appliance")
    assert box.machine.show("ActiveState") == "active"


def test_a_credential_that_cannot_be_decrypted_is_named_with_its_remedy(box: Box) -> None:
    """As on a card that was put into another board."""
    box.drop_in("encrypted-key", (EXAMPLES / "encrypted-key.conf").read_text(encoding="utf-8"))
    box.machine.write("/etc/credstore.encrypted/gemini-api-key", "bm90IGVuY3J5cHRlZCBieSB0aGlzIG1hY2hpbmU=\n")
    assert box.machine.tried("systemctl restart appliance").returncode
    box.machine.until("journalctl -u appliance-failure --no-pager | grep -q 'encrypted on another machine'")
    assert box.machine.show("ActiveState") == "failed"
    assert box.machine.show("NRestarts") == "0"


# -- its settings are changed ---------------------------------------------------------------------------


def test_a_reload_applies_what_it_can_and_says_what_needs_a_restart(box: Box) -> None:
    said = box.street.standin.said
    had = len(said)
    box.speak()
    until(lambda: len(said) > had, 30, box.machine.news)
    pid = box.machine.show("MainPID")
    text = box.street.toml + "[turns]\nfollow_up_s = 3.0\n[button]\npin = 5\n"
    box.machine.write("/etc/appliance/appliance.toml", text)
    box.machine.run("systemctl reload appliance")
    box.machine.until("journalctl APPLIANCE_EVENT=reload --no-pager | grep -q reloaded")
    [line] = box.machine.journal("APPLIANCE_EVENT=reload").splitlines()
    rest = "button.pin need a restart: systemctl restart appliance"
    assert line == f"settings reloaded: turns.follow_up_s changed; {rest}"
    assert box.machine.show("MainPID") == pid
    box.speak("off")
    until(lambda: len(said) > had + 1, 30, box.machine.news)
    assert len(said) == had + 2


def test_a_reload_of_a_mistake_fails_and_changes_nothing(box: Box) -> None:
    pid = box.machine.show("MainPID")
    box.machine.write("/etc/appliance/appliance.toml", "[audio]\nechoes = 7\n")
    assert box.machine.tried("systemctl reload appliance").returncode
    assert "audio.echoes" in box.machine.journal()
    assert box.machine.show("ActiveState") == "active"
    assert box.machine.show("MainPID") == pid


# -- it shares its machine -----------------------------------------------------------------------------


def test_a_second_daemon_is_told_that_there_is_one(box: Box) -> None:
    user = "setpriv --reuid=appliance --regid=appliance --clear-groups env GPIOZERO_PIN_FACTORY=mock"
    done = box.machine.tried(
        f"cd /run/appliance && {user} appliance run --config /etc/appliance/appliance.toml"
    )
    assert done.returncode == 69
    assert (
        "another daemon is running and listens on /run/appliance/control.sock; stop it first" in done.stderr
    )
    assert box.machine.show("ActiveState") == "active"


def test_who_is_in_its_group_may_command_it_and_nobody_else(box: Box) -> None:
    box.machine.run(f"id friend >/dev/null 2>&1 || useradd --uid {PERSON} --create-home friend")
    command = "setpriv --reuid=friend --regid=friend --init-groups appliance status"
    done = box.machine.tried(command)
    assert done.returncode == 69
    assert "join its group: sudo usermod -aG appliance $USER" in done.stderr
    box.machine.run("usermod -aG appliance friend")
    assert "idle" in box.machine.run(command)


def test_the_daemon_may_switch_the_machine_off_and_nobody_else(box: Box) -> None:
    """Where there is polkit, which the installer looks for."""
    box.machine.run("apt-get install -y polkitd")
    box.machine.run("install -m 0644 /src/systemd/polkit.rules /etc/polkit-1/rules.d/50-appliance.rules")
    box.machine.run("systemctl restart polkit")
    login = "org.freedesktop.login1"
    ask = f"busctl call {login} /org/freedesktop/login1 {login}.Manager CanPowerOff"
    answers = [
        box.machine.run(f"setpriv --reuid={user} --clear-groups {ask}") for user in ("appliance", "nobody")
    ]
    assert answers[0] == 's "yes"'
    assert answers[1] != answers[0]


def test_on_a_full_disk_and_a_read_only_one_it_goes_on(box: Box) -> None:
    box.machine.run("systemctl stop appliance; mount -t tmpfs -o size=16k tmpfs /var/lib/appliance")
    box.machine.run("chown appliance: /var/lib/appliance; chmod 700 /var/lib/appliance")
    box.machine.run("head -c 20000 /dev/zero >/var/lib/appliance/full 2>/dev/null || true")
    try:
        for name, why in {"tea": "No space left on device", "coffee": "Read-only file system"}.items():
            box.machine.run("systemctl restart appliance")
            box.listen()
            box.machine.run(f"appliance timers set 10m {name}")
            kept = f"nothing can be kept in /var/lib/appliance: {why}; tried again later"
            box.machine.until(f"journalctl -u appliance --no-pager | grep -q '{kept}'")
            assert name in box.machine.run("appliance timers")
            box.machine.run("mount -o remount,ro /var/lib/appliance")
    finally:
        box.machine.run("systemctl stop appliance; umount /var/lib/appliance")


def test_the_sound_server_of_a_session_can_be_used(box: Box) -> None:
    """The example as it is shipped, with a user of this number."""
    box.machine.run("apt-get install -y libpam-systemd")
    box.machine.run(f"id friend >/dev/null 2>&1 || useradd --uid {PERSON} --create-home friend")
    text = (EXAMPLES / "sound-session.conf").read_text(encoding="utf-8")
    assert f"/run/user/{PERSON}" in text
    box.drop_in("zz-session", text.replace("User=pi", "User=friend"))
    box.machine.run(f"systemctl start user@{PERSON}.service; mkdir -p /run/user/{PERSON}/pulse")
    box.machine.run(f"touch /run/user/{PERSON}/pulse/native; chown -R friend: /run/user/{PERSON}/pulse")
    box.machine.run(f"mount --bind {SOUND}/native /run/user/{PERSON}/pulse/native")
    try:
        box.machine.run("systemctl restart appliance")
        box.listen()
        assert box.machine.run(f"stat -c %U /proc/{box.machine.show('MainPID')}") == "friend"
        box.speak()
    finally:
        box.machine.run(f"systemctl stop appliance; umount /run/user/{PERSON}/pulse/native")
        box.machine.run("chown -R appliance: /run/appliance")


def test_systemd_may_listen_for_it(box: Box) -> None:
    """With appliance.socket a command waits for a daemon that is not there, and starts it."""
    box.machine.run("systemctl stop appliance; systemctl start appliance.socket")
    assert box.machine.show("ActiveState") == "inactive"
    assert box.machine.run("stat -c '%U %G %a' /run/appliance/control.sock") == "appliance appliance 660"
    assert "link" in box.machine.run("appliance status")
    assert box.machine.show("ActiveState") == "active"
    box.listen()
    box.machine.run("systemctl restart appliance & sleep 0.2; appliance status")
    box.listen()
    box.speak()
    box.machine.run("systemctl stop appliance.socket appliance")
