# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with the role of csi_addons' page and no other, at each site, from the first verb to the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_other
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SITES, SPACE
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.rights_used import roles_in
from demo.cluster import Cluster, wait_until
from demo.lab import Lab

GROUP = "rbac.authorization.k8s.io"
# of the account, with its namespace where it has one
MADE = (("ClusterRoleBinding", None), ("ClusterRole", None), ("ServiceAccount", SPACE))
FORBIDDEN = 403
ALLOWED_WITHIN = 30


@pytest.fixture(params=["volume", "group"])
def rig(request: pytest.FixtureRequest, lab: Lab) -> Iterator[CsiAddonsRig]:
    """Not replicating yet."""
    made = CsiAddonsRig(lab, per=request.param)
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def accounts(rig: CsiAddonsRig, lab: Lab, tmp_path: Path) -> Iterator[dict[str, Api]]:
    """By site, connections of the account."""
    (role,) = roles_in("providers/csi_addons.md")
    clusters = {site: lab.cluster(site) for site in SITES}
    try:
        made = {site: opened(site, cluster, token_for(cluster, role), tmp_path) for site, cluster in clusters.items()}
        for site, api in made.items():
            await_allowed(site, api)
        yield made
    finally:
        for cluster in clusters.values():
            remove(cluster, role["metadata"]["name"])


def token_for(cluster: Cluster, role: dict[str, Any]) -> str:
    name = role["metadata"]["name"]
    cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": SPACE}})
    cluster.create(role)
    cluster.create(
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": SPACE}],
        }
    )
    path = f"/api/v1/namespaces/{SPACE}/serviceaccounts/{name}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    token: str = cluster.call("POST", path, asked)["status"]["token"]
    return token


def opened(site: str, cluster: Cluster, token: str, folder: Path) -> Api:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    file = folder / f"{site}.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return open_other(site, {"kubeconfig": str(file)})


def await_allowed(site: str, api: Api) -> None:
    """The authorizer learns of a binding a moment later."""

    def forbidden() -> list[str]:
        try:
            api.list(VOLUME_REPLICATION, SPACE)
        except DrError as error:
            if error.status != FORBIDDEN:
                raise
            return [str(error)]
        return []

    wait_until(f"the rights of the account at {site}", ALLOWED_WITHIN, forbidden)


def remove(cluster: Cluster, name: str) -> None:
    """What there is of it: it may have been made in part."""
    for kind, space in MADE:
        if name in {item["metadata"]["name"] for item in cluster.list(kind, space)}:
            cluster.delete(kind, name, space)


def move(provider: Any, group: Group, source: str, target: str) -> None:
    provider.demote(group, source)
    assert provider.final_sync(group, source, target).holds
    provider.promote(group, target, forced=False)


def test_the_role_of_the_page_is_enough_for_every_verb(rig: CsiAddonsRig, accounts: dict[str, Api]) -> None:
    provider, group = rig.provider_with(apis=accounts)
    for site, api in accounts.items():
        assert provider.detect(group, provider.sites[site])
        with pytest.raises(DrError) as beyond:
            api.list(VM, SPACE)
        assert beyond.value.status == FORBIDDEN
    assert provider.enable(group, "east", "west")
    rig.write("east", "first")
    move(provider, group, "east", "west")
    move(provider, group, "west", "east")
    assert rig.read("east") == "first"
    assert provider.fence(group, "west", "east").evidence
    provider.promote(group, "west", forced=True)
    assert provider.unfence(group, "west", "east")
    assert roles(rig) == ("primary", "primary")
    provider.demote(group, "east")
    provider.resync(group, "east")
    assert roles(rig) == ("secondary", "primary")
    provider.release(group, "east", [f"{SPACE}/{rig.volumes[0]}"])
    for site in SITES:
        assert provider.disable(group, site)
        assert rig.objects(site) == {}
