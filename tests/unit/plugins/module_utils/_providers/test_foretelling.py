# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of every provider of the registry with a double: check mode tells what the verb does then, and changes nothing."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.foretelling import (
    WouldChange,
    foretelling,
    would_change,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.provider import TasksProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.all_verbs import walk
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.beside_cluster import NfsWorld
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    group,
    impatient_pair,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons import world as csi_addons
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom import world as custom
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm import world as dell_csm
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.foretold import Foretold
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi import world as hitachi
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm import world as ibm
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx import world as portworx
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen import world as ramen
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.disk import Disk
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.player import Player
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident import world as trident
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync import world as volsync
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

# a product that is described with these two as well
HELD = {
    verb: {"patch": {"metadata": {"annotations": {"example.org/hold": held}}}}
    for verb, held in (("pause", "yes"), ("resume", "no"))
}
WORLDS: dict[str, Callable[[], Any]] = {
    "csi_addons": csi_addons.world,
    "csi_addons-group": lambda: csi_addons.world(per="group"),
    "custom": lambda: custom.custom_world(verbs={**custom.described()["verbs"], **HELD}),
    "dell_csm": dell_csm.world,
    "hitachi": hitachi.world,
    "hitachi-group": lambda: hitachi.world(grouped=True),
    "ibm": ibm.world,
    "ibm-policy": lambda: ibm.world("policy"),
    "portworx": lambda: portworx.world(enabled=False),
    "ramen": ramen.world,
    "trident": trident.world,
    "volsync": volsync.world,
}
# whose double is beside the cluster; whose verbs are playbooks, of which nobody knows what they will find; or none
ELSEWHERE = {"ceph_rbd", "nfs"}
UNKNOWN = {"array", "hpe", "tasks"}


def test_every_provider_is_foretold_or_cannot_be() -> None:
    assert {name.split("-")[0] for name in WORLDS} == PROVIDERS.keys() - ELSEWHERE - UNKNOWN


def objects(made: Any) -> dict[str, Any]:
    apis = {**made.apis, **({"hub": made.hub} if hasattr(made, "hub") else {})}
    return {name: copy.deepcopy(api.objects) for name, api in apis.items()}


def again(made: Any) -> None:
    """Each of them, when it is done already."""
    made.wait()
    provider, group = made.provider, made.group
    provider.enable(group, "east", "west")
    for verb, site in [(verb, site) for verb in ("pause", "resume") for site in ("east", "west")]:
        with suppress(Unsupported, Refused):
            getattr(provider, verb)(group, site)
            made.wait()
            getattr(provider, verb)(group, site)
    provider.resync(group, "west")


@pytest.mark.parametrize("name", WORLDS)
def test_p9_what_check_mode_tells_of_a_verb_is_what_it_does(name: str) -> None:
    made = WORLDS[name]()
    world = Foretold(made, lambda: objects(made))
    walk(world, again)
    assert {("enable", False), ("resync", False)} <= {*world.told}
    if made.provider.capabilities.pause:
        both = {(verb, done) for verb in ("pause", "resume") for done in (True, False)}
        assert both <= {*world.told}


def files(root: Path) -> dict[str, bytes]:
    """But the list of what the doubles of programs were asked for, and locks."""
    return {
        str(path): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.suffix in ("", ".state", ".img", ".exports")
    }


def test_p9_the_same_of_an_nfs_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = NfsWorld(tmp_path, monkeypatch)
    world = Foretold(made, lambda: files(tmp_path))
    provider, group = world.provider, world.group
    for _twice in range(2):
        provider.enable(group, "east", "west")
    for verb in ("pause", "pause", "resume", "resume"):
        getattr(provider, verb)(group, "west")
    assert [done for _verb, done in world.told[-4:]] == [True, False, True, False]
    sites = group.options["sites"]
    edited = replace(group, options={"sites": {**sites, "west": {**sites["west"], "clients": "192.0.2.7"}}})
    for _twice in range(2):
        provider.enable(edited, "east", "west")
    assert [done for _verb, done in world.told[-2:]] == [True, False]


class Mirrored:
    """Images that are mirrored from east."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pair = impatient_pair(monkeypatch, "a", "b")
        self.group = group(schedule="5m")

    @property
    def provider(self) -> Provider:
        return self.pair.provider()


def test_p9_the_same_of_rbd_mirroring(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Mirrored(monkeypatch)
    world = Foretold(made, lambda: copy.deepcopy((made.pair.images, made.pair.schedules)))
    provider, group = world.provider, world.group
    for _twice in range(2):
        provider.enable(group, "east", "west")
    provider.promote(group, "west", True)
    with pytest.raises(Refused):
        provider.resync(group, "east")
    provider.demote(group, "east")
    for _twice in range(2):
        provider.resync(group, "east")
    assert [done for _verb, done in world.told] == [True, False, True, False]


def test_p9_no_task_file_is_played_in_check_mode(tmp_path: Path) -> None:
    """What it would find is not known before, so that it is said to change something."""
    disk = Disk(tmp_path)
    player = Player(observe=[{"role": "secondary", "health": "diverged", "direction": "none"}])
    sites = {site: SiteHandle(site, disk.plan, no_api, foretells=True) for site in disk.plan.sites}
    provider = TasksProvider(sites, player)
    assert would_change(lambda: provider.resync(disk.plan.groups[0], "west")) is True
    assert player.verbs == ["observe"]


READS = {"get", "find", "list", "list_with_version", "raw", "watch"}


def test_p9_every_call_of_a_server_reads_or_is_stopped_in_check_mode() -> None:
    calls = {name for name, call in vars(Api).items() if callable(call) and not name.startswith("_")}
    server = foretelling(cast(Api, MemoryApi()))
    for name in sorted(calls - READS):
        with pytest.raises(WouldChange):
            getattr(server, name)()
    assert calls >= READS


def test_a_server_that_is_only_read_takes_the_patience_that_it_is_given() -> None:
    api: Any = MemoryApi()
    handle = SiteHandle("west", plan_of(), lambda: api, foretells=True)
    handle.api.patience = 10.0
    handle.wait_at_most(30.0)
    assert api.patience == 10.0
    assert (handle.api.clock.waits, handle.api.clock.longest_wait) == (False, 30.0)
    assert (api.clock.waits, api.clock.longest_wait) == (True, math.inf)


def no_api() -> Any:
    raise Unreachable("connect", seen="no cluster is needed")
