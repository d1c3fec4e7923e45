"""The ssh control without servers: its options, what facts amount to, errors, and the shell text itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.control import control_for
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.http_api import HttpControl
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.ssh import PATIENCE, SshControl, judged
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.ssh_agent import AGENT
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

EAST = {"ssh": "root@east", "path": "/exports/payroll", "peer": "root@192.0.2.10"}
WEST = {"ssh": "root@west", "path": "/dr/payroll", "peer": "root@198.51.100.10"}

FACTS = {
    "name": "payroll",
    "path": "/exports/payroll",
    "role": "secondary",
    "peer": "root@192.0.2.10",
    "interval": "60",
    "interval_asked": "5",
    "epoch": "1-aa",
    "paused": "no",
    "source": "no",
    "synced": "",
    "resyncing": "no",
    "diverged": "",
    "last_sync": "2026-01-02T03:04:05Z",
    "recovery_point": "",
    "problem": "",
    "published": "ro",
    "changing": "no",
    "mounted": "yes",
    "age": "59",
    "there_role": "primary",
    "there_epoch": "1-aa",
    "reason": "",
    "message": "",
}


def group(east: dict[str, Any], west: dict[str, Any] | None = None) -> Group:
    return Group("payroll", LabelSelector(), options={"sites": {"east": east, "west": WEST if west is None else west}})


def test_the_options_choose_the_control() -> None:
    assert isinstance(control_for("east", group(EAST)), SshControl)
    assert isinstance(control_for("east", group({"control": "http://192.0.2.10:8049"})), HttpControl)
    with pytest.raises(Refused, match=r"control: URL .* or ssh"):
        control_for("east", group({"path": "/exports/payroll"}))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ssh", "-oProxyCommand=touch /tmp/x"),
        ("ssh", "root@east; touch x"),
        ("peer", "root@$(touch x)"),
        ("peer", "root@::1"),
        ("peer", None),
        ("path", "exports"),
        ("path", "/exports/../etc"),
        ("path", "/exports/a b"),
        ("path", "/exports/x\n"),
        ("path", "/"),
        ("state_dir", "/var/lib/%x"),
        ("cron_dir", "/etc/cron.d;x"),
        ("clients", ["*", "a b"]),
        ("clients", "-u"),
        ("export_options", "sync,rw"),
        ("export_options", "ro"),
        ("export_options", "sync)"),
        ("peer_ssh_options", ["-o", "ProxyCommand=touch x"]),
        ("peer_ssh_options", ["-i", "/key;x"]),
        ("ssh_options", [1]),
    ],
)
def test_an_unsafe_option_is_refused_by_name_without_its_value(option: str, value: Any) -> None:
    with pytest.raises(Refused, match=option) as refused:
        control_for("east", group({**EAST, option: value}))
    assert "touch" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("export_options", "rwx_like=1,no_root_squash"),
        ("clients", ["192.0.2.0/24", "@hosts", "[2001:db8::]/64"]),
        ("path", "/srv/.hidden/a..b/"),
    ],
)
def test_a_harmless_option_is_taken(name: str, value: Any) -> None:
    control_for("east", group({**EAST, name: value}))


@pytest.mark.parametrize(
    ("change", "health", "direction", "text"),
    [
        ({}, "healthy", "incoming", ""),
        ({"role": "primary", "there_role": "secondary"}, "healthy", "outgoing", ""),
        ({"age": "300"}, "degraded", "incoming", "older than 240 s"),
        ({"age": "300", "there_role": "secondary"}, "healthy", "incoming", ""),
        ({"age": "", "last_sync": ""}, "degraded", "incoming", "nothing has reached"),
        ({"source": "yes"}, "degraded", "none", "final sync has not completed"),
        ({"source": "yes", "synced": "bb"}, "healthy", "incoming", ""),
        ({"source": "yes", "synced": "bb", "there_role": "secondary"}, "healthy", "none", ""),
        ({"source": "yes", "synced": "bb", "there_epoch": "2-bb"}, "degraded", "none", "needs a resync"),
        ({"paused": "yes"}, "degraded", "incoming", "paused"),
        ({"resyncing": "yes"}, "degraded", "incoming", "resync"),
        ({"mounted": "no"}, "error", "incoming", "not mounted"),
        ({"diverged": "in epoch 1"}, "diverged", "none", "in epoch 1"),
        ({"role": "primary", "epoch": "2-bb"}, "degraded", "outgoing", "primary in epoch 1-aa and needs a resync"),
        ({"published": "rw"}, "degraded", "incoming", "exported rw"),
        ({"changing": "yes"}, "degraded", "incoming", "being changed"),
        ({"reason": "NotFound", "message": "at b: not set up"}, "degraded", "incoming", "not set up"),
    ],
)
def test_what_facts_amount_to(change: dict[str, str], health: str, direction: str, text: str) -> None:
    status = judged({**FACTS, **change})
    assert (status["health"], status["direction"]) == (health, direction)
    assert text in status["error"]
    assert bool(status["error"]) == (health != "healthy")


@pytest.mark.parametrize(
    ("change", "role"),
    [
        ({}, "secondary"),
        ({"published": "rw"}, "unknown"),
        ({"changing": "yes"}, "unknown"),
        ({"role": "primary", "published": "rw"}, "primary"),
        ({"role": "primary", "changing": "yes"}, "primary"),
    ],
)
def test_p1_secondary_is_what_nobody_can_write_to_and_nobody_is_promoting(change: dict[str, str], role: str) -> None:
    assert judged({**FACTS, **change})["role"] == role


def test_a_status_names_all_that_is_wrong() -> None:
    status = judged({**FACTS, "reason": "PeerUnreachable", "message": "no answer", "problem": "open transfer"})
    assert status["error"] == "no answer; open transfer"
    assert not status["peer_reachable"]


def fake_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> SshControl:
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return SshControl("east", "payroll", EAST, WEST, transfer=60, clock=SimulatedTime().clock())


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("NotFound", NotFound),
        ("Busy", Conflict),
        ("Exists", Conflict),
        ("PeerUnreachable", Unreachable),
        ("Diverged", TerminalState),
        ("NotSynced", Refused),
        ("PeerIsPrimary", Refused),
        ("Failed", Failed),
    ],
)
def test_a_reason_of_the_agent_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, kind: type[Exception]
) -> None:
    answer = f'{{"error":{{"reason":"{reason}","message":"why"}}}}'
    with pytest.raises(kind, match="demote by ssh to root@east on export payroll at site east; seen: why"):
        fake_ssh(tmp_path, monkeypatch, f"echo '{answer}'; exit 1").demote()


@pytest.mark.parametrize(
    ("script", "kind", "seen"),
    [
        ("echo 'no route' >&2; exit 255", Unreachable, "no route"),
        ("echo 'sh: not found' >&2; exit 127", Failed, "exit status 127: sh: not found"),
        ("echo hello", Failed, "exit status 0: hello"),
    ],
)
def test_an_answer_that_is_not_the_agents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, kind: type[Exception], seen: str
) -> None:
    with pytest.raises(kind, match=seen):
        fake_ssh(tmp_path, monkeypatch, script).status()


DROPPED = "kex_exchange_identification: Connection closed by remote host"
COUNTED = 'echo . >>"$0.count"; [ "$(wc -l <"$0.count")" -gt 2 ] &&'


def connections(folder: Path) -> int:
    return len((folder / "ssh.count").read_text().splitlines())


def test_connections_that_sshd_drops_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f"{COUNTED} echo '{{}}' && exit 0; echo '{DROPPED}' >&2; exit 255"
    fake_ssh(tmp_path, monkeypatch, script).demote()
    assert connections(tmp_path) == 3


def test_p10_connections_that_are_always_dropped_end_with_our_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unreachable, match=DROPPED) as error:
        fake_ssh(tmp_path, monkeypatch, f"echo '{DROPPED}' >&2; exit 255").demote()
    assert PATIENCE - 6 < (error.value.waited or 0) <= PATIENCE


@pytest.mark.parametrize(
    "words",
    [
        "Permission denied (publickey).",
        "Host key verification failed.",
        "ssh: Could not resolve hostname east: Name or service not known",
    ],
)
def test_what_no_repetition_changes_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    with pytest.raises(Unreachable, match=re.escape(words)):
        fake_ssh(tmp_path, monkeypatch, f"{COUNTED} true; echo '{words}' >&2; exit 255").demote()
    assert connections(tmp_path) == 1


def test_p4_a_look_is_one_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match=DROPPED):
        fake_ssh(tmp_path, monkeypatch, f"{COUNTED} true; echo '{DROPPED}' >&2; exit 255").look()
    assert connections(tmp_path) == 1


def test_a_machine_without_ssh_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failed, match="install ssh where"):
        control_for("east", group(EAST)).demote()


def test_shellcheck_has_nothing_to_say_about_the_agent(tmp_path: Path) -> None:
    script = tmp_path / "agent.sh"
    script.write_text(AGENT)
    done = subprocess.run(["shellcheck", "--shell=sh", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
