# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application of VMs and workloads, moved by each playbook; each test goes on from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration import applications
from ansible_collections.ocpvirt.dr.tests.integration.applications import (
    RUNNING,
    UNDER_WAY,
    await_up,
    pod_uids,
    pods_at,
    recorded,
    specs,
    stranger,
    volume_sources,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.cluster import wait_until
from demo.lab import Lab
from demo.observation import running_at
from demo.playbook import Played
from demo.workload import NAMESPACE

WEST = ("-e", "dr_target=west")
NOBODY = dict.fromkeys(RUNNING, 0)


@dataclass
class Application:
    """The world, and what its workloads were before they were ever moved."""

    world: World
    specs: dict[str, Any]
    stranger: Any
    view_at_west: str
    last: Played | None = None


@pytest.fixture(scope="module")
def application(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Application:
    """It runs at east and is protected."""
    world = empty_world(lab, tmp_path_factory.mktemp("workloads"))
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.write_plan("payroll", world.document)
    applications.deploy_application(world)
    east = world.cluster("east")
    view = world.cluster("west").get("ClusterRole", "view")["metadata"]["resourceVersion"]
    found = Application(world, specs(east), stranger(east), view)
    found.last = must(world.protect())
    world.storage.await_replicated(world.sites)
    return found


@pytest.fixture(scope="module")
def relocated(application: Application) -> Application:
    application.last = must(application.world.play("relocate", *WEST))
    await_up(application.world.cluster("west"))
    return application


@pytest.fixture(scope="module")
def returned(relocated: Application) -> Application:
    relocated.last = must(relocated.world.play("failback"))
    await_up(relocated.world.cluster("east"))
    return relocated


@pytest.fixture(scope="module")
def forced(returned: Application) -> Application:
    """East is lost, and manifests come from an export."""
    world = returned.world
    directory = world.folder / "captures"
    directory.mkdir()
    document = world.changed_plan()
    document["metadata"] = {"source": "export", "export": {"directory": str(directory)}}
    exported = world.write_plan("payroll-export", document)
    must(world.play("protect", "-e", "dr_site=east", plan=exported))
    world.storage.await_replicated(world.sites)
    world.lab.run("lose", "east")
    returned.last = must(world.failover(plan=exported))
    await_up(world.cluster("west"))
    return returned


@pytest.fixture(scope="module")
def cleaned(forced: Application) -> Application:
    """East came back with everything running there; then it was made a clean secondary."""
    world = forced.world
    world.lab.run("restore", "east")
    await_up(world.cluster("east"))
    forced.last = must(world.play("reprotect"))
    return forced


def assert_all_runs_at(application: Application, site: str, peer: str) -> None:
    """site: where it runs; peer: where all is stopped but what the plan does not select."""
    world = application.world
    cluster = world.cluster(site)
    assert specs(cluster) == application.specs
    assert (pods_at(cluster), recorded(cluster)) == (RUNNING, {})
    assert running_at(cluster) == set(world.running)
    server = world.sites[site]["nfs_server"]
    sources = volume_sources(cluster)
    assert {name: source["server"] for name, source in sources.items()} == dict.fromkeys(applications.CLAIMS, server)
    assert_stopped_at(application, peer)


def assert_stopped_at(application: Application, site: str) -> None:
    cluster = application.world.cluster(site)
    wait_until(f"no pods at {site}", 60, lambda: [name for name, count in pods_at(cluster).items() if count])
    assert recorded(cluster) == {
        "Deployment/front": {"replicas": 3, "running": True},
        "Deployment/idle": {"replicas": 0, "running": False},
        "StatefulSet/store": {"replicas": 2, "running": True, "when_scaled": "Delete"},
        "DaemonSet/agent": {"running": True},
        "CronJob/nightly": {"running": True},
        "CronJob/paused": {"running": False},
        "Job/import": {"running": True},
        # of the CronJob, and it stays where it was made
        **({f"Job/{UNDER_WAY}": {"running": True}} if site == "east" else {}),
    }
    assert set(volume_sources(cluster)) == set(applications.CLAIMS)


def test_check_finds_a_writer_that_no_run_stops(application: Application) -> None:
    east = application.world.cluster("east")
    must(application.world.check())
    east.create(applications.intruder("files"))
    refused(application.world.check(), "ForeignWriter", "Deployment/payroll/intruder", "payroll/files")
    east.delete("Deployment", "intruder", NAMESPACE)
    wait_until(
        "no pod of it",
        60,
        lambda: [item["metadata"]["name"] for item in east.list("Pod", NAMESPACE) if "intruder" in str(item)],
    )


def test_p1_nobody_waits_at_the_target_for_the_volumes_of_a_move(application: Application) -> None:
    world, west = application.world, application.world.cluster("west")
    west.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    west.create(applications.intruder("files"))
    before = pod_uids(world.cluster("east"))
    refused(world.check(), "WaitingWriter", "Deployment/payroll/intruder")
    refused(world.play("relocate", *WEST), "Deployment/payroll/intruder", "it would mount payroll/files at once")
    # refused before anything was stopped
    assert pod_uids(world.cluster("east")) == before
    west.delete("Deployment", "intruder", NAMESPACE)
    await_up(world.cluster("east"))
    assert specs(world.cluster("east")) == application.specs
    assert recorded(world.cluster("east")) == {}


def test_p7_a_planned_move_takes_each_workload_along_as_it_was(relocated: Application) -> None:
    assert_all_runs_at(relocated, "west", "east")


def test_what_workloads_need_came_with_them(relocated: Application) -> None:
    west = relocated.world.cluster("west")
    assert west.get("ConfigMap", "front", NAMESPACE)["data"] == {"colour": "blue"}
    assert west.get("ServiceAccount", "front", NAMESPACE)
    assert west.get("Service", "store", NAMESPACE)["spec"]["clusterIP"] == "None"


def test_a_job_that_a_cron_job_had_under_way_is_stopped_and_stays_where_it_was(relocated: Application) -> None:
    east, west = (relocated.world.cluster(site) for site in ("east", "west"))
    assert east.get("Job", UNDER_WAY, NAMESPACE)["spec"]["suspend"] is True
    assert [item["metadata"]["name"] for item in west.list("Job", NAMESPACE)] == ["import"]


def test_p8_roles_of_the_whole_cluster_are_left_alone(relocated: Application) -> None:
    west = relocated.world.cluster("west")
    assert west.get("ClusterRole", "view")["metadata"]["resourceVersion"] == relocated.view_at_west
    assert "front" not in [item["metadata"]["name"] for item in west.list("ClusterRoleBinding")]
    assert relocated.last
    assert "ClusterRoleBinding/front stays in the capture" in relocated.last.output


def test_p8_a_workload_that_the_plan_does_not_select_is_not_written(relocated: Application) -> None:
    assert stranger(relocated.world.cluster("east")) == relocated.stranger


def test_p7_the_way_home_adopts_what_is_there(returned: Application) -> None:
    assert returned.last
    assert "Deployment/payroll/front is adopted: it is as captured" in returned.last.output
    assert_all_runs_at(returned, "east", "west")


def test_a_job_that_a_cron_job_had_under_way_goes_on_when_the_plan_is_back(returned: Application) -> None:
    job = returned.world.cluster("east").get("Job", UNDER_WAY, NAMESPACE)
    assert (job["spec"]["suspend"], job["status"]["active"]) == (False, 1)


def test_p7_a_forced_move_from_an_export_starts_each_workload_as_it_was(forced: Application) -> None:
    west = forced.world.cluster("west")
    assert (specs(west), pods_at(west), recorded(west)) == (forced.specs, RUNNING, {})


def test_reprotect_stops_the_workloads_of_the_site_that_came_back(cleaned: Application) -> None:
    assert_stopped_at(cleaned, "east")
    assert pods_at(cleaned.world.cluster("west")) == RUNNING
