# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_volume_fields import field_path


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("nfs.path", ("nfs", "path")),
        ("storageClassName", ("storageClassName",)),
        ("nodeAffinity", ("nodeAffinity",)),
        ("csi.volumeAttributes.clusterID", ("csi", "volumeAttributes", "clusterID")),
        ("csi.volumeAttributes[key.with/dots]", ("csi", "volumeAttributes", "key.with/dots")),
        ("csi.nodeStageSecretRef.name", ("csi", "nodeStageSecretRef", "name")),
        ("iscsi.targetPortal", ("iscsi", "targetPortal")),
    ],
)
def test_a_field_is_a_path_below_the_spec(field: str, path: tuple[str, ...]) -> None:
    assert field_path(field) == path


@pytest.mark.parametrize(
    "field", ["", ".", "nfs.", ".nfs", "nfs path", "csi[", "csi[]", "[csi]", "csi.[a]", "csi[a]b", "1a"]
)
def test_what_is_no_path_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="not the name of a PV field"):
        field_path(field)
