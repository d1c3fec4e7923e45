# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkFences, over an API in memory; a controller's answer is written while the wait sleeps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NETWORK_FENCE, NETWORK_FENCE_CLASS
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState, Timeout, Unsupported
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, world

CIDRS = ["192.0.2.0/24", "198.51.100.7/32"]
OPTIONS: dict[str, Any] = {
    "fence": {"provisioner": "block.csi.example.com", "secret": {"name": "fencer", "namespace": "storage"}},
    "sites": {"east": {"fence": {"cidrs": CIDRS}}},
}
FENCED = {"result": "Succeeded", "message": "fencing operation successful"}
UNFENCED = {"result": "Succeeded", "message": "unfencing operation successful"}


def fences(made: World) -> dict[str, dict[str, Any]]:
    return {name: item for (kind, _ns, name), item in made.apis["west"].objects.items() if kind == "NetworkFence"}


def answer(made: World, status: dict[str, str], after: float = 1.0) -> None:
    def write() -> None:
        for item in fences(made).values():
            item["status"] = dict(status)

    made.time.at(made.time.seconds + after, write)


def test_the_lost_sites_addresses_are_fenced_and_read_back() -> None:
    made = world(**OPTIONS)
    answer(made, FENCED)
    proof = made.provider.fence(made.group, "west", "east")
    ((name, found),) = fences(made).items()
    assert proof.evidence == f"NetworkFence {name} at west: {', '.join(CIDRS)} fenced by block.csi.example.com"
    assert found["spec"] == {
        "driver": "block.csi.example.com",
        "cidrs": CIDRS,
        "fenceState": "Fenced",
        "secret": {"name": "fencer", "namespace": "storage"},
    }
    assert made.provider.fence(made.group, "west", "east") == proof
    assert len(fences(made)) == 1


def test_driver_secret_and_parameters_come_from_the_class() -> None:
    made = world(**{**OPTIONS, "fence": {"class": "fencing"}})
    parameters = {
        "clusterID": "rook",
        "csiaddons.openshift.io/networkfence-secret-name": "fencer",
        "csiaddons.openshift.io/networkfence-secret-namespace": "storage",
    }
    body = {"metadata": {"name": "fencing"}, "spec": {"provisioner": "rbd.csi", "parameters": parameters}}
    made.apis["west"].create(NETWORK_FENCE_CLASS, body)
    answer(made, FENCED)
    made.provider.fence(made.group, "west", "east")
    (found,) = fences(made).values()
    assert (found["spec"]["driver"], found["spec"]["parameters"]) == ("rbd.csi", {"clusterID": "rook"})
    assert found["spec"]["secret"] == {"name": "fencer", "namespace": "storage"}


def test_p4_groups_that_share_a_fence_are_fenced_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find none, and both create it: an operator who is refused then would waive a fence that works."""
    made = world(**OPTIONS)
    api = made.apis["west"]
    find, create, both = api.find, api.create, threading.Barrier(2, timeout=10)
    first = {"left": 2}

    def find_together(*args: Any) -> Any:
        found = find(*args)
        if first["left"]:
            first["left"] -= 1
            both.wait()
        return found

    def create_and_fence(kind: Any, body: Any, **named: Any) -> Any:
        return create(kind, {**body, "status": FENCED}, **named)

    monkeypatch.setattr(api, "find", find_together)
    monkeypatch.setattr(api, "create", create_and_fence)
    groups = [replace(made.group, name=name) for name in ("db", "app")]
    with ThreadPoolExecutor(2) as pool:
        proofs = list(pool.map(lambda group: made.provider.fence(group, "west", "east"), groups))
    assert [proof.group for proof in proofs] == ["db", "app"]
    assert len(fences(made)) == 1


def test_p5_a_fence_whose_answer_was_lost_is_taken_for_made() -> None:
    made = world(**OPTIONS)
    made.apis["west"].loses_answers = 1
    answer(made, FENCED)
    assert made.provider.fence(made.group, "west", "east").evidence
    assert len(fences(made)) == 1


def test_p1_a_fence_of_other_addresses_under_the_name_is_none() -> None:
    made = world(**OPTIONS)
    answer(made, FENCED)
    made.provider.fence(made.group, "west", "east")
    (found,) = fences(made).values()
    found["spec"]["cidrs"] = CIDRS[:1]
    with pytest.raises(Refused, match=r"spec.cidrs is 192.0.2.0/24, wanted 192.0.2.0/24, 198.51.100.7/32"):
        made.provider.fence(made.group, "west", "east")


def test_an_absent_class_is_refused() -> None:
    made = world(**{**OPTIONS, "fence": {"class": "fencing"}})
    with pytest.raises(Refused, match="NetworkFenceClass/fencing"):
        made.provider.fence(made.group, "west", "east")
    assert fences(made) == {}


def test_a_fence_that_never_succeeds_is_no_fence() -> None:
    made = world(**OPTIONS)
    answer(made, {"result": "Failed", "message": "rados: timed out"})
    with pytest.raises(Timeout, match="result Failed: rados: timed out"):
        made.provider.fence(made.group, "west", "east")


def test_a_fence_that_is_never_tried_again_is_terminal() -> None:
    made = world(**OPTIONS)
    answer(made, {"result": "Failed", "message": "Failed to validate Networkfence parameters: no driver"})
    with pytest.raises(TerminalState, match="no driver"):
        made.provider.fence(made.group, "west", "east")
    assert made.time.seconds < 5


def test_a_fence_is_closed_again_and_an_old_success_is_none() -> None:
    made = world(**OPTIONS)
    answer(made, FENCED)
    made.provider.fence(made.group, "west", "east")
    name = next(iter(fences(made)))
    made.apis["west"].patch(NETWORK_FENCE, name, None, {"spec": {"fenceState": "Unfenced"}, "status": UNFENCED})
    answer(made, FENCED, after=7)
    began = made.time.seconds
    made.provider.fence(made.group, "west", "east")
    assert made.time.seconds - began >= 7
    assert fences(made)[name]["spec"]["fenceState"] == "Fenced"


def test_an_absent_api_is_said() -> None:
    made = world(**OPTIONS)
    made.apis["west"].absent.add("NetworkFence")
    with pytest.raises(Unsupported, match="dr_waive_fencing"):
        made.provider.fence(made.group, "west", "east")


@pytest.mark.parametrize(
    ("fence", "said"),
    [
        ({}, r"no fence\.cidrs"),
        ({"cidrs": ["192.0.2.5/24"]}, "192.0.2.5/24 has host bits set"),
        ({"cidrs": "192.0.2.0/24"}, r"fence\.cidrs: 192\.0\.2\.0/24; wanted: fence\.cidrs: a list"),
        ({"cidrs": ["192.0.2.0/24"], "cidr": []}, r"fence\.cidr"),
        (["192.0.2.0/24"], "fence: 192.0.2.0/24"),
    ],
)
def test_wrong_addresses_are_refused(fence: Any, said: str) -> None:
    made = world(**{**OPTIONS, "sites": {"east": {"fence": fence}}})
    with pytest.raises(Refused, match=said):
        made.provider.fence(made.group, "west", "east")
    assert fences(made) == {}


def test_a_secret_that_is_given_itself_is_not_repeated_in_the_refusal() -> None:
    made = world(**{**OPTIONS, "fence": {"provisioner": "block.csi.example.com", "secret": "hunter2"}})
    with pytest.raises(
        Refused, match=r"fence\.secret: is no mapping; wanted: fence\.secret: \{name, namespace\}"
    ) as said:
        made.provider.fence(made.group, "west", "east")
    assert "hunter2" not in str(said.value)


def test_a_driver_without_its_secret_is_refused() -> None:
    made = world(**{**OPTIONS, "fence": {"provisioner": "block.csi.example.com"}})
    with pytest.raises(Refused, match=r"fence\.secret: \{name, namespace\}"):
        made.provider.fence(made.group, "west", "east")
