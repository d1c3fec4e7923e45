# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the ResourceQuotas of a target leave room for the pods and VMIs of a start. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..._model.finding import Finding
from ..._model.quantity import parse_quantity
from ..vm.parts import Object
from .pod_needs import CPU, MEMORY, PODS, Amounts, PodNeed

VMIS = "count/virtualmachineinstances.kubevirt.io"


@dataclass(frozen=True)
class Started:
    """A VM or workload that starts, and what each of its pods needs."""

    key: str
    namespace: str
    pods: Sequence[PodNeed]
    is_vm: bool


def quota_shortage(
    quotas: Iterable[Object], started: Sequence[Started], site: str
) -> tuple[list[Finding], dict[str, str]]:
    """Findings, and the keys that a quota keeps off when they start in this order. A quota with scopes is left out."""
    by_namespace: dict[str, list[tuple[str, Amounts]]] = {}
    for item in started:
        by_namespace.setdefault(item.namespace, []).append((item.key, dict(_counted(item))))
    findings: list[Finding] = []
    kept_off: dict[str, str] = {}
    for quota in quotas:
        spec, meta = quota.get("spec") or {}, quota["metadata"]
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        on = f"ResourceQuota/{meta['namespace']}/{meta['name']}"
        for name, hard, left in _left(quota):
            needs = [(key, counted.get(name, 0)) for key, counted in by_namespace.get(meta["namespace"], ())]
            total = sum(value for _key, value in needs)
            if total <= left:
                continue
            off = _past(needs, left)
            kept_off |= dict.fromkeys(off, on)
            message = f"{name}: {written(name, total)} to start, {written(name, left)} of {hard} left"
            findings.append(
                Finding(
                    "blocker",
                    "StartQuota",
                    on,
                    f"{message}: {len(off)} of {len(needs)} would not start",
                    "raise it, or free what it counts",
                    site,
                )
            )
    return findings, kept_off


def written(name: str, value: int) -> str:
    """An amount for people."""
    if name.endswith(CPU):
        return f"{value / 1000:g}"
    return f"{value / 1024**3:.1f}Gi" if name.endswith(MEMORY) else str(value)


def _left(quota: Object) -> Iterator[tuple[str, Any, int]]:
    used = (quota.get("status") or {}).get("used") or {}
    for name, hard in (quota["spec"].get("hard") or {}).items():
        left = parse_quantity(str(hard)) - parse_quantity(str(used.get(name, "0")))
        yield name, hard, int(left * 1000) if name.endswith(CPU) else int(left)


def _counted(item: Started) -> Iterator[tuple[str, int]]:
    yield "count/pods", len(item.pods)
    if item.is_vm:
        yield VMIS, 1
    for name in {name for need in item.pods for name in need.requests}:
        total = sum(need.requests.get(name, 0) for need in item.pods)
        yield f"requests.{name}", total
        if name in (PODS, MEMORY, CPU):
            yield name, total
    for name in (MEMORY, CPU):
        yield f"limits.{name}", sum(need.limits.get(name, 0) for need in item.pods)


def _past(needs: Sequence[tuple[str, int]], left: int) -> list[str]:
    """Those that no longer fit, one after the other; a smaller one behind may."""
    off = []
    for key, value in needs:
        if value > left:
            off.append(key)
        else:
            left -= value
    return off
