# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a move did to the guests' records, read from the disks of both sites; runs that are killed on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.tests.integration.networks import as_at
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, wait_until
from demo.disk_watch import DiskWatch
from demo.observation import running_at
from demo.playbook import Played
from demo.storages import parts_of
from demo.verdict import last_writer
from demo.workload import NAMESPACE, not_ready

# whose last sync only the primary tells: once its site is lost, what was kept of it is a bound
TOLD_BY_THE_PRIMARY = {"csi_addons", "custom", "ibm", "portworx", "volsync"}
# whose copy is newer than what is told of it for half a minute: by the time of the switch it may be told
TOLD_LATE = {"ceph_rbd": "rbd-mirror of west says so, and may be late"}
# which reads a disk some time after the moment that is told; once its site is lost, that moment stays
BY_RSYNC = "rsync of west says so, and may be late"
# who never tells how old a copy is, as a journal does not
TELLS_NO_SYNC = {"dell_csm", "hitachi", "trident"}
JOURNAL = "journal"
NO_SYNC = "no last sync is known: what east wrote since then is lost, and how much is unknown"
BOUND = "until then all has: "
BY_THE_PRIMARY = "east said so"


def assert_nothing_lost(watch: DiskWatch, after: dict[str, dict[str, Any]]) -> None:
    """The target's guests go on right after the last record that the source's guests wrote."""
    running = [name for name, volume in after.items() if last_writer(volume) not in ("", watch.site)]
    assert running
    for name in running:
        volume = after[name]
        assert (volume["gaps"], volume["bad_checksums"]) == ([], 0), name
        arrived = [boot for boot in volume["boots"] if boot["site"] == watch.site][-1]
        assert arrived["last_n"] >= watch.highest[name] > 0, f"{name} lost records"


def assert_lost_is_what_was_said(world: World, played: Played, after: dict[str, dict[str, Any]]) -> None:
    """The same moment before and after the switch; nothing older than it is lost, nothing younger has arrived.

    Where not the copy itself shows the moment, something younger may have arrived, and a later moment may be known at
    the switch than before it. Where nobody tells a moment, that is said.
    """
    for group, names in _members(world).items():
        _assert_lost(group, names, played, after)


def unfenced(world: World) -> list[str]:
    """Groups of the plan whose product cannot fence: a failover wants a waiver."""
    groups = parse_plan(world.document).groups
    return [group.name for group in groups if not PROVIDERS[group.provider or ""]().capabilities.fencing]


def _members(world: World) -> dict[Group, list[str]]:
    """By group of the plan the VMs that run; a disk is called as its VM."""
    found: dict[Group, list[str]] = {}
    for vm in world.vms:
        (group,) = parse_plan(world.document).group_for({"tier": vm.tier})
        found.setdefault(group, []).extend([vm.name] if vm.running else [])
    return found


def _told_by(group: Group) -> str:
    """Empty where the copy itself shows the moment."""
    if group.provider in TOLD_BY_THE_PRIMARY:
        return BY_THE_PRIMARY
    if group.provider == "nfs" and "ssh" in group.options_at("west"):
        return BY_RSYNC
    return TOLD_LATE.get(group.provider or "", "")


def _assert_lost(group: Group, names: list[str], played: Played, after: dict[str, dict[str, Any]]) -> None:
    if group.provider in TELLS_NO_SYNC or group.options.get("mode") == JOURNAL:
        assert len(re.findall(rf"\b{group.name}: {NO_SYNC}", played.output)) >= 2
        return
    by = _told_by(group)
    said = re.findall(rf"\b{group.name}: what \w+ wrote after (\S+) is lost(.*)", played.output)
    assert len(said) >= 2
    for _at, more in said:
        assert (BOUND in more, more.partition(BOUND)[2].startswith(by)) == (bool(by), True)
    begin, moment = _moment(said[0][0]), _moment(said[-1][0])
    assert begin == moment or (begin < moment and group.provider in TOLD_LATE)
    for name in names:
        arrived = [boot for boot in after[name]["boots"] if boot["site"] == "east"][-1]
        last = _moment(arrived["last_t"])
        period = (last - _moment(arrived["first_t"])) / max(1, arrived["last_n"] - arrived["first_n"])
        assert by or last <= moment, f"{name} holds a record from after {moment}"
        # a loaded machine delays a write by a few periods
        assert moment - last <= max(5 * period, timedelta(seconds=3)), f"{name} lost more than was said"


def assert_runs_at(world: World, site: str, specs: dict[str, Any]) -> None:
    """Everything as at its first home: what ran runs, what was off is off, specs are equal, no PV names the peer.

    The network of a VM has the name of the site.
    """
    cluster, peer = world.cluster(site), "west" if site == "east" else "east"
    wait_until(f"running VMs at {site}", 120, lambda: not_ready(cluster, world.running))
    assert specs_at(cluster) == as_at(specs, site)
    assert running_at(cluster) == set(world.running)
    assert running_at(world.cluster(peer)) == set()
    volumes = cluster.list("PersistentVolume")
    for storage in parts_of(world.storage):
        foreign = storage.address(world.sites[peer])
        assert [pv["metadata"]["name"] for pv in volumes if foreign in json.dumps(pv["spec"])] == []
    assert {pv["status"]["phase"] for pv in volumes} == {"Bound"}


def specs_at(cluster: Cluster) -> dict[str, Any]:
    """By VM all that its owner wrote: MAC addresses, disks, runStrategy."""
    return {vm["metadata"]["name"]: vm["spec"] for vm in cluster.list("VirtualMachine", NAMESPACE)}


def kill_when(world: World, playbook: str, reached: Callable[[], bool], *options: str) -> None:
    """Start a playbook and end it with SIGKILL at a moment that the cluster shows."""
    with world.log.open("a") as log:
        process = subprocess.Popen(
            ["ansible-playbook", f"ocpvirt.dr.{playbook}", "-e", f"dr_plan={world.plan_file}", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def not_yet() -> list[str]:
        assert process.poll() is None, f"ansible-playbook ended with {process.returncode}, see {world.log}"
        return [] if reached() else ["the moment"]

    try:
        wait_until("the moment to kill the run", 600, not_yet)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def _moment(text: str) -> datetime:
    """RFC 3339 with nanoseconds, which Python 3.11 reads only down to microseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00")))
