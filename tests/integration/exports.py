# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload's plan with an export in place of Velero: in a directory, and in a bucket of the lab's S3 gateway."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minio
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must

# Velero takes its location for broken when it finds something else in its bucket
BUCKET = "captures"


@dataclass(frozen=True)
class Exported:
    """Plan files, and the directory that one of them names."""

    world: World
    in_directory: Path
    in_s3: Path
    directory: Path


def lose_east_after_exports(world: World) -> Exported:
    """Nothing was ever asked of Velero."""
    directory = world.folder / "captures"
    directory.mkdir()
    world.deploy()
    plans = {}
    for place, export in {"directory": str(directory), "s3": s3_of(world)}.items():
        document = world.changed_plan()
        document["metadata"] = {"source": "export", "export": {place: export}, "keep": "14d"}
        plans[place] = world.write_plan(f"payroll-{place}", document)
        must(world.play("protect", "-e", "dr_site=east", plan=plans[place]))
    world.storage.await_replicated(world.sites)
    must(world.check(plan=plans["s3"]))
    world.lab.run("lose", "east")
    return Exported(world, plans["directory"], plans["s3"], directory)


def s3_of(world: World) -> dict[str, Any]:
    s3 = world.environment["s3"]
    references = {}
    for key in ("access_key", "secret_key"):
        file = world.folder / key
        file.write_text(s3[key])
        references[f"{key}_file"] = str(file)
    client = minio.Minio(
        endpoint=s3["url"].removeprefix("http://"),
        access_key=s3["access_key"],
        secret_key=s3["secret_key"],
        secure=False,
        region=s3["region"],
    )
    client.make_bucket(bucket_name=BUCKET)
    return {"endpoint": s3["url"], "bucket": BUCKET, "prefix": "dr/payroll", "region": s3["region"], **references}
