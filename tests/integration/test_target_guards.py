# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check finds of a target: machines that none of its nodes can be, other owners, and rights that are missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.tests.integration.world import World, refused
from demo.cluster import Cluster, wait_until
from demo.playbook import Played
from demo.workload import NAMESPACE

PAGES = [Path(__file__).parents[2] / "docs" / name for name in ("rbac.md", "metadata.md")]
# what moves and rehearsals need at the target, beside what check reads
NEEDED = ("failover", "relocate", "rehearse", "import")
# off, so that nothing of this is ever tried
ODD = "batch-0"
MACHINE = {"cpu": {"model": "Opteron_G2"}, "machine": {"type": "pc-q35-rhel9.99.0"}}
NODES = "/api/v1/nodes"
KNOWN_MODEL = "cpu-model.node.kubevirt.io/Cascadelake-Server"
READER = "dr-reader"
BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


@pytest.fixture(scope="module")
def odd(protected: World) -> Iterator[World]:
    """A VM that west could not run; west's namespace is brought by somebody else, who has a claim of his own there."""
    east, west = protected.cluster("east"), protected.cluster("west")
    before = east.get("VirtualMachine", ODD, NAMESPACE)["spec"]["template"]
    undo = dict.fromkeys(MACHINE)
    if "machine" in before["spec"]["domain"]:
        undo["machine"] = before["spec"]["domain"]["machine"]
    label_nodes(west, "true")
    west.create(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": {"kustomize.toolkit.fluxcd.io/name": "tenants"}},
        }
    )
    west.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "ledger", "namespace": NAMESPACE},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    )
    try:
        change_machine(east, MACHINE)
        yield protected
    finally:
        change_machine(east, undo)
        label_nodes(west, None)
        west.delete("PersistentVolumeClaim", "ledger", NAMESPACE)
        west.delete("Namespace", NAMESPACE)
        # while it is on its way out, nothing can move there
        wait_until("the end of the namespace", 120, lambda: [n for n in namespaces(west) if n == NAMESPACE])
    assert east.get("VirtualMachine", ODD, NAMESPACE)["spec"]["template"] == before


def namespaces(west: Cluster) -> list[str]:
    return [item["metadata"]["name"] for item in west.list("Namespace")]


def change_machine(east: Cluster, domain: dict[str, Any]) -> None:
    east.patch("VirtualMachine", ODD, NAMESPACE, {"spec": {"template": {"spec": {"domain": domain}}}})


def label_nodes(west: Cluster, value: str | None) -> None:
    for node in west.call("GET", NODES)["items"]:
        body = {"metadata": {"labels": {KNOWN_MODEL: value}}}
        west.call("PATCH", f"{NODES}/{node['metadata']['name']}", body, "application/merge-patch+json")


@pytest.fixture(scope="module")
def checked(odd: World) -> Played:
    return odd.check()


@pytest.mark.parametrize(
    ("code", "on"),
    [
        ("CpuModelAbsent", "Opteron_G2"),
        ("MachineTypeAbsent", "pc-q35-rhel9.99.0"),
        ("NamespaceOwned", f"Namespace/{NAMESPACE}"),
        ("NamespaceShared", f"Namespace/{NAMESPACE}"),
    ],
)
def test_check_finds_what_of_the_target_does_not_suit_the_plan(checked: Played, code: str, on: str) -> None:
    refused(checked, f'"code": "{code}"', f'"on": "{on}"')


def test_an_administrator_lacks_no_right(checked: Played) -> None:
    assert "RightMissing" not in checked.output
    assert "NotChecked" not in checked.output


@pytest.fixture(scope="module")
def reader(protected: World) -> Iterator[Path]:
    """A plan whose account at west has the rights of the page for reading, and those of its other roles once bound."""
    west = protected.cluster("west")
    document = protected.changed_plan()
    document["sites"]["west"]["impersonate_user"] = READER
    for role in roles():
        west.create(role)
    bind(west, "ocpvirt-dr-read")
    try:
        yield protected.write_plan("reader", document)
    finally:
        for role in roles():
            west.delete("ClusterRole", role["metadata"]["name"])
        for item in west.list("ClusterRoleBinding"):
            if item["metadata"]["name"].startswith(READER):
                west.delete("ClusterRoleBinding", item["metadata"]["name"])


def roles() -> list[dict[str, Any]]:
    blocks = [part.partition("```")[0] for page in PAGES for part in page.read_text("utf-8").split("```yaml")[1:]]
    return [role for block in blocks if "kind: ClusterRole" in block for role in yaml.safe_load_all(block)]


def bind(west: Cluster, role: str) -> None:
    group = "rbac.authorization.k8s.io"
    west.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{READER}-{role}"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": READER}],
        }
    )


def test_p10_an_account_that_may_only_read_is_told_what_moves_need_until_the_roles_of_the_page_are_bound(
    protected: World, reader: Path
) -> None:
    west = protected.cluster("west")
    played = protected.check(reader)
    missing = [name for name in ("failover", "relocate") if f"ClusterRole/ocpvirt-dr-{name}" in played.output]
    assert missing == ["failover", "relocate"], played.output[-6000:]
    assert "NotChecked" not in played.output
    for role in NEEDED:
        bind(west, f"ocpvirt-dr-{role}")
    assert "RightMissing" not in protected.check(reader).output
