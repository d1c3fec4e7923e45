# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs and workloads of a namespace `shop`, and their order as text."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_facts import start_facts
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord, ProtectedVm
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.workload import ProtectedWorkload, WorkloadRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Startable
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartOrder

ON = PowerRecord("Always", True)


def vm(
    name: str,
    tier: str = "",
    priority: int = 3,
    needs: str = "",
    after: str = "",
    power: PowerRecord = ON,
    start: bool = True,
    namespace: str = "shop",
) -> ProtectedVm:
    """needs, after: as a person writes depends-on and start-after."""
    depends_on, start_after = _edges(namespace, needs, after)
    return ProtectedVm(namespace, name, {"tier": tier}, priority, depends_on, start, power, (), start_after)


def deployment(name: str, tier: str = "", needs: str = "", after: str = "", replicas: int = 2) -> ProtectedWorkload:
    depends_on, start_after = _edges("shop", needs, after)
    record = WorkloadRecord(replicas > 0, replicas)
    return ProtectedWorkload("Deployment", "shop", name, {"tier": tier}, 3, depends_on, True, record, start_after)


def _edges(namespace: str, needs: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    annotations = {"dr.ocpvirt.io/depends-on": needs, "dr.ocpvirt.io/start-after": after}
    facts = start_facts({"namespace": namespace, "annotations": annotations}, "")
    return facts.depends_on, facts.start_after


def random_fleet(chance: random.Random) -> list[Startable]:
    names = [f"vm-{number}" for number in range(60)]
    chance.shuffle(names)

    def some(number: int) -> str:
        return ",".join(chance.sample(names[:number], min(number, chance.randint(0, 2))))

    tiers = ["db", "app", "web"]
    return [
        vm(name, chance.choice(tiers), chance.randint(1, 5), needs=some(number), after=some(number))
        for number, name in enumerate(names)
    ]


def as_text(order: StartOrder) -> str:
    """Each wave in a line: a key, `<-` what has to be ready before it, `<~` what only has to be over."""
    lines = [f"{wave.name}:{_stops(wave.delay, wave.gate)}{_keys(order, wave.keys)}" for wave in order.waves]
    lines += [f"off: {short(key)} {reason}" for key, reason in sorted(order.stays_off.items())]
    return "".join(f"{line}\n" for line in lines)


def _stops(delay: float, gate: str | None) -> str:
    return (f" [delay {delay:.0f} s]" if delay else "") + (f" [gate {gate}]" if gate else "")


def _keys(order: StartOrder, keys: Sequence[str]) -> str:
    return "".join(f" {short(key)}{_needs(order, key)}" for key in keys)


def _needs(order: StartOrder, key: str) -> str:
    edges = order.needs.get(key, ())
    kinds = [(arrow, [short(need.key) for need in edges if need.blocking is blocks]) for arrow, blocks in _ARROWS]
    return "".join(f"{arrow}{','.join(sorted(names))}" for arrow, names in kinds if names)


_ARROWS = (("<-", True), ("<~", False))


def short(key: str) -> str:
    return key.removeprefix("shop/").replace("/shop/", "/")
