# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start is about: the VMs and workloads of its run, and the gates that are open for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .._cluster.api import Api, Object
from .._planning.start_gates import check_gates, gates_of
from .protected import list_vms
from .session import Session
from .workloads import Workloads, list_workloads

# what the run's record calls the gates that were opened
GATES = "open-gates"


def open_gates(session: Session, site: str, given: Collection[str]) -> set[str]:
    waves = session.plan.startup.waves
    if site != session.target:
        # what is given back had passed its gates
        return set(gates_of(waves))
    check_gates(waves, given)
    opened = set(session.load(GATES) or ())
    if not opened.issuperset(given):
        opened.update(given)
        session.put(GATES, sorted(opened))
    return opened


def of_run(session: Session, api: Api, site: str) -> tuple[dict[str, Object], Workloads]:
    """At a target only what the capture holds: what is not in it was given up where the plan lived."""
    vms, workloads = list_vms(session.plan, api), list_workloads(session.plan, api)
    captured = session.load("capture") if site == session.target else None
    if captured is None:
        return vms, workloads
    selected = _only(workloads.selected, captured.get("workloads", []))
    return _only(vms, captured["vms"]), Workloads(selected, workloads.jobs, workloads.foreign)


def _only(items: Mapping[str, Object], keys: Iterable[str]) -> dict[str, Object]:
    wanted = set(keys)
    return {key: item for key, item in items.items() if key in wanted}
