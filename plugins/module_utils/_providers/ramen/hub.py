# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramen's hub: a third cluster, which the plan's options lead to. Whoever has none can order nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..._cluster.api import Api
from ..._cluster.api import describe as describe_object
from ..._cluster.kinds import DR_PLACEMENT_CONTROL
from ..._errors import Conflict, DrError, NotFound, Refused, Unreachable
from ..._model.plan import Group
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .group_status import Told
from .options import Options, options_of
from .placement import owner

Object = dict[str, Any]
HUB = "hub"
REMEDY = "let options.hub lead to the cluster where Ramen's hub operator runs"
# of one request of an observation: a hub may be lost together with a site, and must not hold up what needs no hub
QUICK = 10.0
WAIT_AGE = 1.0


class Hub:
    """One connection. errors name the site `hub`."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._reads: SharedReads[dict[str, Object]] = SharedReads(_by_name, REMEDY)

    def moment(self) -> int:
        return self._reads.moment()

    def get(self, options: Options, since: int | None = None, age: float | None = None) -> Object:
        items = self._reads.read(self.api, DR_PLACEMENT_CONTROL, options.namespace, since, age)
        if options.name not in items:
            raise NotFound(
                "find the DRPlacementControl",
                site=HUB,
                on=named(options),
                seen=f"absent; in {options.namespace}: {', '.join(sorted(items)) or 'none'}",
                next_step="protect the application by Ramen first, or correct options.drpc and options.namespace",
            )
        return items[options.name]

    def look_up(self, options: Options) -> Callable[[], Object]:
        """Fresh enough for a wait, and never older than this call."""
        since = self._reads.moment()
        return lambda: self.get(options, since, WAIT_AGE)

    def patch(self, options: Options, body: Object) -> None:
        self.api.patch(DR_PLACEMENT_CONTROL, options.name, options.namespace, body)


class Hubs:
    """One connection for all groups that name the same hub."""

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self._sites = sites
        self._hubs: dict[tuple[str, bool], Hub] = {}
        self._lock = threading.Lock()

    def of(self, group: Group, site: str, quick: bool = False) -> Hub:
        """quick: for who can do without."""
        found = options_of(group, site).hub
        if not found:
            raise Refused(
                "connect to Ramen's hub",
                on=f"group {group.name}",
                seen="the plan names none",
                wanted="replication.options.hub, with a kubeconfig as a site has one",
                next_step="add it: only the hub moves what Ramen protects",
            )
        key = json.dumps(found, sort_keys=True), quick
        with self._lock:
            if key not in self._hubs:
                api = self._connect(site, found)
                api.patience = QUICK if quick else api.patience
                self._hubs[key] = Hub(api)
            return self._hubs[key]

    def get(self, group: Group, site: str) -> Object:
        return self.of(group, site).get(options_of(group, site))

    def told(self, groups: Sequence[Group], site: str) -> list[Told]:
        """For an observation, which fails for no hub; a silent one is asked once."""
        moments: dict[int, int] = {}
        silent: dict[int, str] = {}

        def ask(group: Group) -> Told:
            try:
                hub = self.of(group, site, quick=True)
                if why := silent.get(id(hub)):
                    return Told(None, why)
                since = moments.setdefault(id(hub), hub.moment())
                return Told(hub.get(options_of(group, site), since))
            except Unreachable as error:
                silent[id(hub)] = str(error)
                return Told(None, str(error))
            except DrError as error:
                return Told(None, str(error))

        return [ask(group) for group in groups]

    def needed(self, tried: str, group: Group, site: str) -> tuple[Hub, Object]:
        """For an order. Without the hub there is no way round it."""
        try:
            hub = self.of(group, site)
            return hub, hub.get(options_of(group, site))
        except Unreachable as error:
            raise Refused(
                tried,
                site=HUB,
                on=f"group {group.name}",
                seen=f"no answer: {error}",
                wanted="Ramen's hub, which alone moves what it protects; nothing was written",
                next_step="recover the hub (of ACM: activate the passive one), let options.hub lead there,"
                " and start again. The VolumeReplicationGroups at the sites are not to be changed by hand: a hub that"
                " comes back sets them as it knew them",
            ) from error

    def _connect(self, site: str, found: Mapping[str, Any]) -> Api:
        try:
            return self._sites[site].connect(HUB, found)
        except Refused as error:
            error.next_step = "correct replication.options.hub in the plan, or the file that it names"
            raise


def check_ours(plan: str, options: Options, item: Object) -> None:
    """P8: what another plan moves is not moved by this one."""
    if owner(item) in ("", plan):
        return
    raise Conflict(
        "move what Ramen protects",
        site=HUB,
        on=named(options),
        seen=f"it belongs to plan {owner(item)}",
        wanted=f"a DRPlacementControl of plan {plan} alone",
        next_step="correct the plans: what one DRPlacementControl moves belongs to one group of one plan",
    )


def named(options: Options) -> str:
    return describe_object(DR_PLACEMENT_CONTROL, options.namespace, options.name)


def _by_name(items: Iterable[Object]) -> dict[str, Object]:
    return {item["metadata"]["name"]: item for item in items}
