# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the ResourceQuotas of a target leave room for the claims that a move would create there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from ..._model.finding import Finding
from ..._model.quantity import parse_quantity


def quota_findings(
    quotas: Iterable[Mapping[str, Any]], claims: Iterable[Mapping[str, Any]], site: str
) -> list[Finding]:
    """claims: those to create. A quota with scopes does not count them."""
    needs = _needs(claims)
    findings = []
    for quota in quotas:
        meta, spec = quota["metadata"], quota.get("spec") or {}
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        hard, used = spec.get("hard") or {}, (quota.get("status") or {}).get("used") or {}
        for name, need in needs.get(meta["namespace"], {}).items():
            if name not in hard:
                continue
            left = parse_quantity(str(hard[name])) - parse_quantity(str(used.get(name, "0")))
            if need > left:
                findings.append(
                    Finding(
                        "blocker",
                        "QuotaTooSmall",
                        f"ResourceQuota/{meta['namespace']}/{meta['name']}",
                        f"{name}: {_written(need)} to create, {_written(left)} of {hard[name]} left",
                        "raise it, or free what it counts",
                        site,
                    )
                )
    return findings


def _needs(claims: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Fraction]]:
    """Per namespace what its quotas would count of the claims."""
    needs: dict[str, dict[str, Fraction]] = {}
    for claim in claims:
        spec = claim["spec"]
        storage = parse_quantity(str(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0")))
        of_class = f"{spec.get('storageClassName', '')}.storageclass.storage.k8s.io"
        counted = {
            "persistentvolumeclaims": Fraction(1),
            "count/persistentvolumeclaims": Fraction(1),
            "requests.storage": storage,
            f"{of_class}/persistentvolumeclaims": Fraction(1),
            f"{of_class}/requests.storage": storage,
        }
        sums = needs.setdefault(claim["metadata"]["namespace"], {})
        for name, amount in counted.items():
            sums[name] = sums.get(name, Fraction(0)) + amount
    return needs


def _written(amount: Fraction) -> str:
    gibi = Fraction(1024) ** 3
    return f"{float(amount / gibi):g}Gi" if abs(amount) >= gibi else f"{float(amount):g}"
