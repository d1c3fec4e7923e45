# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each array's answers mean: who may write, in which direction data flows, and what is proven."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.array.netapp_ontap import proof
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.array.product import Seen
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.array.provider import PRODUCTS
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.array.answers import (
    CONSISTENCY_GROUP,
    LINK,
    OPTIONS,
    PAIR,
    POD,
    RELATIONSHIP,
    VOLUME,
    changed,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.array.doubles import returned_sample
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON

RCG = returned_sample(
    "dellemc.powerflex.replication_consistency_group", "replication_consistency_group_details", "sample"
)
SESSION = returned_sample("dellemc.unity.replication_session", "replication_session_details", "sample")
MIRROR = returned_sample("netapp_eseries.santricity.netapp_e_amg_sync", "json", "example")
DEMOTED = {"export_policy": {"name": "nodes_ro"}}


def seen(product: str, site: str, raw: dict[str, Any]) -> Seen:
    options = OPTIONS[product]
    return Seen("payroll", site, options[site], options["west" if site == "east" else "east"], raw, NOON)


def status(product: str, site: str, raw: dict[str, Any]) -> GroupStatus:
    return PRODUCTS[product].status(seen(product, site, raw))


def shown(found: GroupStatus) -> tuple[str, str, str]:
    return found.role, found.health, found.direction


def ontap(site: str, volume: dict[str, Any], *relationships: Any, sends_to: str = "") -> GroupStatus:
    destinations = [{"destination": {"path": sends_to}}] if sends_to else []
    raw = {"volumes": [volume], "relationships": list(relationships), "destinations": destinations}
    return status("netapp_ontap", site, raw)


DP = changed(VOLUME, type="dp")


@pytest.mark.parametrize(
    ("site", "volume", "relationship", "sends_to", "wanted"),
    [
        ("east", VOLUME, {}, "svm_west:payroll", ("primary", "healthy", "outgoing")),
        ("east", VOLUME, {}, "", ("primary", "healthy", "none")),
        ("east", changed(VOLUME, nas=DEMOTED), {}, "svm_west:payroll", ("secondary", "healthy", "none")),
        ("east", changed(VOLUME, nas={"export_policy": {"name": "default"}}), {}, "", ("unknown", "error", "none")),
        ("west", DP, RELATIONSHIP, "", ("secondary", "healthy", "incoming")),
        ("west", DP, changed(RELATIONSHIP, healthy=False), "", ("secondary", "degraded", "incoming")),
        ("west", DP, changed(RELATIONSHIP, state="paused"), "", ("secondary", "degraded", "none")),
        ("west", DP, changed(RELATIONSHIP, state="uninitialized"), "", ("secondary", "error", "none")),
        ("west", DP, {}, "", ("secondary", "error", "none")),
        ("west", VOLUME, changed(RELATIONSHIP, state="broken_off"), "", ("primary", "healthy", "none")),
    ],
)
def test_p1_ontap(site: str, volume: Any, relationship: Any, sends_to: str, wanted: Any) -> None:
    assert shown(ontap(site, volume, *([relationship] if relationship else []), sends_to=sends_to)) == wanted


def test_ontap_s_lag_is_the_age_of_what_has_arrived() -> None:
    found = ontap("west", DP, RELATIONSHIP)
    assert (found.last_sync, found.last_sync_source) == (
        NOON - timedelta(minutes=8, seconds=42),
        "lag_time of the SnapMirror relationship, by ONTAP's clock",
    )


def test_a_relationship_with_another_volume_says_nothing_of_the_group() -> None:
    other = changed(RELATIONSHIP, source={"path": "svm_east:other"})
    assert shown(ontap("west", DP, other)) == ("secondary", "error", "none")


@pytest.mark.parametrize(
    ("after", "holds"),
    [
        ({"transfer": {"uuid": "b", "state": "success"}}, True),
        # the transfer of before the demotion
        ({"transfer": {"uuid": "a", "state": "success"}}, False),
        ({"transfer": {"uuid": "b", "state": "transferring"}}, False),
        ({"transfer": {"uuid": "b", "state": "failed"}}, False),
        ({"transfer": {"uuid": "b", "state": "success"}, "healthy": False}, False),
        ({"transfer": {"uuid": "b", "state": "success"}, "state": "broken_off"}, False),
    ],
)
def test_p3_ontap_has_everything_only_after_an_update_of_after_the_demotion(after: Any, holds: bool) -> None:
    raw = {"before": [RELATIONSHIP], "after": [changed(RELATIONSHIP, **after)]}
    source = GroupStatus("payroll", "east", "secondary", "healthy", "none")
    assert proof(seen("netapp_ontap", "east", raw), source).holds is holds


def test_p3_ontap_without_a_relationship_proves_nothing() -> None:
    source = GroupStatus("payroll", "east", "secondary", "healthy", "none")
    found = proof(seen("netapp_ontap", "east", {"before": [], "after": []}), source)
    assert (found.holds, found.target) == (False, "transfer none not begun, ended never, relationship absent")


def pure(site: str, promotion: str, **link: Any) -> GroupStatus:
    pods = {f"payroll-{site}": changed(POD, promotion_status=promotion)}
    return status("pure_flasharray", site, {"pods": pods, "replica_links": {f"payroll-{site}": changed(LINK, **link)}})


@pytest.mark.parametrize(
    ("promotion", "link", "wanted"),
    [
        ("promoted", {}, ("primary", "healthy", "outgoing")),
        ("demoted", {"direction": "inbound"}, ("secondary", "healthy", "incoming")),
        ("demoted", {"direction": "inbound", "status": "baselining"}, ("secondary", "degraded", "incoming")),
        ("demoted", {"direction": "inbound", "status": "paused"}, ("secondary", "degraded", "none")),
        ("promoted", {"status": "unhealthy"}, ("primary", "degraded", "none")),
        ("promoted", {"direction": "inbound"}, ("primary", "healthy", "none")),
        ("quiescing", {}, ("unknown", "unknown", "none")),
        ("promoting", {}, ("unknown", "unknown", "none")),
    ],
)
def test_p1_pure(promotion: str, link: dict[str, Any], wanted: Any) -> None:
    assert shown(pure("east", promotion, **link)) == wanted


@pytest.mark.parametrize(("state", "is_proven"), [("quiesced", True), ("replicating", False), ("quiescing", False)])
def test_p3_a_demoted_pod_has_sent_everything_once_its_link_has_quiesced(state: str, is_proven: bool) -> None:
    assert bool(pure("east", "demoted", status=state).sync_proof) is is_proven


def test_a_pure_recovery_point_is_read_in_the_time_zone_of_where_the_module_ran(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        found = pure("west", "demoted", direction="inbound", recovery_point="2026-03-01 12:59:58")
        assert found.last_sync == datetime(2026, 3, 1, 11, 59, 58, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, ("primary", "healthy", "outgoing")),
        ({"replicationDirection": "RemoteToLocal"}, ("secondary", "healthy", "incoming")),
        ({"pauseMode": "StopDataTransfer"}, ("primary", "healthy", "none")),
        ({"currConsistMode": "PartiallyConsistent"}, ("primary", "degraded", "outgoing")),
        ({"abstractState": "Error"}, ("primary", "error", "outgoing")),
        ({"failoverType": "Switchover", "failoverState": "InProgress"}, ("unknown", "degraded", "none")),
        ({"failoverType": "Switchover", "failoverState": "Done"}, ("secondary", "healthy", "none")),
        ({"failoverType": "Failover", "failoverState": "Done"}, ("secondary", "healthy", "none")),
        (
            {"replicationDirection": "RemoteToLocal", "failoverType": "Failover", "failoverState": "Done"},
            ("primary", "healthy", "none"),
        ),
        ({"replicationDirection": None}, ("unknown", "degraded", "none")),
    ],
)
def test_p1_powerflex(changes: dict[str, Any], wanted: Any) -> None:
    assert shown(status("dell_powerflex", "east", {"groups": [changed(RCG, **changes)]})) == wanted


@pytest.mark.parametrize(("kind", "is_proven"), [("Switchover", True), ("Failover", False)])
def test_p3_powerflex_proves_a_switchover_and_no_failover(kind: str, is_proven: bool) -> None:
    group = changed(RCG, failoverType=kind, failoverState="Done")
    assert bool(status("dell_powerflex", "east", {"groups": [group]}).sync_proof) is is_proven


def unity(role: str, state: str, **changes: Any) -> GroupStatus:
    session = changed(
        SESSION,
        local_role=f"ReplicationSessionReplicationRoleEnum.{role}",
        status=f"ReplicationOpStatusEnum.{state}",
        **changes,
    )
    return status("dell_unity", "east", {"session": session})


@pytest.mark.parametrize(
    ("role", "state", "wanted"),
    [
        ("SOURCE", "ACTIVE", ("primary", "healthy", "outgoing")),
        ("DESTINATION", "ACTIVE", ("secondary", "healthy", "incoming")),
        ("SOURCE", "FAILED_OVER_WITH_SYNC", ("secondary", "healthy", "none")),
        ("DESTINATION", "FAILED_OVER_WITH_SYNC", ("primary", "healthy", "none")),
        ("DESTINATION", "FAILED_OVER", ("primary", "degraded", "none")),
        ("DESTINATION", "LOST_COMMUNICATION", ("secondary", "degraded", "none")),
        ("SOURCE", "PAUSED", ("primary", "degraded", "none")),
        ("SOURCE", "FAILED_OVER_MIXED", ("unknown", "unknown", "none")),
        ("SOURCE", "NON_RECOVERABLE_ERROR", ("unknown", "error", "none")),
        ("LOCAL", "ACTIVE", ("unknown", "healthy", "none")),
    ],
)
def test_p1_unity(role: str, state: str, wanted: Any) -> None:
    assert shown(unity(role, state)) == wanted


@pytest.mark.parametrize(("state", "is_proven"), [("FAILED_OVER_WITH_SYNC", True), ("FAILED_OVER", False)])
def test_p3_unity_proves_a_failover_with_sync_only(state: str, is_proven: bool) -> None:
    assert bool(unity("SOURCE", state).sync_proof) is is_proven


def test_unity_s_last_sync_has_its_time_zone() -> None:
    assert unity("DESTINATION", "ACTIVE").last_sync == datetime(2023, 4, 18, 10, 35, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("site", "changes", "wanted"),
    [
        ("east", {}, ("primary", "healthy", "outgoing")),
        ("west", {}, ("secondary", "healthy", "incoming")),
        ("west", {"primary": "aux"}, ("primary", "healthy", "outgoing")),
        # both sides can be written to: both say so
        ("east", {"state": "idling", "primary": ""}, ("primary", "degraded", "none")),
        ("west", {"state": "idling", "primary": ""}, ("primary", "degraded", "none")),
        ("west", {"state": "consistent_disconnected"}, ("secondary", "degraded", "none")),
        ("west", {"state": "inconsistent_copying"}, ("secondary", "degraded", "incoming")),
        ("west", {"state": "empty", "primary": ""}, ("unknown", "degraded", "none")),
    ],
)
def test_p1_ibm(site: str, changes: dict[str, Any], wanted: Any) -> None:
    assert shown(status("ibm_storage_virtualize", site, {"groups": changed(CONSISTENCY_GROUP, **changes)})) == wanted


@pytest.mark.parametrize(
    ("state", "is_proven"), [("consistent_synchronized", True), ("consistent_copying", False), ("idling", False)]
)
def test_p3_ibm_proves_what_is_synchronized(state: str, is_proven: bool) -> None:
    group = changed(CONSISTENCY_GROUP, primary="aux", state=state)
    assert bool(status("ibm_storage_virtualize", "east", {"groups": [group]}).sync_proof) is is_proven


@pytest.mark.parametrize(
    ("site", "pvol", "svol", "wanted"),
    [
        ("east", "PAIR", "PAIR", ("primary", "healthy", "outgoing")),
        ("west", "PAIR", "PAIR", ("secondary", "healthy", "incoming")),
        ("west", "COPY", "COPY", ("secondary", "degraded", "incoming")),
        ("east", "PSUS", "SSWS", ("primary", "degraded", "none")),
        ("west", "PSUS", "SSWS", ("primary", "degraded", "none")),
        ("west", "PSUS", "SSUS", ("unknown", "degraded", "none")),
        ("west", "PSUE", "PSUE", ("secondary", "degraded", "none")),
    ],
)
def test_p1_hitachi(site: str, pvol: str, svol: str, wanted: Any) -> None:
    pair = changed(PAIR, pvol_status=pvol, svol_status=svol)
    assert shown(status("hitachi_vspone_block", site, {"pairs": [pair]})) == wanted


def test_a_copy_group_that_is_partly_switched_has_no_role() -> None:
    other = changed(PAIR, copy_pair_name="payroll-log", svol_status="SSWS")
    found = status("hitachi_vspone_block", "west", {"pairs": [PAIR, other]})
    assert (found.role, found.sync_proof) == ("unknown", "")
    assert found.message.startswith("partly switched: 1 primary (payroll-log), 1 secondary (payroll-db)")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, ("primary", "healthy", "outgoing")),
        ({"localRole": "secondary", "remoteRole": "primary"}, ("secondary", "healthy", "incoming")),
        ({"syncActivity": "suspended"}, ("primary", "degraded", "none")),
        ({"groupState": "degraded"}, ("primary", "degraded", "outgoing")),
        ({"roleChangeProgress": "pending"}, ("unknown", "degraded", "none")),
        ({"remoteRole": "primary"}, ("primary", "degraded", "none")),
    ],
)
def test_p1_santricity(changes: dict[str, Any], wanted: Any) -> None:
    assert shown(status("netapp_santricity", "east", {"groups": [changed(MIRROR, **changes)]})) == wanted


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_an_array_does_not_have_is_absent_and_nobody_s_role(product: str) -> None:
    found = status(product, "east", {})
    assert (found.role, found.present, found.reachable) == ("unknown", False, True)
    assert found.message.endswith("is not there")
