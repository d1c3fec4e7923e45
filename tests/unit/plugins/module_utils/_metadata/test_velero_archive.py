# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.velero_archive import read_archive

VM = {"metadata": {"name": "db-0", "namespace": "payroll"}}
VOLUME = {"metadata": {"name": "pv-1"}}
VM_PATH = "resources/virtualmachines.kubevirt.io/namespaces/payroll/db-0.json"
VOLUME_PATH = "resources/persistentvolumes/cluster/pv-1.json"


def archive(*members: tuple[str, Any]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        for name, content in members:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(body)
            file.addfile(member, io.BytesIO(body))
    return data.getvalue()


def test_namespaced_and_cluster_scoped_objects_are_read() -> None:
    capture = read_archive("c", archive((VM_PATH, VM), (VOLUME_PATH, VOLUME)))
    assert capture.objects == {"virtualmachines.kubevirt.io": [VM], "persistentvolumes": [VOLUME]}


def test_names_that_begin_with_a_dot_slash_are_read() -> None:
    assert read_archive("c", archive((f"./{VM_PATH}", VM))).objects == {"virtualmachines.kubevirt.io": [VM]}


@pytest.mark.parametrize(
    "copy",
    [
        "resources/virtualmachines.kubevirt.io/v1-preferredversion/namespaces/payroll/db-0.json",
        "resources/virtualmachines.kubevirt.io/v1alpha3/namespaces/payroll/db-0.json",
    ],
)
def test_the_copies_under_a_version_are_left_out(copy) -> None:
    assert read_archive("c", archive((copy, VM), (VM_PATH, VM))).objects == {"virtualmachines.kubevirt.io": [VM]}


@pytest.mark.parametrize(
    "name",
    [
        "metadata/version",
        "resources/virtualmachines.kubevirt.io/namespaces/payroll/db-0.yaml",
        "../resources/persistentvolumes/cluster/pv-1.json",
        "/resources/persistentvolumes/cluster/pv-1.json",
        "resources/../cluster/passwd.json",
        "resources/persistentvolumes/namespaces/../pv-1.json",
        "resources/persistentvolumes/cluster/../../../etc/passwd.json",
    ],
)
def test_what_is_no_object_or_leaves_its_folder_is_ignored(name) -> None:
    assert read_archive("c", archive((name, VOLUME))).objects == {}


def test_links_are_ignored() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        member = tarfile.TarInfo(VOLUME_PATH)
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(member)
    assert read_archive("c", data.getvalue()).objects == {}


def test_an_empty_archive_is_an_empty_capture() -> None:
    assert read_archive("c", archive()).objects == {}


@pytest.mark.parametrize(
    "data",
    [
        b"<html>gateway timeout</html>",
        gzip.compress(b"not a tar"),
        archive((VM_PATH, VM))[:-40],
        archive((VM_PATH, b"{")),
    ],
    ids=["no gzip", "no tar", "cut off", "no JSON"],
)
def test_p10_content_that_is_no_backup_is_reported_with_its_name(data) -> None:
    with pytest.raises(Failed, match="payroll-east-1"):
        read_archive("payroll-east-1", data)
