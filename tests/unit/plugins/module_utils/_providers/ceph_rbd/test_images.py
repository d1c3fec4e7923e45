# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From PersistentVolumes to images, and the options of a group."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.images import (
    Image,
    at_peer,
    image_of,
    is_rbd,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.options import RbdOptions


def pv(driver: str = "openshift-storage.rbd.csi.ceph.com", handle: str = "handle", **attributes: str) -> dict[str, Any]:
    csi = {"driver": driver, "volumeHandle": handle, "volumeAttributes": attributes}
    return {"metadata": {"name": "pv-1"}, "spec": {"csi": csi}}


def group(**options: Any) -> Group:
    return Group("payroll", LabelSelector(), options=options)


@pytest.mark.parametrize(
    ("volume", "image"),
    [
        (pv(pool="data", imageName="csi-vol-1"), Image("data", "", "csi-vol-1")),
        (pv(pool="data", imageName="csi-vol-1", radosNamespace="tenant"), Image("data", "tenant", "csi-vol-1")),
        (pv(pool="data", handle="disk-1", staticVolume="true"), Image("data", "", "disk-1")),
        (pv(imageName="csi-vol-1"), Image("fallback", "", "csi-vol-1")),
    ],
)
def test_a_volume_names_its_image(volume: dict[str, Any], image: Image) -> None:
    assert image_of(volume, "fallback") == image


def test_the_other_sites_pool_may_have_another_name() -> None:
    assert at_peer([Image("data", "tenant", "x")], "mirror") == {Image("mirror", "tenant", "x")}
    assert at_peer([Image("data", "tenant", "x")], "") == {Image("data", "tenant", "x")}
    assert str(Image("data", "tenant", "x")) == "data/tenant/x"


@pytest.mark.parametrize("volume", [pv(imageName="x"), pv(driver="nfs.csi.k8s.io", pool="p", imageName="x")])
def test_a_volume_that_is_no_image_is_refused_by_its_name(volume: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="PersistentVolume/pv-1"):
        image_of(volume, "")


def test_only_the_rbd_driver_is_meant() -> None:
    assert is_rbd(pv("rbd.csi.ceph.com"))
    assert not is_rbd(pv("notrbd.csi.ceph.com"))
    assert not is_rbd(pv("openshift-storage.cephfs.csi.ceph.com"))
    assert not is_rbd({"metadata": {"name": "pv-1"}, "spec": {"nfs": {}}})


def test_options_have_defaults_and_those_of_a_site_win() -> None:
    plain = RbdOptions.read(group(), "east")
    assert (plain.access.command, plain.access.user, plain.mode, plain.schedule) == ((), "admin", "snapshot", "")
    options = group(
        pool="data", schedule="5m", sites={"east": {"pool": "mirror", "command": ["ssh", "-T", "root@east"]}}
    )
    assert (plain.timeout, RbdOptions.read(group(timeout="90s"), "east").timeout) == (6 * 3600, 90)
    assert RbdOptions.read(options, "east").pool == "mirror"
    assert RbdOptions.read(options, "west").pool == "data"
    assert RbdOptions.read(options, "east").access.command == ("ssh", "-T", "root@east")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schedule", "30s"),
        ("schedule", "1m; touch x"),
        ("schedule", 5),
        ("mode", "pool"),
        ("user", "client.admin --keyring=x"),
        ("conf", "relative.conf"),
        ("pool", "a b"),
        ("pool", 5),
        ("pool", None),
        ("user", ["admin"]),
        ("mode", {}),
        ("conf", False),
        ("command", "ssh root@east"),
        ("command", ["ssh", ""]),
        ("command", ["ssh", 1]),
        ("command", None),
        ("command", {"ssh": 1}),
        ("fence", 5),
        ("timeout", 5.5),
        ("timeout", "0s"),
        ("timeout", None),
        ("timeout", ["6h"]),
        ("fence", ["192.0.2.1/24"]),
        ("fence", ["east.example.com"]),
        ("fence", "192.0.2.1"),
        ("timeout", "touch"),
    ],
)
def test_an_unsafe_option_is_refused_by_name_without_its_value(name: str, value: Any) -> None:
    with pytest.raises(Refused, match=f"option {name}") as refused:
        RbdOptions.read(group(**{name: value}), "east")
    assert "touch" not in str(refused.value)
    assert "keyring" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "unknown", "known"),
    [
        ({"shedule": "5m"}, "shedule", "schedule"),
        ({"sites": {"east": {"comand": ["ssh"]}}}, "comand", "command"),
    ],
)
def test_p10_an_unknown_option_is_refused_with_those_that_there_are(options: Any, unknown: str, known: str) -> None:
    with pytest.raises(Refused, match=rf"at site east; seen: unknown: {unknown}; wanted: only .*\b{known}\b"):
        RbdOptions.read(group(**options), "east")


def test_an_unknown_option_of_the_other_site_is_that_sites() -> None:
    assert RbdOptions.read(group(sites={"west": {"comand": ["ssh"]}}), "east").access.command == ()


def test_a_journal_has_no_schedule() -> None:
    with pytest.raises(Refused, match="journal"):
        RbdOptions.read(group(mode="journal", schedule="5m"), "east")
