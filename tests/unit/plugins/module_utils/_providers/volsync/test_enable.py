# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How volsync begins and ends the replication of a group, what it takes for its own, and what it says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import REPLICATION_DESTINATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    Refused,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.volsync.objects import listen_patch, manual_patch
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.volsync.options import options_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.volsync.provider import VolsyncProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.double import DESTINATION, SOURCE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    add_claim,
    enabled,
    roles,
    world,
)


def test_the_source_sends_to_the_address_that_the_destination_has_published() -> None:
    made = enabled(world(volumes=1))
    assert made.item("east", SOURCE)["spec"] == {
        "sourcePVC": "disk-0",
        "trigger": {"schedule": "*/5 * * * *"},
        "paused": False,
        "rsyncTLS": {"keySecret": "dr-key", "copyMethod": "Snapshot", "address": "west-disk-0"},
    }
    assert made.item("west", DESTINATION)["spec"] == {
        "paused": False,
        "rsyncTLS": {
            "keySecret": "dr-key",
            "copyMethod": "Direct",
            "destinationPVC": "disk-0",
            "serviceType": "LoadBalancer",
        },
    }
    # the way back: its address is known before it is needed
    assert made.item("east", DESTINATION)["spec"]["paused"] is True


def test_enabling_twice_writes_nothing() -> None:
    made = enabled(world())
    assert made.provider.enable(made.group, "east", "west") is False
    assert (made.writes("east"), made.writes("west")) == ([], [])


def test_an_address_that_has_changed_is_sent_to_after_the_next_protect() -> None:
    made = enabled(world(volumes=1))
    made.item("east", SOURCE)["spec"]["rsyncTLS"]["address"] = "of a Service that is gone"
    assert made.provider.enable(made.group, "east", "west") is True
    assert made.item("east", SOURCE)["spec"]["rsyncTLS"]["address"] == "west-disk-0"


def test_before_the_claims_are_at_the_target_the_source_waits_for_them() -> None:
    made = world(at=("east",))
    assert made.provider.enable(made.group, "east", "west")
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health) == ("primary", "degraded")
    assert "sends nowhere" in seen.message
    assert made.provider.observe(made.group, "west").present is False
    for number in range(2):
        add_claim(made.apis["west"], f"disk-{number}")
    made.provider = made.fresh()
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    assert made.provider.observe(made.group, "west").health == "healthy"


def test_an_operator_that_is_down_ends_the_wait_for_addresses() -> None:
    made = world()
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match=r"wait for the addresses.*look whether VolSync's operator runs there"):
        made.provider.enable(made.group, "east", "west")


def test_a_site_that_does_not_serve_volsync_is_named() -> None:
    made = world()
    made.apis["west"].served = False
    with pytest.raises(Unsupported, match=r"west.*does not serve volsync.backube/v1alpha1"):
        made.provider.enable(made.group, "east", "west")
    assert made.provider.observe(made.group, "west").health == "error"


def test_a_definition_that_does_not_know_the_mover_is_told_and_nothing_is_made() -> None:
    made = world(volumes=1)
    made.apis["east"].knows_tls = False
    with pytest.raises(Failed, match=r"unknown field .spec.rsyncTLS"):
        made.provider.enable(made.group, "east", "west")
    assert [key for key in made.apis["east"].objects if key[0] == SOURCE] == []


@pytest.mark.parametrize("labels", [{}, {"dr.ocpvirt.io/replicates-plan": "other"}])
def test_p8_what_somebody_else_made_is_not_taken_over(labels: dict[str, str]) -> None:
    made = enabled(world(volumes=1))
    made.item("east", SOURCE)["metadata"]["labels"] = labels
    with pytest.raises(Conflict, match=r"belongs to (somebody else|plan other).*it was not touched"):
        made.provider.demote(made.group, "east")
    assert made.writes("east") == []
    assert made.provider.disable(made.group, "east") is True
    assert (SOURCE, "payroll", "disk-0") in made.apis["east"].objects


def test_p8_the_end_of_replication_keeps_claims_and_volumes() -> None:
    made = enabled(world())
    for site in ("east", "west"):
        assert made.provider.enabled(made.group, site) is True
        assert made.provider.disable(made.group, site) is True
        assert made.provider.enabled(made.group, site) is False
        assert made.provider.disable(made.group, site) is False
        assert {kind for kind, _namespace, _name in made.apis[site].objects} == {
            "PersistentVolume",
            "PersistentVolumeClaim",
        }


def test_the_objects_of_a_claim_that_is_about_to_go_are_deleted() -> None:
    made = enabled(world())
    made.provider.release(made.group, "east", ["payroll/disk-0"])
    left = {name for kind, _namespace, name in made.apis["east"].objects if kind in (SOURCE, DESTINATION)}
    assert left == {"disk-1"}


def test_a_claim_is_needed_by_what_writes_to_it() -> None:
    made = enabled(world())
    assert made.provider.needed_by(made.group, "west", ("payroll", "disk-0")) == f"{DESTINATION}/payroll/disk-0"
    assert made.provider.needed_by(made.group, "west", ("payroll", "other")) == ""


@pytest.mark.parametrize(
    ("name", "ref", "covered"),
    [
        ("pv-west-disk-0", {"namespace": "payroll", "name": "disk-0"}, True),
        ("pv-other", {"namespace": "payroll", "name": "disk-0"}, False),
        ("pv-west-disk-0", {"namespace": "elsewhere", "name": "disk-0"}, False),
        ("pv-new", {"namespace": "payroll", "name": "still-to-be-made"}, True),
    ],
)
def test_p1_a_volume_is_covered_by_the_claim_that_is_bound_to_it(name: str, ref: dict[str, str], covered: bool) -> None:
    made = world()
    pv: dict[str, Any] = {"metadata": {"name": name}, "spec": {"claimRef": ref}}
    assert made.provider.covers(made.group, "west", pv) is covered


def test_the_product_is_detected_by_what_replicates_the_claims() -> None:
    made = world()
    site = made.provider.sites["east"]
    assert VolsyncProvider.detect(made.group, site) == ""
    made = enabled(made)
    assert VolsyncProvider.detect(made.group, made.provider.sites["east"]) == "ReplicationSource disk-0, disk-1"


@pytest.mark.parametrize("status", [403, 404])
def test_a_site_without_volsync_or_without_rights_shows_nothing(status: int) -> None:
    made = world()
    assert made.provider.sites["east"].candidates(made.group)
    made.apis["east"].failures = [status]
    assert VolsyncProvider.detect(made.group, made.provider.sites["east"]) == ""


def test_p4_a_silent_site_is_a_status() -> None:
    made = enabled(world())
    made.apis["west"].reachable = False
    seen = made.fresh().observe(made.group, "west")
    assert (seen.reachable, seen.role) == (False, "unknown")


def test_the_last_sync_is_when_the_newest_copy_was_made_and_only_its_source_knows_it() -> None:
    made = enabled(world(volumes=1))
    here, there = (made.provider.observe(made.group, site) for site in ("east", "west"))
    assert here.last_sync
    assert "start of the last sync" in here.last_sync_source
    assert (there.last_sync, there.last_sync_source) == (None, "")
    assert there.arrived
    assert (there.arrived - here.last_sync).total_seconds() == 2.0


def test_data_is_older_than_all_that_its_listener_saw_of_it() -> None:
    """Why the replica tells no moment: a source keeps the copy that it made, until somebody listens."""
    made = enabled(world(volumes=1))
    west = made.apis["west"]
    west.patch(REPLICATION_DESTINATION, "disk-0", "payroll", manual_patch("once"))
    made.wait()
    made.data.write("east", "disk-0", "after the copy")
    written = west.clock.now()
    made.wait()
    west.patch(REPLICATION_DESTINATION, "disk-0", "payroll", listen_patch(paused=False))
    made.wait(1)
    listened = made.item("west", DESTINATION)["status"]
    assert datetime.fromisoformat(listened["lastSyncStartTime"]) > written
    seen = made.provider.observe(made.group, "west")
    assert made.data.read("west", "disk-0") == []
    assert seen.arrived
    assert seen.arrived > written
    assert seen.last_sync is None


@pytest.mark.parametrize("took", [None, "a while"])
def test_a_sync_of_unknown_duration_tells_no_moment(took: str | None) -> None:
    made = enabled(world(volumes=1))
    made.item("east", SOURCE)["status"]["lastSyncDuration"] = took
    seen = made.provider.observe(made.group, "east")
    assert (seen.last_sync, seen.last_sync_source) == (None, "")


@pytest.mark.parametrize(
    ("took", "seconds"), [("1h2m3.5s", 3723.5), ("2m0.25s", 120.25), ("0s", 0.0), ("850.5ms", 0.8505)]
)
def test_a_duration_is_read_as_go_writes_it(took: str, seconds: float) -> None:
    made = enabled(world(volumes=1))
    status = made.item("east", SOURCE)["status"]
    status["lastSyncDuration"] = took
    began = made.provider.observe(made.group, "east").last_sync
    assert began
    assert (datetime.fromisoformat(status["lastSyncTime"]) - began).total_seconds() == seconds


def test_a_group_that_is_partly_switched_says_which_claim_is_where() -> None:
    made = enabled(world())
    for name in ("disk-0",):
        made.item("west", DESTINATION, name)["spec"]["paused"] = True
        made.apis["west"].objects[SOURCE, "payroll", name] = {
            "kind": SOURCE,
            "metadata": {"name": name, "namespace": "payroll", "labels": {"dr.ocpvirt.io/replicates-plan": "payroll"}},
            "spec": {"sourcePVC": name, "rsyncTLS": {"keySecret": "dr-key"}, "paused": True},
        }
    seen = made.provider.observe(made.group, "west")
    assert seen.role == "unknown"
    assert "partly switched: 1 primary (payroll/disk-0), 1 secondary (payroll/disk-1)" in seen.message


def test_many_groups_cost_one_list_of_each_kind() -> None:
    made = enabled(world())
    counted: list[str] = []
    listed = made.apis["east"].list
    made.apis["east"].list = lambda kind, *rest, **named: (  # type: ignore[method-assign]
        counted.append(kind.kind),
        listed(kind, *rest, **named),
    )[1]
    groups = [Group(f"g{n}", LabelSelector(), options=made.group.options) for n in range(20)]
    assert {status.role for status in made.provider.observe_all(groups, "east")} == {"primary"}
    assert (counted.count(SOURCE), counted.count(DESTINATION)) == (1, 1)


def test_without_claims_nothing_is_replicated() -> None:
    made = world(at=())
    with pytest.raises(Refused, match=r"none of its claims is here.*prestage does"):
        made.provider.enable(made.group, "east", "west")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"secret": {}}, r"no reference to the movers' key.*secret: \{name: NAME\}"),
        ({"secret": {"name": 7}}, "no reference"),
        ({"copy_method": "Magic"}, "copy_method: Magic.*Snapshot, Clone, Direct"),
        ({"service_type": "NodePort"}, "service_type: NodePort"),
        ({"service_annotations": {"a": 1}}, "no mapping of texts"),
        ({"schedule": ""}, "schedule is empty"),
        ({"snapshot_class": 3}, "snapshot_class is no text"),
        ({"timeout": "soon"}, "timeout: soon"),
        ({"shedule": "@hourly"}, "unknown: shedule"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(options: dict[str, Any], said: str) -> None:
    made = world(**options)
    with pytest.raises(Refused, match=said):
        options_of(made.group, "east")
    assert made.provider.observe(made.group, "east").health == "error"
    with pytest.raises(DrError):
        made.provider.enable(made.group, "east", "west")


def test_p10_the_key_is_a_reference_and_its_secret_is_never_read() -> None:
    made = enabled(world())
    assert roles(made) == ("primary", "secondary")
    assert not any(kind == "Secret" for api in made.apis.values() for kind, _namespace, _name in api.objects)
