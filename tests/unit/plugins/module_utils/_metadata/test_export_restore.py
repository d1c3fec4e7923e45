# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an export brings to a target, in which order, and what it leaves alone there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CONFIG_MAP,
    NAMESPACE,
    PVC,
    SECRET,
    SERVICE,
    VM,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed, Refused, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import (
    ROUTE,
    SERVICE_ACCOUNT,
    MemoryStore,
    Site,
    east,
    source,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

OURS = ("persistentvolumes", "persistentvolumeclaims", "virtualmachines.kubevirt.io")


@pytest.fixture
def west() -> Site:
    return Site("west")


def restore(west: Site, home: Site | None = None, update: bool = True, **given: Any) -> dict[str, int]:
    store = MemoryStore()
    name = source(store).capture(home or east(), 60)
    return source(store).restore(
        west, name, "r-1", OURS, given.get("timeout", 60), update, given.get("verify_lock", lambda: None)
    )


def test_everything_but_volumes_and_vms_comes_in_order_of_dependency(west: Site) -> None:
    home = east()
    home.add(SERVICE_ACCOUNT, "robot")
    assert restore(west, home) == {"items": 7, "warnings": 0, "errors": 0}
    assert west.writes == [
        "apply Namespace/payroll",
        "apply ServiceAccount/payroll/robot",
        "apply Secret/payroll/cloud-init",
        "apply ConfigMap/payroll/settings",
        "apply ControllerRevision/payroll/db-rev",
        "apply Service/payroll/web",
        "apply Route/payroll/web",
    ]


def test_p1_no_vm_and_no_claim_is_written_even_when_nobody_excludes_them(west: Site) -> None:
    store = MemoryStore()
    name = source(store).capture(east(), 60)
    source(store).restore(west, name, "r-1", (), 60, True, lambda: None)
    assert (west.list(VM), west.list(PVC)) == ([], [])


def test_what_comes_has_its_labels_and_nothing_of_its_old_cluster(west: Site) -> None:
    restore(west)
    revision = next(item for (kind, *_more), item in west.objects.items() if kind == "ControllerRevision")
    del revision["metadata"]["resourceVersion"]
    assert revision == {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": "db-rev",
            "namespace": "payroll",
            "labels": {"protected.dr.ocpvirt.io/payroll": "true"},
            "annotations": {"team": "payroll", "dr.ocpvirt.io/created-by-run": "r-1"},
        },
        "revision": 1,
        "data": {"spec": {}},
    }
    assert "spec" not in west.get(NAMESPACE, "payroll")


def test_a_service_gets_an_address_of_its_new_cluster(west: Site) -> None:
    home = east()
    home.add(SERVICE, "db", spec={"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 5432}]})
    restore(west, home)
    assert west.get(SERVICE, "web", "payroll")["spec"] == {"ports": [{"port": 443}]}
    assert west.get(SERVICE, "db", "payroll")["spec"] == {"clusterIP": "None", "ports": [{"port": 5432}]}


def test_a_generated_host_of_a_route_is_generated_anew_and_a_chosen_one_stays(west: Site) -> None:
    home = east()
    annotations = {"openshift.io/host.generated": "true"}
    home.add(ROUTE, "generated", metadata={"annotations": annotations}, spec={"host": "x.apps.east"})
    restore(west, home)
    assert "host" not in west.get(ROUTE, "generated", "payroll")["spec"]
    assert west.get(ROUTE, "web", "payroll")["spec"]["host"] == "web.east.example.org"


def test_tokens_of_a_service_account_stay_with_their_cluster(west: Site) -> None:
    home = east()
    home.add(SERVICE_ACCOUNT, "robot", secrets=[{"name": "robot-dockercfg-x"}])
    restore(west, home)
    assert "secrets" not in west.get(SERVICE_ACCOUNT, "robot", "payroll")


def test_p5_the_same_restore_again_writes_nothing_new(west: Site) -> None:
    home = east()
    restore(west, home)
    before = dict(west.objects)
    assert restore(west, home) == {"items": 5, "warnings": 1, "errors": 0}
    assert west.objects == before


def test_an_object_of_an_earlier_stay_is_brought_to_the_capture_with_what_was_taken_out_of_it(west: Site) -> None:
    west.add(CONFIG_MAP, "settings", data={"a": "0", "gone": "x"}, metadata={"labels": {"local": "yes"}})
    restore(west)
    settings = west.get(CONFIG_MAP, "settings", "payroll")
    assert settings["data"] == {"a": "1"}
    assert settings["metadata"]["labels"]["local"] == "yes"
    assert "dr.ocpvirt.io/created-by-run" not in settings["metadata"]["annotations"]


def test_without_update_what_exists_stays_and_the_rest_comes(west: Site) -> None:
    west.add(CONFIG_MAP, "settings", data={"a": "0"})
    assert restore(west, update=False) == {"items": 5, "warnings": 1, "errors": 0}
    assert west.get(CONFIG_MAP, "settings", "payroll")["data"] == {"a": "0"}


def test_p8_what_is_not_of_the_plan_is_never_written(west: Site) -> None:
    west.add(SECRET, "cloud-init", labelled=False, data={"mine": "eA=="})
    west.add(NAMESPACE, "payroll", labelled=False)
    before = dict(west.objects)
    assert restore(west)["warnings"] == 2
    assert {key: west.objects[key] for key in before} == before


def test_p8_what_somebody_makes_meanwhile_is_not_overwritten(west: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between our look and our write."""

    def made_after_the_look() -> None:
        if west.find(SECRET, "cloud-init", "payroll") is None and west.find(NAMESPACE, "payroll"):
            west.add(SECRET, "cloud-init", labelled=False, data={"mine": "eA=="})

    with pytest.raises(Conflict, match="Secret/payroll/cloud-init: correct what the message names"):
        restore(west, verify_lock=made_after_the_look)
    assert west.get(SECRET, "cloud-init", "payroll")["data"] == {"mine": "eA=="}


def test_a_kind_that_the_target_does_not_serve_is_said_before_and_counted(west: Site) -> None:
    west.absent = {ROUTE.resource}
    store = MemoryStore()
    name = source(store).capture(east(), 60)
    capture = source(store).manifests(west, name)
    assert source(store).left_out(west, capture, OURS) == [
        "Route web (1) stays away: west does not serve routes.route.openshift.io"
    ]
    assert restore(west) == {"items": 5, "warnings": 1, "errors": 0}


def test_an_object_that_is_being_deleted_is_refused_by_name(west: Site) -> None:
    west.add(CONFIG_MAP, "settings", metadata={"deletionTimestamp": "2026-03-01T11:00:00Z"})
    with pytest.raises(Conflict, match=r"ConfigMap/payroll/settings.*being deleted"):
        restore(west)


def test_p5_no_batch_is_written_without_the_lock(west: Site) -> None:
    def lost() -> None:
        raise Refused("go on with the run", seen="another attempt holds the lock")

    with pytest.raises(Refused):
        restore(west, verify_lock=lost)
    assert west.writes == []


def test_a_restore_ends_at_its_deadline_and_says_how_far_it_came() -> None:
    time = SimulatedTime()
    west = Site("west")
    west.clock = time.clock()
    with pytest.raises(Timeout, match="2 objects are restored"):
        restore(west, timeout=20, verify_lock=lambda: time.sleep(9))


def test_p10_an_object_that_the_target_refuses_is_named_and_the_others_of_its_kind_are_written(west: Site) -> None:
    home = east()
    home.add(CONFIG_MAP, "other", data={})
    apply = west.apply

    def webhook_down(kind: Any, body: Any, force: bool = True) -> Any:
        if body["metadata"]["name"] == "settings":
            raise Failed("PATCH", seen="failed calling webhook: connection refused", status=500)
        return apply(kind, body, force)

    west.apply = webhook_down  # type: ignore[method-assign]
    with pytest.raises(Failed, match="ConfigMap/payroll/settings: correct what the message names"):
        restore(west, home)
    assert west.find(CONFIG_MAP, "other", "payroll")
    assert west.list(SERVICE) == []
