# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every form of the DataProtectionApplication that a plan can ask for, made by the code that writes it."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.data_protection import application

LEAST = {"bucket": "disaster", "region": "eu-central-1"}
MOST = {
    **LEAST,
    "name": "payroll-dr",
    "prefix": "velero/payroll",
    "s3_url": "https://s3.example.org:9000",
    "public_url": "https://s3.example.com",
    "checksums": False,
    "credential": {"name": "object-store", "key": "aws"},
}


def applications() -> list[dict[str, Any]]:
    return [
        application(_metadata({"oadp": LEAST}), None),
        application(_metadata({"oadp": MOST, "storage_location": "disaster"}), "UEVN"),
    ]


def _metadata(metadata: dict[str, Any]) -> Any:
    return parse_plan(
        {
            "name": "payroll",
            "home": "east",
            "sites": {"east": {"kubeconfig": "east.yml"}, "west": {"kubeconfig": "west.yml"}},
            "protect": {"namespaces": ["payroll"], "selector": {}},
            "metadata": metadata,
        }
    ).metadata
