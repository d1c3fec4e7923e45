from __future__ import annotations

import json

import pytest
from ocpvirt_lab import csi_addons, csi_addons_objects
from ocpvirt_lab.components import CSI_ADDONS, SITE_CEPH, catalog, needed, pinned
from ocpvirt_lab.kube import PLURALS
from ocpvirt_lab.lab import Lab
from ocpvirt_lab.layout import relayed
from ocpvirt_lab.process import SiteContext
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.state import CEPH, NFS, LabFolder, State
from ocpvirt_lab.status import environment


def _site(tmp_path, name="east", storage=NFS, *, enabled=True):
    programs = ["site", SITE_CEPH, *(catalog()[CSI_ADDONS].binaries if enabled else [])]
    binaries = {program: tmp_path / program for program in programs}
    return SiteContext(name, LabFolder("one", tmp_path), binaries, {}, 4, storage)


def test_only_a_lab_that_wants_it_builds_and_runs_it(tmp_path):
    assert CSI_ADDONS not in needed(NFS)
    assert CSI_ADDONS in needed(NFS, csi_addons=True)
    assert not csi_addons.processes(_site(tmp_path, enabled=False))


def test_the_wish_survives_a_round_trip(tmp_path):
    folder = LabFolder("one", tmp_path)
    folder.save(State(csi_addons=True))
    assert folder.load().csi_addons


def test_the_version_is_pinned():
    assert pinned(CSI_ADDONS, "github.com/csi-addons/kubernetes-csi-addons") == "v0.12.0"


@pytest.mark.parametrize(("storage", "count"), [(NFS, 1), (CEPH, 2)])
def test_a_driver_comes_before_its_sidecar_and_they_share_a_socket(tmp_path, storage, count):
    *pairs, manager = csi_addons.processes(_site(tmp_path, storage=storage))
    drivers, sidecars = pairs[::2], pairs[1::2]
    assert len(drivers) == len(sidecars) == count
    sockets = [_flag(driver, "--socket") for driver in drivers]
    assert len(set(sockets)) == count
    for socket, sidecar in zip(sockets, sidecars, strict=True):
        assert f"--csi-addons-address=unix://{socket}" in sidecar.argv
        assert len(socket) < 100
    assert len({_flag(sidecar, "--controller-port") for sidecar in sidecars}) == count
    assert len({_flag(sidecar, "--pod") for sidecar in sidecars}) == count
    assert manager.health
    names = [process.name for process in (*pairs, manager)]
    assert len(set(names)) == len(names)


def test_the_images_are_driven_by_the_program_that_opens_them(tmp_path):
    nfs, _sidecar, rbd, *_rest = csi_addons.processes(_site(tmp_path, storage=CEPH))
    assert str(tmp_path / SITE_CEPH) in rbd.argv
    assert _flag(rbd, "--ceph-conf").endswith("east/ceph/ceph.conf")
    assert str(tmp_path / "site") in nfs.argv
    assert _flag(nfs, "--control")


def _flag(process, name):
    return next(word.partition("=")[2] for word in process.argv if word.startswith(f"{name}="))


def test_sites_share_neither_socket_nor_service_account(tmp_path):
    east, west = (csi_addons.processes(_site(tmp_path, name))[1].argv for name in ("east", "west"))
    shared = {word for word in east if "/" in word and "account=" not in word} & set(west)
    assert shared == {str(tmp_path / csi_addons.SIDECAR)}


@pytest.mark.parametrize("storage", [NFS, CEPH])
@pytest.mark.parametrize("name", ["east", "west"])
def test_every_object_can_be_applied_and_every_class_names_the_secret(tmp_path, name, storage):
    objects = csi_addons_objects.objects(_site(tmp_path, name, storage))
    keys = [(item["kind"], item["metadata"]["name"]) for item in objects]
    assert len(set(keys)) == len(keys)
    assert {kind for kind, _name in keys} <= set(PLURALS)
    for driver in csi_addons_objects.drivers(storage):
        classes = [item for item in objects if item.get("spec", {}).get("provisioner") == driver.name]
        assert len(classes) == 3
        for item in classes:
            assert driver.secret in item["spec"]["parameters"].values()


def test_a_class_names_the_other_sites_storage(tmp_path):
    peers = {name: json.dumps(csi_addons_objects.objects(_site(tmp_path, name))) for name in ("east", "west")}
    assert "10.77.0.22:8050" in peers["east"]
    assert "10.77.0.12:8050" in peers["west"]


def test_images_are_snapshotted_as_often_as_ceph_can(tmp_path):
    objects = csi_addons_objects.objects(_site(tmp_path, storage=CEPH))
    (found,) = [
        item["spec"]["parameters"]
        for item in objects
        if item["kind"] == "VolumeReplicationClass" and item["spec"]["provisioner"] == csi_addons_objects.RBD.name
    ]
    assert (found["mirroringMode"], found["schedulingInterval"]) == ("snapshot", "1m")


@pytest.mark.parametrize(
    ("driver", "cidrs"),
    [
        (csi_addons_objects.NFS, ["10.77.0.11/32", "10.77.0.12/32"]),
        (csi_addons_objects.RBD, ["10.77.0.11/32", "10.77.0.13/32"]),
    ],
)
def test_what_env_tells_exists(tmp_path, driver, cidrs):
    told = csi_addons_objects.environment(driver, "east")
    objects = csi_addons_objects.objects(_site(tmp_path, storage=CEPH))
    named = {(item["kind"], item["metadata"]["name"]) for item in objects}
    assert {
        ("VolumeReplicationClass", told["volume_replication_class"]),
        ("VolumeGroupReplicationClass", told["volume_group_replication_class"]),
        ("NetworkFenceClass", told["network_fence_class"]),
        ("Secret", told["secret"]["name"]),
    } <= named
    assert told["cidrs"] == cidrs


@pytest.mark.parametrize(
    ("storage", "enabled", "wanted"),
    [
        (NFS, False, (None, None)),
        (NFS, True, ("nfs.csi.k8s.io", None)),
        (CEPH, False, (None, None)),
        (CEPH, True, ("nfs.csi.k8s.io", "rbd.csi.ceph.com")),
    ],
)
def test_env_tells_of_each_driver_that_there_is(tmp_path, storage, enabled, wanted):
    folder = LabFolder("one", tmp_path)
    ports = dict.fromkeys(relayed(), 1)
    folder.save(State(ports=ports, storage=storage, csi_addons=enabled))
    for site in environment(Lab(folder, Progress()))["sites"].values():
        told = (site["csi_addons"], site["csi_addons_ceph"])
        assert tuple(facts and facts["driver"] for facts in told) == wanted
