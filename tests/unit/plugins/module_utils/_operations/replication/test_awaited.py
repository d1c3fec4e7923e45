# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover can say of groups whose volumes it has not made yet; a product that knows groups by them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import awaited
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.outlook import Outlook
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

ARRIVED = datetime(2026, 3, 1, 11, 59, 50, tzinfo=UTC)
RULE = {"match": {"nfs": {"server": ["a", "b"]}}, "set": {"east": {"nfs.server": "a"}, "west": {"nfs.server": "b"}}}
PLAN = plan_of(volumes={"rules": [RULE]})
VENDOR = plan_of(volumes={"rules": [RULE]}, metadata={"source": "vendor"})
ABSENT = GroupStatus("payroll", "west", "unknown", "unknown", "none", message="it has no volume here", present=False)
FOLLOWS = GroupStatus("payroll", "west", "secondary", "healthy", "incoming", ARRIVED)


class Product:
    """In the place of Groups: answers once it was told of volumes."""

    def __init__(self, _plan: Plan | None = None) -> None:
        self.servers: list[str] = []

    def expect(self, site: str, volumes: Sequence[Any]) -> None:
        assert site == "west"
        self.servers = [item.pv["spec"]["nfs"]["server"] for item in volumes]

    def hear(self, _site: str, _answer: object) -> None:
        pass

    def observe(self, sites: Sequence[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        assert list(sites) == ["west"]
        return {"west": [FOLLOWS if self.servers == ["b"] else ABSENT]}


class Source:
    """names: of complete captures of east, newest first; between them one that is incomplete, and one of west."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.read: list[str] = []

    def catalog(self, _api: object) -> list[CaptureInfo]:
        others = [("broken", "east", False), ("of-west", "west", True)]
        listed = [*others, *((name, "east", True) for name in self.names)]
        return [CaptureInfo(name, site, "2026-03-01T11:00:00Z", "any", complete) for name, site, complete in listed]

    def manifests(self, _api: object, name: str) -> Capture:
        self.read.append(name)
        if name == "unread":
            raise Unreachable("read the object store", seen="no answer")
        claim = {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"volumeName": "pv"}}
        nfs = {"server": "a", "path": "/exports/db"}
        volume = {"metadata": {"name": "pv"}, "spec": {"nfs": nfs, "claimRef": {"namespace": "payroll", "name": "db"}}}
        return Capture(name, {"persistentvolumeclaims": [claim], "persistentvolumes": [volume]})


def look(
    monkeypatch: pytest.MonkeyPatch, source: Source, status: GroupStatus = ABSENT, plan: Plan = PLAN
) -> GroupStatus:
    monkeypatch.setattr(awaited, "Groups", Product)
    monkeypatch.setattr(awaited, "source_of", lambda _plan: source)
    reached = {"west": Reach("west", "reachable", api=MemoryApi("west"))}  # type: ignore[arg-type]
    seen = awaited.look_with_capture(plan, "west", Outlook(reached, {"west": [status], "east": []}, []))
    (found,) = seen.groups["west"]
    return found


def test_p4_the_newest_capture_names_the_volumes_that_a_target_does_not_have_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Source("new", "old")
    assert look(monkeypatch, source).last_sync == ARRIVED
    assert source.read == ["new"]


def test_a_target_that_knows_its_groups_needs_no_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("new")
    assert look(monkeypatch, source, FOLLOWS) is FOLLOWS
    assert source.read == []


def test_p4_of_volumes_that_a_product_brings_the_record_and_the_rules_name_what_is_known_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert look(monkeypatch, Source("new"), plan=VENDOR).last_sync == ARRIVED


@pytest.mark.parametrize("operation", ["failover", "relocate"])
def test_a_promotion_does_not_wait_for_volumes_that_a_product_brings_after_it(
    monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    session = session_of(monkeypatch, operation, plan=VENDOR)
    here, _there = awaited.observe_groups(session)
    assert here[0].role == "secondary"


@pytest.mark.parametrize(("names", "message"), [((), "no volume here"), (("unread",), "no volume here; read the obj")])
def test_p4_a_capture_that_cannot_be_read_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], message: str
) -> None:
    found = look(monkeypatch, Source(*names))
    assert (found.role, found.last_sync) == ("unknown", None)
    assert message in found.message


@pytest.mark.parametrize(
    ("check_mode", "operation", "role"),
    [(True, "failover", "secondary"), (False, "failover", "unknown"), (True, "relocate", "unknown")],
)
def test_p9_a_failover_in_check_mode_sees_the_groups_of_its_capture(
    monkeypatch: pytest.MonkeyPatch, check_mode: bool, operation: str, role: str
) -> None:
    session = session_of(monkeypatch, operation, check_mode)
    here, _there = awaited.observe_groups(session)
    assert here[0].role == role


@pytest.mark.parametrize(("operation", "role"), [("failover", "secondary"), ("relocate", "unknown")])
def test_p4_a_step_before_the_volumes_knows_those_of_the_capture(
    monkeypatch: pytest.MonkeyPatch, operation: str, role: str
) -> None:
    session = session_of(monkeypatch, operation)
    awaited.expect_captured(session)
    assert session.groups.observe(["west"])["west"][0].role == role


def session_of(monkeypatch: pytest.MonkeyPatch, operation: str, check_mode: bool = False, plan: Plan = PLAN) -> Any:
    """A run whose chosen capture is of the plan's one volume."""
    monkeypatch.setattr(awaited, "source_of", lambda _plan: Source())
    groups = Product()
    return SimpleNamespace(
        plan=plan,
        api=MemoryApi("west"),
        target="west",
        check_mode=check_mode,
        run=SimpleNamespace(id="r-1", operation=operation, recovery_point=None),
        groups=groups,
        load=lambda _topic: {"name": "new"},
        observe_groups=lambda: (groups.observe(["west"])["west"], []),
    )
