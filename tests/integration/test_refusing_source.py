# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that was declared lost and answers: it knows its account no more, or lets it only look. Each test goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.lab import Lab
from demo.observation import running_at

READER, SPACE = "dr-looks-only", "default"
GROUP = "rbac.authorization.k8s.io"
LOOKS = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}


@pytest.fixture(scope="module")
def alive(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The plan runs at east, and comes to it by a kubeconfig of its own."""
    world = empty_world(lab, tmp_path_factory.mktemp("refusing"))
    world.deploy()
    world.document["sites"]["east"]["kubeconfig"] = str(own_kubeconfig(world))
    log_in_with(world, admins_token(world))
    world.plan_file = world.write_plan("payroll", world.document)
    must(world.protect())
    world.storage.await_replicated(world.sites)
    return world


def own_kubeconfig(world: World) -> Path:
    return world.folder / "east.kubeconfig"


def admins(world: World) -> dict[str, Any]:
    return yaml.safe_load(Path(world.sites["east"]["kubeconfig"]).read_text())


def admins_token(world: World) -> str:
    return admins(world)["users"][0]["user"]["token"]


def log_in_with(world: World, token: str) -> None:
    config = admins(world)
    config["users"][0]["user"] = {"token": token}
    own_kubeconfig(world).write_text(yaml.safe_dump(config))


def readers_token(world: World) -> str:
    """Of an account that may look at everything at east, and change nothing."""
    east = world.cluster("east")
    east.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": READER, "namespace": SPACE}})
    kinds = {"apiVersion": f"{GROUP}/v1", "metadata": {"name": READER}}
    east.create({**kinds, "kind": "ClusterRole", "rules": [LOOKS]})
    east.create(
        {
            **kinds,
            "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": READER},
            "subjects": [{"kind": "ServiceAccount", "name": READER, "namespace": SPACE}],
        }
    )
    path = f"/api/v1/namespaces/{SPACE}/serviceaccounts/{READER}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    return east.call("POST", path, asked)["status"]["token"]


def assert_runs_at_east_alone(world: World) -> None:
    assert (running_at(world.cluster("east")), running_at(world.cluster("west"))) == (set(world.running), set())


def test_p1_where_a_lost_site_refuses_every_request_nothing_is_promoted(alive: World) -> None:
    log_in_with(alive, "ended-long-ago")
    refused(alive.failover(), "answers and does not show what runs there", "Unauthorized", "dr_waive_fencing")
    assert_runs_at_east_alone(alive)


def test_p1_where_a_lost_site_lets_nobody_stop_its_vms_nothing_is_promoted(alive: World) -> None:
    log_in_with(alive, readers_token(alive))
    refused(alive.failover(), f"VirtualMachineInstance/payroll/{alive.running[0]}", "dr_waive_fencing")
    assert_runs_at_east_alone(alive)


def test_p5_with_its_rights_back_the_same_command_stops_them_and_moves_the_plan(alive: World) -> None:
    log_in_with(alive, admins_token(alive))
    must(alive.failover())
    assert (running_at(alive.cluster("east")), running_at(alive.cluster("west"))) == (set(), set(alive.running))
