"""The story: deploy at east, protect, lose east, fail over to west, judge."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from demo.cluster import Cluster, wait_until
from demo.lab import Lab
from demo.playbook import Played, play
from demo.storages import STORAGES, Storage
from demo.verdict import Verdict, judge
from demo.workload import NFS, demo_vms, deploy, plan_document

FAILOVER = ("-e", "dr_target=west", "-e", "dr_declare_lost=east")


def main() -> int:
    parser = argparse.ArgumentParser(description="Fail 24 VMs over on the lab and show what it cost.")
    parser.add_argument(
        "--storage", choices=list(STORAGES), default="nfs", help="what replicates the volumes (default: nfs)"
    )
    parser.add_argument("--lab", help="name of the lab that is used (default: demo, or demo-STORAGE)")
    parser.add_argument("--keep", action="store_true", help="leave the lab up, to look around")
    arguments = parser.parse_args()
    storage = STORAGES[arguments.storage]
    usual = "demo" if storage is NFS else f"demo-{arguments.storage.replace('_', '-')}"
    lab = Lab(arguments.lab or usual)
    say("bring the lab up")
    lab.run("up", *storage.lab_options)
    try:
        lab.run("reset")
        return tell(lab, storage)
    finally:
        if not arguments.keep:
            lab.run("down")


def tell(lab: Lab, storage: Storage) -> int:
    environment = lab.environment()
    sites = environment["sites"]
    folder = Path(environment["state_dir"])
    log = folder / "demo.log"
    log.unlink(missing_ok=True)
    plan = folder / "payroll.yml"
    plan.write_text(yaml.safe_dump(plan_document(environment, storage=storage), sort_keys=False))
    vms = demo_vms()
    say(f"deploy {len(vms)} VMs at east, {sum(vm.running for vm in vms)} of them running")
    deploy(lab.cluster("east"), sites["east"], sites["west"], vms, storage=storage)
    say("protect the plan, take a capture, check")
    must(play("protect", log, "-e", f"dr_plan={plan}", "-e", "dr_site=east"))
    await_replicated(sites, storage)
    must(play("check", log, "-e", f"dr_plan={plan}"))
    say("lose east: kill -9 of every process, links down")
    lab.run("lose", "east")
    say("fail over to west")
    failover = must(play("failover", log, "-e", f"dr_plan={plan}", *FAILOVER))
    before, after = lab.records("east"), await_writing(lab, [vm.name for vm in vms if vm.running])
    west = lab.cluster("west")
    verdict = judge(vms, west, storage.address(sites["east"]), before, after, alive(lab, "east"))
    say("the same command again")
    again = play("failover", log, "-e", f"dr_plan={plan}", *FAILOVER)
    if again.returncode or again.changed:
        verdict.problems.append(f"the same command again: exit {again.returncode}, changed={again.changed}")
    print_table(west, failover, verdict, log)
    return 1 if verdict.problems else 0


def await_replicated(sites: dict[str, Any], storage: Storage = NFS) -> None:
    """Until everything written before this moment is at west."""
    storage.await_replicated(sites)


def await_writing(lab: Lab, names: list[str]) -> dict[str, Any]:
    """The records at west once every guest has written there."""
    found: dict[str, Any] = {}

    def missing() -> list[str]:
        found.update(lab.records("west"))
        return [n for n in names if not any(boot["site"] == "west" for boot in found.get(n, {}).get("boots", []))]

    wait_until("guests writing at west", 60, missing)
    return found


def alive(lab: Lab, site: str) -> int:
    """Processes of a site that are alive."""
    components = lab.status()["sites"][site]["components"]
    return sum(1 for component in components.values() if component.get("pid"))


def must(played: Played) -> Played:
    if played.returncode:
        sys.exit(f"ansible-playbook exited with {played.returncode}")
    return played


def print_table(west: Cluster, failover: Played, verdict: Verdict, log: Path) -> None:
    heads = [item for item in west.list("ConfigMap", "ocpvirt-dr") if "head" in item.get("data", {})]
    run = json.loads(heads[-1]["data"]["head"])
    print("\nstep        seconds")
    for name, step in sorted(run["steps"].items(), key=lambda item: item[1]["started"]):
        took = datetime.fromisoformat(step["ended"]) - datetime.fromisoformat(step["started"])
        print(f"{name:<12}{took.total_seconds():7.1f}")
    print(f"{'all':<12}{failover.seconds:7.1f}\n")
    rpo = sorted(verdict.rpo.values()) or [float("nan")]
    print(f"VMs running at west    {verdict.running}")
    print(f"PVs verified           {verdict.verified}")
    print(f"RPO from the records   {rpo[-1]:.1f} s at most, {rpo[len(rpo) // 2]:.1f} s in the middle")
    print(f"records lost           {sum(verdict.lost_records.values())} on {len(verdict.lost_records)} disks")
    print(f"log                    {log}")
    for problem in verdict.problems:
        print(f"NOT AS IT MUST BE: {problem}")


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
