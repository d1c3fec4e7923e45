# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pods of a workload mount and refer to."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.pod_template import (
    by_replica,
    pod_references,
    template_labels,
    used_claims,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    cron_job,
    deployment,
    stateful_set,
    template,
)


def test_references_are_found_wherever_a_pod_has_them() -> None:
    pods = template(
        "front",
        serviceAccountName="front",
        imagePullSecrets=[{"name": "registry"}],
        volumes=[
            {"secret": {"secretName": "tls"}},
            {"configMap": {"name": "settings", "optional": True}},
            {"projected": {"sources": [{"secret": {"name": "token"}}, {"configMap": {"name": "kube-root-ca.crt"}}]}},
        ],
        containers=[{"envFrom": [{"configMapRef": {"name": "settings"}}]}],
        initContainers=[{"env": [{"name": "A"}, {"valueFrom": {"secretKeyRef": {"name": "db", "optional": True}}}]}],
    )
    assert pod_references(deployment(template=pods)) == {
        ("ServiceAccount", "front"): True,
        ("Secret", "registry"): False,
        ("Secret", "tls"): True,
        # optional as a volume, needed for the environment
        ("ConfigMap", "settings"): True,
        ("Secret", "token"): True,
        ("Secret", "db"): False,
    }


def test_the_pods_of_a_cron_job_are_those_of_its_jobs() -> None:
    assert template_labels(cron_job("nightly")) == {"app": "nightly"}


def test_claims_of_replicas_that_a_stateful_set_had_once_are_its_own() -> None:
    replicas = by_replica(
        ["payroll/data-store-0", "payroll/data-store-7", "payroll/data-store-old-0", "other/data-store-1", "payroll/db"]
    )
    assert used_claims(stateful_set("store"), replicas) == {"payroll/data-store-0", "payroll/data-store-7"}
    assert used_claims(deployment(claim="db"), replicas) == {"payroll/db"}
