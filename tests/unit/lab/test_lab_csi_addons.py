from __future__ import annotations

import json

import pytest
from ocpvirt_lab import csi_addons, csi_addons_objects
from ocpvirt_lab.components import CSI_ADDONS, catalog, needed, pinned
from ocpvirt_lab.kube import PLURALS
from ocpvirt_lab.process import SiteContext
from ocpvirt_lab.state import NFS, LabFolder, State


def _site(tmp_path, name="east", *, enabled=True):
    programs = ["site", *(catalog()[CSI_ADDONS].binaries if enabled else [])]
    binaries = {program: tmp_path / program for program in programs}
    return SiteContext(name, LabFolder("one", tmp_path), binaries, {}, 4, NFS)


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


def test_the_driver_comes_first_and_sidecar_and_driver_share_the_socket(tmp_path):
    driver, sidecar, manager = csi_addons.processes(_site(tmp_path))
    socket = next(flag.partition("=")[2] for flag in driver.argv if flag.startswith("--socket="))
    assert f"--csi-addons-address=unix://{socket}" in sidecar.argv
    assert len(socket) < 100
    assert manager.health


def test_sites_share_neither_socket_nor_service_account(tmp_path):
    east, west = (csi_addons.processes(_site(tmp_path, name))[1].argv for name in ("east", "west"))
    shared = {word for word in east if "/" in word and "account=" not in word} & set(west)
    assert shared == {str(tmp_path / csi_addons.SIDECAR)}


@pytest.mark.parametrize("name", ["east", "west"])
def test_every_object_can_be_applied_and_every_class_names_the_secret(tmp_path, name):
    objects = csi_addons_objects.objects(_site(tmp_path, name))
    assert {item["kind"] for item in objects} <= set(PLURALS)
    classes = [item for item in objects if item["kind"].endswith("Class")]
    assert len(classes) == 3
    for item in classes:
        assert item["spec"]["provisioner"] == csi_addons_objects.DRIVER
        assert csi_addons_objects.SECRET in item["spec"]["parameters"].values()


def test_a_class_names_the_other_sites_storage(tmp_path):
    peers = {name: json.dumps(csi_addons_objects.objects(_site(tmp_path, name))) for name in ("east", "west")}
    assert "10.77.0.22:8050" in peers["east"]
    assert "10.77.0.12:8050" in peers["west"]


def test_what_env_tells_exists(tmp_path):
    told = csi_addons_objects.environment("east")
    named = {(item["kind"], item["metadata"]["name"]) for item in csi_addons_objects.objects(_site(tmp_path))}
    assert {
        ("VolumeReplicationClass", told["volume_replication_class"]),
        ("VolumeGroupReplicationClass", told["volume_group_replication_class"]),
        ("NetworkFenceClass", told["network_fence_class"]),
        ("Secret", told["secret"]["name"]),
    } <= named
    assert told["cidrs"] == ["10.77.0.11/32", "10.77.0.12/32"]
