# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider csi_addons against csi-addons' own manager and sidecar, beyond what the contract asks of every provider."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_site
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.kept import KeptRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.cluster import wait_until
from demo.lab import Lab
from urllib3.exceptions import ProtocolError

SEEN_WITHIN = 90


volume_by_volume = pytest.mark.parametrize("kept", ["volume"], indirect=True)


@pytest.fixture(scope="module", params=["volume", "group"])
def kept(request: pytest.FixtureRequest, lab: Lab) -> Iterator[KeptRig[CsiAddonsRig]]:
    rigs = KeptRig(lambda: CsiAddonsRig(lab, volumes=3, per=request.param))
    try:
        yield rigs
    finally:
        rigs.remove()


@pytest.fixture
def rig(kept: KeptRig[CsiAddonsRig]) -> CsiAddonsRig:
    """Volumes that replicate from east to west, one by one or as a group, with a first text on them."""
    return kept.fresh()


def move(rig: CsiAddonsRig, source: str, target: str) -> None:
    rig.provider.demote(rig.group, source)
    assert rig.provider.final_sync(rig.group, source, target).holds
    rig.provider.promote(rig.group, target, forced=False)


def test_p3_a_planned_move_there_and_back_loses_nothing(rig: CsiAddonsRig) -> None:
    for source, target in (("east", "west"), ("west", "east")):
        rig.write(source, f"last words of {source}")
        move(rig, source, target)
        assert rig.read(target) == f"last words of {source}"
        assert status(rig, target).role == "primary"
        assert status(rig, source).sync_proof
    assert roles(rig) == ("primary", "secondary")


def test_a_forced_switch_and_the_way_back(rig: CsiAddonsRig) -> None:
    rig.cut()
    rig.write("east", "too late")
    provider, group = rig.without_answer("east")
    assert provider.promote(group, "west", forced=True)
    assert rig.read("west") == "first"
    assert status(rig, "west").direction == "none"
    rig.join()
    assert roles(rig) == ("primary", "primary")
    rig.write("west", "new life")
    assert rig.provider.resync(rig.group, "east")
    assert rig.read("east") == "new life"
    assert rig.asked("east") == {"secondary"}
    assert not rig.provider.resync(rig.group, "east")
    move(rig, "west", "east")
    assert rig.read("east") == "new life"


@volume_by_volume
def test_p1_what_the_guard_is_for_the_product_forces_by_itself(rig: CsiAddonsRig) -> None:
    """First the refusal, then the same order by hand: two primaries, and a status as after a clean promotion."""
    with pytest.raises(Refused, match="at east it is not proven to be demoted"):
        rig.provider.promote(rig.group, "west", forced=False)
    assert roles(rig) == ("primary", "secondary")
    for name in rig.volumes:
        rig.apis["west"].patch(VOLUME_REPLICATION, name, SPACE, {"spec": {"replicationState": "primary"}})

    def other() -> list[str]:
        return [] if status(rig, "west").role == "primary" else [status(rig, "west").message]

    wait_until("the forced promotion", SEEN_WITHIN, other)
    assert roles(rig) == ("primary", "primary")
    assert status(rig, "west").health == "healthy"


@volume_by_volume
def test_p5_a_partly_switched_group_is_completed_by_a_rerun(rig: CsiAddonsRig) -> None:
    rig.provider.demote(rig.group, "east")
    assert roles(rig) == ("secondary", "secondary")
    assert rig.provider.final_sync(rig.group, "east", "west").holds
    first = rig.volumes[0]
    rig.apis["west"].patch(VOLUME_REPLICATION, first, SPACE, {"spec": {"replicationState": "primary"}})

    def other() -> list[str]:
        seen = status(rig, "west").message
        return [] if f"partly switched: 1 primary ({SPACE}/{first})" in seen else [seen]

    wait_until("one primary", SEEN_WITHIN, other)
    assert rig.provider.promote(rig.group, "west", forced=False)
    assert roles(rig) == ("secondary", "primary")


@volume_by_volume
def test_a_sync_that_never_ends_has_a_deadline_and_says_what_it_saw(rig: CsiAddonsRig) -> None:
    rig.cut()
    rig.write("east", "does not arrive")
    rig.provider.demote(rig.group, "east")
    provider, group = rig.impatient()
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(rig.provider.final_sync, rig.group, "east", "west")
        with pytest.raises(Timeout, match=r"state Secondary, Completed=True/Demoted, Degraded=True"):
            provider.final_sync(group, "east", "west")
        # so it was the deadline, and not what was seen
        assert not patient.done()
        with pytest.raises(Refused, match="not proven to be synced"):
            provider.promote(group, "west", forced=False)
        # which ends the patient one too
        assert provider.promote(group, "east", forced=False)
    with pytest.raises(TerminalState, match="asked it for primary"):
        patient.result()
    assert roles(rig) == ("primary", "secondary")


@volume_by_volume
def test_a_volume_that_the_storage_does_not_have_ends_with_its_words(rig: CsiAddonsRig) -> None:
    """The controller tries again for ever; the deadline ends it, and the storage's message is in the error."""
    move(rig, "east", "west")
    gone = rig.volumes[0]
    requests.delete(f"{rig.sites['east']['storage_url']}/v1/exports/{gone}", timeout=30).raise_for_status()
    rig.provider.demote(rig.group, "west")
    provider, group = rig.provider_with(timeout="20s")
    with pytest.raises((Timeout, TerminalState), match=gone):
        provider.promote(group, "east", forced=True)


def test_an_absent_class_is_refused_before_anything_is_written(rig: CsiAddonsRig) -> None:
    provider, group = rig.provider_with(of_each_site={"class": "missing"})
    before = {site: rig.objects(site) for site in ("east", "west")}
    for call, arguments in (("promote", ("west", True)), ("disable", ("west",)), ("demote", ("east",))):
        with pytest.raises(Refused, match="missing is absent; there is: nfs-replication"):
            getattr(provider, call)(group, *arguments)
    for site, objects in before.items():
        assert {name: item["spec"] for name, item in rig.objects(site).items()} == {
            name: item["spec"] for name, item in objects.items()
        }


class Faults:
    """Before the connections of an Api: answers of its own for the next requests of a method to a path."""

    def __init__(self, api: Api, path: str, method: str, *answers: int) -> None:
        self._pool, api._pool = api._pool, self
        self._path, self._method = path, method
        self.answers = list(answers)
        self._lock = threading.Lock()

    def request(self, method: str, url: str, **options: Any) -> Any:
        with self._lock:
            chosen = self.answers.pop(0) if self._path in url and method == self._method and self.answers else None
        if chosen is None:
            return self._pool.request(method, url, **options)
        if chosen == 0:
            raise ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))
        body = b'{"kind": "Status", "message": "injected"}'
        return SimpleNamespace(status=chosen, data=body, headers={})


@volume_by_volume
def test_bursts_of_errors_are_sat_out(rig: CsiAddonsRig) -> None:
    api = open_site(rig.plan, "east")
    faults = [
        Faults(api, "volumereplications", "PATCH", 429, 500, 503, 0, 429),
        Faults(api, "volumereplications", "GET", 500, 0, 429, 504),
    ]
    provider, group = rig.provider_with(apis={"east": api})
    assert provider.demote(group, "east")
    assert provider.final_sync(group, "east", "west").holds
    assert [fault.answers for fault in faults] == [[], []]
    assert roles(rig) == ("secondary", "secondary")


@volume_by_volume
def test_a_site_without_the_api_is_said_and_has_no_role(rig: CsiAddonsRig) -> None:
    api = open_site(rig.plan, "west")
    Faults(api, "replication.storage.openshift.io", "GET", *[404] * 50)
    provider, group = rig.provider_with(apis={"west": api})
    seen = provider.observe(group, "west")
    assert (seen.role, seen.health, seen.reachable) == ("unknown", "error", True)
    with pytest.raises(Unsupported, match="install csi-addons"):
        provider.promote(group, "west", forced=True)
    assert rig.asked("west") == {"secondary"}


@volume_by_volume
def test_the_lost_site_is_fenced_for_real_and_unfenced(rig: CsiAddonsRig) -> None:
    def fenced() -> list[str]:
        return requests.get(f"{rig.sites['west']['storage_url']}/v1/fence", timeout=30).json()["cidrs"] or []

    cidrs = sorted(rig.sites["east"]["csi_addons"]["cidrs"])
    assert fenced() == []
    proof = rig.provider.fence(rig.group, "west", "east")
    assert all(cidr in proof.evidence for cidr in cidrs)
    assert sorted(fenced()) == cidrs
    assert rig.provider.unfence(rig.group, "west", "east")
    assert fenced() == []
    assert not rig.provider.unfence(rig.group, "west", "east")


def test_p8_the_end_keeps_claims_and_data(rig: CsiAddonsRig) -> None:
    for site in ("west", "east"):
        assert rig.provider.disable(rig.group, site)
        assert rig.objects(site) == {}
    assert (rig.read("east"), rig.read("west")) == ("first", "first")
    assert not status(rig, "east").present


@volume_by_volume
def test_it_is_detected(rig: CsiAddonsRig) -> None:
    provider, group = rig.provider_with()
    assert "nfs-replication of nfs.csi.k8s.io" in provider.detect(group, provider.sites["east"])
