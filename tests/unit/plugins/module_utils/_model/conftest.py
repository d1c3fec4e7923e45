# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
import yaml

PLAN = """
name: payroll
home: east
sites:
  east: {kubeconfig: ~/.kube/east}
  west: {kubeconfig: ~/.kube/west, context: admin}
protect:
  namespaces: [payroll]
  selector: {matchLabels: {dr.ocpvirt.io/plan: payroll}}
replication:
  provider: csi_addons
  max_lag: 15m
  groups:
    - {name: payroll-db, selector: {matchLabels: {tier: db}}}
    - {name: payroll-app, selector: {matchLabels: {tier: app}}, provider: dell_csm, options: {…}}
volumes:
  rules:
    - match: {nfs: {server: [192.0.2.10, 198.51.100.10]}}
      set:
        east: {nfs.server: 192.0.2.10,    nfs.path: "/exports/{pv.name}"}
        west: {nfs.server: 198.51.100.10, nfs.path: "/dr/{pv.name}"}
metadata: {source: oadp, schedule: "0 2 * * *", keep: 14d, prestage: false}
startup:
  waves:
    - {name: databases, selector: {matchLabels: {tier: db}}}
    - {name: rest}
  max_starting: 40
  readiness: {agent: true, timeout: 5m}
  on_failure: continue
capacity: {machine_sets: {west: [{name: workers-a, normal: 1, disaster: 6}]}}
traffic:  [{provider: nsupdate, options: {…}}]
hooks:    {before_quiesce: […], after_start: […]}
"""


@pytest.fixture
def document() -> dict[str, Any]:
    """The plan as the design shows it, its ellipses included."""
    return yaml.safe_load(PLAN)
