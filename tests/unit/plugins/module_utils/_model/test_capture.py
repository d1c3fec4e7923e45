# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding

SECRET = {"metadata": {"name": "tls", "namespace": "payroll"}}
OTHER = {"metadata": {"name": "tls", "namespace": "web"}}
VOLUME = {"metadata": {"name": "pv-1"}}


def test_namespaced_objects_are_found_by_namespace_and_name() -> None:
    capture = Capture("c", {"secrets": [SECRET, OTHER]})
    assert capture.index("secrets") == {"payroll/tls": SECRET, "web/tls": OTHER}


def test_cluster_scoped_objects_are_found_by_name() -> None:
    assert Capture("c", {"persistentvolumes": [VOLUME]}).index("persistentvolumes") == {"pv-1": VOLUME}


def test_a_resource_that_was_not_captured_is_empty() -> None:
    assert Capture("c", {}).index("secrets") == {}


def test_a_catalog_entry_is_plain_data_with_its_findings() -> None:
    finding = Finding("blocker", "CaptureEmpty", "Backup/c", "empty", "run protect")
    info = CaptureInfo("c", "east", "2026-03-01T12:00:00Z", "Completed", False, (finding,))
    assert info.as_dict()["findings"] == [finding.as_dict()]
