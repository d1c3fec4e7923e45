"""A failover that is killed with SIGKILL while VMs start, one of which cannot open its disk."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import wait_until
from demo.storages.nfs import EXPORT
from demo.workload import NAMESPACE

MODULE = "plugins.modules.vm_startup"


@dataclass(frozen=True)
class KilledRun:
    """modules: pids of vm_startup when ansible-playbook was killed; seconds until all of them were gone."""

    world: World
    broken: str
    modules: tuple[int, ...]
    seconds: float

    @property
    def disk(self) -> Path:
        return disk_of(self.world, self.broken)

    def mend(self) -> None:
        hidden(self.disk).rename(self.disk)


def kill_during_start(world: World, broken: str) -> KilledRun:
    disk = disk_of(world, broken)
    disk.rename(hidden(disk))
    west = world.cluster("west")
    with world.log.open("a") as log:
        process = subprocess.Popen(
            [
                "ansible-playbook",
                "ocpvirt.dr.failover",
                "-e",
                f"dr_plan={world.plan_file}",
                "-e",
                "dr_target=west",
                "-e",
                "dr_declare_lost=east",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    modules: list[int] = []

    def not_yet() -> list[str]:
        assert process.poll() is None, f"ansible-playbook ended with {process.returncode}, see {world.log}"
        modules[:] = [pid for pid in descendants(process.pid) if MODULE in command_of(pid)]
        seen = [item["metadata"]["name"] for item in west.list("VirtualMachineInstance", NAMESPACE)]
        return [] if modules and broken in seen else [f"the VMI of {broken}"]

    wait_until("the start", 300, not_yet)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    began = time.monotonic()
    wait_until("the end of the module", 30, lambda: [str(pid) for pid in modules if MODULE in command_of(pid)])
    return KilledRun(world, broken, tuple(modules), time.monotonic() - began)


def disk_of(world: World, name: str) -> Path:
    return Path(world.sites["west"]["storage_root"]) / EXPORT / name


def hidden(disk: Path) -> Path:
    return disk.with_name(f"{disk.name}-hidden")


def descendants(pid: int) -> list[int]:
    """Processes below one, whatever session they are in."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, left = [], [pid]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


def command_of(pid: int) -> str:
    """Empty for a process that is gone, or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
