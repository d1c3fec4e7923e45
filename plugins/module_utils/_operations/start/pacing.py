# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many may be in flight from one moment to the next: the pace, the site's budget, and the room on its nodes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from ..._cluster.api import Api
from ..._cluster.kinds import NODE
from ..._cluster.watching import Watch
from ..._model.plan import Startup
from ..._model.vmi_state import VmiState
from ..._planning.start.caps import NODE as ON_NODE
from ..._planning.start.pace import Signals, StartPace
from ..._planning.start.window import StartWindow
from .budget import SiteBudget
from .parts import HOSTNAME

# seconds between two looks at what goes on
LOOK_EVERY = 1.0
# seconds after which a VM waits long for a node, or for its node to attach and mount
LONG = 20.0
SCHEDULING = ("", "Pending", "Scheduling")
# the label that KubeVirt keeps on nodes that VMs can run on
SCHEDULABLE = "kubevirt.io/schedulable"


class Pacing:
    """Sets the window's limit. state: what is seen of a VM's VMI. workloads: keys of what has none."""

    def __init__(
        self,
        startup: Startup,
        api: Api,
        window: StartWindow,
        budget: SiteBudget,
        wake: threading.Condition,
        state: Callable[[str], VmiState | None],
        workloads: Container[str] = (),
    ) -> None:
        self.pace = StartPace(startup.max_starting)
        self.watches = [Watch(api, NODE, None, wake, keep=node_state)] if ON_NODE in startup.caps else []
        self._site = api.site
        self._traffic = api.traffic
        self._window = window
        self._budget = budget
        self._state = state
        self._workloads = workloads
        # when each was asked, and its seconds
        self._boots: list[tuple[float, float]] = []
        self._looked: float | None = None
        self._without_nodes = ""

    @property
    def note(self) -> str:
        """Why no more are in flight, for the progress line."""
        return ", ".join(filter(None, [self._without_nodes, self.pace.note, self._budget.note]))

    def booted(self, asked: float, seconds: float) -> None:
        """seconds: without what it had to stay ready for."""
        self._boots.append((asked, seconds))

    def set_limit(self, now: float, blind: bool = False) -> None:
        """As of now; cheap unless a second has passed. blind: whether the site gives no answer."""
        window = self._window
        if self._looked is None or now - self._looked >= LOOK_EVERY:
            self._look(now)
            self._looked = now
        in_flight = len(window.in_flight)
        limit = min(self.pace.limit, in_flight + self._room_on_nodes())
        # of the site's budget no more than what can begin: the rest is for others
        wanted = window.could_begin(max(0, limit - in_flight))
        window.limit = min(limit, self._budget.update(in_flight, wanted, blind))

    def _room_on_nodes(self) -> int:
        room = sys.maxsize
        for watch in self.watches:
            nodes = {name: seen for (_none, name), seen in list(watch.objects.items()) if seen.takes_vms}
            room = min(room, self._window.queue.room_on([seen.host or name for name, seen in nodes.items()]))
            self._window.queue.limit_selected([seen.labels for seen in nodes.values()])
            self._without_nodes = "" if nodes else f"a node of {self._site} that takes VMs"
        return room

    def _look(self, now: float) -> None:
        seen = self._traffic.take()
        boots, self._boots = tuple(seconds for asked, seconds in self._boots if self.pace.knows(asked)), []
        self.pace.look(Signals(seen.throttled, seen.errors, seen.latency, *self._wait_long(now), boots), now)

    def _host(self, node: str) -> str:
        """What VMs call it."""
        found = next((watch.objects.get(("", node)) for watch in self.watches), None)
        return found.host or node if found else node

    def _wait_long(self, now: float) -> tuple[int, int]:
        """How many VMs wait for a node, and for what comes after that."""
        scheduling = attaching = 0
        for key, since in self._window.in_flight.items():
            if key in self._workloads:
                continue
            state = self._state(key)
            self._window.queue.settle(key, self._host(state.node) if state is not None else "")
            if now - since < LONG or not self.pace.knows(since):
                continue
            if state is None or (state.phase in SCHEDULING and not state.node):
                scheduling += 1
            elif state.phase in SCHEDULING:
                attaching += 1
        return scheduling, attaching


@dataclass(frozen=True, slots=True)
class NodeState:
    """host: by which a VM asks for it, which need not be its name. takes_vms: whether KubeVirt may start one now.

    labels: as key=value.
    """

    host: str
    takes_vms: bool
    labels: frozenset[str]


def node_state(node: Mapping[str, Any]) -> NodeState:
    labels, spec = node["metadata"].get("labels") or {}, node.get("spec") or {}
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in (node.get("status") or {}).get("conditions") or []
    )
    takes_vms = ready and not spec.get("unschedulable") and labels.get(SCHEDULABLE) == "true"
    return NodeState(labels.get(HOSTNAME, ""), takes_vms, frozenset(f"{key}={value}" for key, value in labels.items()))
