# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs by task files, with a player that answers at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Failed,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.answer import Answers
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.play import Outcome
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.provider import TasksProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.disk import Disk
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.player import Player
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, SimulatedTime

SECONDARY = {"role": "secondary", "health": "healthy", "direction": "incoming"}
PRIMARY = {"role": "primary", "health": "healthy", "direction": "outgoing"}


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def provider(plan: Plan, player: Player, **handles: Any) -> TasksProvider:
    def no_api() -> Any:
        raise Unreachable("connect", seen="no cluster is needed")

    sites = {site: SiteHandle(site, plan, no_api, **handles) for site in plan.sites}
    return TasksProvider(sites, player, SimulatedTime().clock())


def group(plan: Plan) -> Group:
    return plan.groups[0]


def test_a_verb_waits_until_the_product_shows_the_role(disk: Disk) -> None:
    player = Player(promote=[{"changed": True}], observe=[SECONDARY, {**PRIMARY, "direction": "none"}])
    assert provider(disk.plan, player).promote(group(disk.plan), "west", True) is True
    assert player.verbs == ["promote", "observe", "observe"]
    assert player.played[0].forced is True


def test_a_product_that_never_gets_there_ends_in_a_timeout_with_its_last_words(disk: Disk) -> None:
    plan = disk.plan_with(timeout="30s")
    player = Player(demote=[{"changed": True}], observe=[{**PRIMARY, "message": "still draining"}])
    with pytest.raises(Timeout, match="role primary: still draining; waited 30 s"):
        provider(plan, player).demote(group(plan), "east")


def test_a_terminal_state_ends_the_wait(disk: Disk) -> None:
    broken = {"role": "unknown", "health": "error", "direction": "none", "message": "license expired"}
    player = Player(promote=[{"changed": True}], observe=[broken])
    with pytest.raises(TerminalState, match="license expired"):
        provider(disk.plan, player).promote(group(disk.plan), "west", False)


def test_a_look_that_fails_once_does_not_end_the_wait(disk: Disk) -> None:
    player = Player(promote=[{"changed": False}], observe=[Outcome(failed="Ask: HTTP 500"), PRIMARY])
    assert provider(disk.plan, player).promote(group(disk.plan), "west", False) is False


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Ask: HTTP 403 Forbidden", Failed),
        ("Ask: the array refused the split, resolve its conflicts first", Failed),
        ("Ask: Connection refused", Unreachable),
        ("Ask: timed out", Unreachable),
        ("Ask: <urlopen error .Errno -2. Name or service not known>", Unreachable),
        ("Ask: Temporary failure in name resolution", Unreachable),
        ("Ask: curl: .6. Could not resolve host: array.east", Unreachable),
    ],
)
def test_p4_no_answer_and_an_error_are_two_things(disk: Disk, said: str, kind: type[Exception]) -> None:
    player = Player(demote=[Outcome(failed=said)], observe=[Outcome(failed=said)])
    with pytest.raises(kind, match=said):
        provider(disk.plan, player).demote(group(disk.plan), "east")
    seen = provider(disk.plan, player).observe(group(disk.plan), "east")
    assert (seen.role, seen.reachable, seen.message) == ("unknown", kind is Failed, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "did not set replication_answer"),
        ("primary", "did not set replication_answer"),
        ({"role": "primary"}, "no health, direction"),
        ({**PRIMARY, "role": "master"}, "role: 'master'"),
        ({**PRIMARY, "colour": "red"}, "unknown: colour"),
        ({**PRIMARY, "reachable": "yes"}, "reachable: 'yes'"),
        ({**PRIMARY, "direction": "incoming"}, "role primary with direction incoming"),
        ({**PRIMARY, "present": False}, "not reachable or not present"),
        ({**SECONDARY, "last_sync": "2026-03-01T11:00:00Z"}, "last_sync without last_sync_source"),
        ({**SECONDARY, "last_sync": "yesterday", "last_sync_source": "s"}, "last_sync: 'yesterday'"),
        ({**SECONDARY, "last_sync": "2026-03-01T11:00:00", "last_sync_source": "s"}, "with its time zone"),
        ({**SECONDARY, "last_sync": "2026-03-01T13:00:00Z", "last_sync_source": "s"}, "a moment that has passed"),
        ({**PRIMARY, "sync_proof": "all equal"}, "sync_proof at a primary"),
        ({**PRIMARY, "raw": "text"}, "raw: 'text'"),
    ],
)
def test_a_status_that_breaks_the_schema_is_no_role(disk: Disk, answer: Any, said: str) -> None:
    seen = provider(disk.plan, Player(observe=[answer])).observe(group(disk.plan), "west")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert said in seen.message


def test_a_whole_status_is_taken_as_it_is() -> None:
    told = {
        **SECONDARY,
        "last_sync": "2026-03-01T12:55:00+01:00",
        "last_sync_source": "newest snapshot",
        "raw": {"a": 1},
    }
    seen = Answers("payroll", "west", "observe.yml").status(told, NOON)
    assert seen.last_sync == datetime(2026, 3, 1, 11, 55, tzinfo=UTC)
    assert seen.lag(NOON) == timedelta(minutes=5)
    assert (seen.last_sync_source, seen.raw, seen.reachable, seen.present) == ("newest snapshot", {"a": 1}, True, True)


def test_what_a_template_of_the_oldest_ansible_makes_a_text_is_read_as_what_it_was() -> None:
    read = Answers("payroll", "west", "a.yml")
    assert read.status({**SECONDARY, "last_sync": ""}, NOON).last_sync is None
    told = {"holds": True, "compared": "sha256", "source": "a", "target": "a", "volumes": "3", "bytes": ""}
    proof = read.proof(told, NOON)
    assert (proof.volumes, proof.bytes) == (3, None)


@pytest.mark.parametrize("answer", [{}, {"changed": "yes"}, {"changed": True, "role": "primary"}])
def test_a_verb_that_does_not_say_what_it_did_is_refused(disk: Disk, answer: Any) -> None:
    with pytest.raises(Refused, match=r"read the answer of .*promote.yml .*docs/providers/tasks.md"):
        provider(disk.plan, Player(promote=[answer])).promote(group(disk.plan), "west", False)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "did not set replication_answer"),
        ({"holds": True, "compared": "sha256", "source": "a"}, "no target; wanted: at least"),
        ({"holds": "yes", "compared": "sha256", "source": "a", "target": "a"}, "holds: 'yes'"),
        ({"holds": True, "compared": " ", "source": "a", "target": "a"}, "compared: ' '"),
        ({"holds": True, "compared": "sha256", "source": "a", "target": "a", "bytes": -1}, "bytes: '-1'"),
    ],
)
def test_p3_half_a_proof_is_none(disk: Disk, answer: Any, said: str) -> None:
    player = Player(observe=[{**SECONDARY, "direction": "none"}], final_sync=[answer])
    with pytest.raises(Refused, match=said):
        provider(disk.plan, player).final_sync(group(disk.plan), "east", "west")


def test_p3_a_copy_that_may_be_written_to_is_not_even_compared(disk: Disk) -> None:
    player = Player(observe=[PRIMARY], final_sync=[{}])
    with pytest.raises(Refused, match="wanted: secondary: demoted before"):
        provider(disk.plan, player).final_sync(group(disk.plan), "east", "west")
    assert player.verbs == ["observe"]


def test_what_follows_already_is_not_thrown_away(disk: Disk) -> None:
    player = Player(observe=[SECONDARY], resync=[{"changed": True}])
    assert provider(disk.plan, player).resync(group(disk.plan), "west") is False
    assert "resync" not in player.verbs


def test_a_verb_without_a_file_is_refused_by_its_name(disk: Disk) -> None:
    with pytest.raises(Unsupported, match="pause on group payroll at site east"):
        provider(disk.plan, Player()).pause(group(disk.plan), "east")


def test_without_a_file_to_unfence_nothing_is_to_be_let_in(disk: Disk) -> None:
    assert provider(disk.plan, Player()).unfence(group(disk.plan), "west", "east") is False


def test_without_a_file_to_enable_what_replicates_is_only_looked_at(disk: Disk) -> None:
    looked = provider(disk.plan, Player(observe=[PRIMARY, SECONDARY]))
    assert looked.enable(group(disk.plan), "east", "west") is False


def test_without_a_file_to_enable_what_does_not_replicate_is_refused(disk: Disk) -> None:
    with pytest.raises(Refused, match="set the replication up at the storage"):
        provider(disk.plan, Player(observe=[PRIMARY])).enable(group(disk.plan), "east", "west")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"files": {"observe": "a.yml"}}, "no file for promote, demote, final_sync, resync"),
        ({"files": {"look": "a.yml"}}, "files: look"),
        ({"files": "all.yml"}, "no files"),
        ({"timeout": "2d"}, "timeout: 2d"),
        ({"observe_timeout": "soon"}, "observe_timeout: soon"),
        ({"vars_files": "secrets.yml"}, "vars_files: 'secrets.yml'"),
        ({"vars_files": ["~nobody-here/secrets.yml"]}, "~nobody-here/secrets.yml"),
    ],
)
def test_options_that_are_wrong_are_what_the_group_shows(disk: Disk, options: dict[str, Any], said: str) -> None:
    plan = disk.plan_with(**options)
    seen = provider(plan, Player(observe=[PRIMARY])).observe(group(plan), "east")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert said in seen.message


def test_a_file_that_is_absent_is_named(disk: Disk) -> None:
    (disk.folder / "promote.yml").unlink()
    with pytest.raises(Refused, match=r"promote\.yml is no file"):
        provider(disk.plan, Player()).promote(group(disk.plan), "west", False)


def test_a_file_that_a_later_verb_lacks_is_told_by_the_first_look(disk: Disk) -> None:
    for verb in ("promote", "fence"):
        (disk.folder / f"{verb}.yml").unlink()
    seen = provider(disk.plan, Player(observe=[PRIMARY])).observe(group(disk.plan), "east")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert f"files.promote: {disk.folder}/promote.yml is no file; files.fence: " in seen.message


def test_files_of_a_plan_that_is_no_file_are_where_the_command_was_started(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible runs a module in the playbook's folder, and a shell's word for its own may be old."""
    plan = disk.plan_with(files={path.stem: path.name for path in disk.folder.glob("*.yml")})
    monkeypatch.setenv("PWD", "/")
    monkeypatch.setenv("OCPVIRT_DR_STARTED_IN", str(disk.folder))
    assert provider(plan, Player(observe=[PRIMARY])).observe(group(plan), "east").role == "primary"


def test_a_path_that_cannot_be_looked_at_is_no_file(disk: Disk) -> None:
    plan = disk.plan_with(vars_files=["x" * 300])
    assert "vars_files: no file" in provider(plan, Player(observe=[PRIMARY])).observe(group(plan), "east").message


@pytest.mark.parametrize(
    ("spec", "covered"),
    [
        ({"nfs": {"server": "192.0.2.10", "path": "/exports/payroll/db"}}, True),
        ({"nfs": {"server": "192.0.2.10", "path": "/exports/other/db"}}, False),
        ({"csi": {"driver": "nfs.csi.k8s.io"}}, False),
    ],
)
def test_p1_a_volume_that_is_not_as_the_plan_says_is_outside(disk: Disk, spec: dict[str, Any], covered: bool) -> None:
    assert provider(disk.plan, Player()).covers(group(disk.plan), "east", {"spec": spec}) is covered


def test_secrets_are_revealed_to_the_tasks_only(disk: Disk) -> None:
    player = Player(observe=[PRIMARY])
    found = provider(disk.plan, player, reveal=lambda options: {**options, "password": "s3cret"})
    found.observe(group(disk.plan), "east")
    assert player.played[0].here["password"] == player.played[0].there["password"] == "s3cret"
    assert "s3cret" not in repr(player.played[0])


def test_p6_only_what_changes_something_keeps_the_lock(disk: Disk) -> None:
    kept: list[int] = []

    class Outlasting:
        def __init__(self, seconds: int) -> None:
            kept.append(seconds)

        def __enter__(self) -> None:
            return None

        def __exit__(self, *_error: object) -> None:
            return None

    player = Player(observe=[PRIMARY], promote=[{"changed": True}])
    provider(disk.plan, player, outlasting=Outlasting).promote(group(disk.plan), "west", False)
    assert kept == [600]


def test_p4_what_a_failover_does_without_is_not_waited_for(disk: Disk) -> None:
    player = Player(demote=[{"changed": True}], observe=[{**PRIMARY, "message": "still draining"}])
    found = provider(disk.plan, player)
    found.sites["east"].wait_at_most(30)
    with pytest.raises(Timeout, match="still draining; waited 30 s"):
        found.demote(group(disk.plan), "east")
    assert [(request.hurried, request.seconds) for request in player.played if request.verb == "demote"] == [(True, 30)]


def test_p4_a_look_at_a_lost_site_has_no_more_time_than_that_site(disk: Disk) -> None:
    player = Player(observe=[PRIMARY])
    found = provider(disk.plan, player)
    found.sites["east"].hurry(6)
    for site in ("east", "west"):
        found.observe(group(disk.plan), site)
    assert [(request.hurried, request.seconds) for request in player.played] == [
        (True, pytest.approx(6, abs=1)),
        (False, 60),
    ]
