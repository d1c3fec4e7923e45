# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`protect --tags oadp`: east has OADP's definition and a double of its operator; Velero and S3 are real."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import minio
import pytest
from ansible_collections.ocpvirt.dr.tests.integration import oadp_operator
from ansible_collections.ocpvirt.dr.tests.integration.world import VELERO, World, empty_world, must, refused
from demo.cluster import Cluster
from demo.lab import Lab
from demo.playbook import Played
from ocpvirt_lab.layout import HUB_DATA, S3_PORT

BUCKET = "oadp"
SECRET = "object-store"
LOCATION = "disaster"


class Site:
    """The world with a plan that says how OADP is configured, and what it changes of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.east: Cluster = world.cluster("east")

    def configure(self, *options: str, **changes: Any) -> Played:
        document = self.world.changed_plan()
        document["metadata"] = {
            "source": "oadp",
            "namespace": VELERO,
            "storage_location": LOCATION,
            "oadp": {
                "bucket": BUCKET,
                "region": self.world.environment["s3"]["region"],
                "s3_url": f"http://{HUB_DATA}:{S3_PORT}",
                "checksums": False,
                "credential": {"name": SECRET, "key": "cloud"},
                **changes,
            },
        }
        plan = self.world.write_plan("configured", document)
        options = ("--tags", "oadp", "-e", "dr_site=east", "-e", "protect_timeout=90", *options)
        return self.world.play("protect", *options, plan=plan)


@pytest.fixture(scope="module")
def site(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = empty_world(lab, tmp_path_factory.mktemp("oadp"))
    s3 = world.environment["s3"]
    keys = f"[default]\naws_access_key_id={s3['access_key']}\naws_secret_access_key={s3['secret_key']}\n"
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": VELERO},
        "data": {"cloud": base64.b64encode(keys.encode()).decode()},
    }
    store = minio.Minio(
        endpoint=s3["url"].removeprefix("http://"),
        access_key=s3["access_key"],
        secret_key=s3["secret_key"],
        secure=False,
        region=s3["region"],
    )
    store.make_bucket(bucket_name=BUCKET)
    east = world.cluster("east")
    east.create(secret)
    with oadp_operator.operating(east):
        yield Site(world)
    east.delete("Secret", SECRET, VELERO)
    store.remove_bucket(bucket_name=BUCKET)


def test_p9_check_mode_makes_nothing(site: Site) -> None:
    played = must(site.configure("--check"))
    assert "is created with the plug-ins openshift, kubevirt, aws and csi" in played.output
    assert oadp_operator.applications(site.east) == []


def test_an_object_store_that_is_not_there_is_in_velero_s_own_words(site: Site) -> None:
    refused(site.configure(bucket="nobodys", name="wrong"), f"BackupStorageLocation/{VELERO}/{LOCATION}", "Unavailable")
    site.east.call("DELETE", f"{oadp_operator.APPLICATIONS}/wrong")
    site.east.call("DELETE", f"{oadp_operator.LOCATIONS}/{LOCATION}")


def test_velero_reaches_the_object_store_of_the_plan(site: Site) -> None:
    played = must(site.configure())
    assert "west: it has no OADP operator" in played.output
    (made,) = oadp_operator.applications(site.east)
    assert made["spec"]["configuration"]["velero"]["defaultPlugins"] == ["openshift", "kubevirt", "aws", "csi"]
    location = site.east.call("GET", f"{oadp_operator.LOCATIONS}/{LOCATION}")
    assert location["status"]["phase"] == "Available"
    assert location["spec"]["credential"] == {"name": SECRET, "key": "cloud"}


def test_a_second_time_it_is_adopted(site: Site) -> None:
    (before,) = oadp_operator.applications(site.east)
    played = must(site.configure())
    assert played.changed == 0
    (after,) = oadp_operator.applications(site.east)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_p8_another_plan_s_wish_is_refused_with_the_difference(site: Site) -> None:
    (before,) = oadp_operator.applications(site.east)
    refused(site.configure(prefix="elsewhere"), f"backupLocations[{LOCATION}].objectStorage.prefix", "elsewhere")
    assert oadp_operator.applications(site.east) == [before]


def test_p10_a_secret_that_is_not_there_is_named(site: Site) -> None:
    refused(site.configure(credential={"name": "nobodys"}), f"Secret/{VELERO}/nobodys", "absent")


def test_no_key_of_the_object_store_is_in_any_log(site: Site) -> None:
    log: Path = site.world.log
    assert site.world.environment["s3"]["secret_key"] not in log.read_text(encoding="utf-8")
