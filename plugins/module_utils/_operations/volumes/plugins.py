# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume patching for any playbook: what the filters and tests answer. Plain data in and out; no cluster is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._errors import Refused
from ..._model.plan import VolumeRule
from ..._model.plan_parser import parse_rules
from ..._planning.volumes.compare import differences
from ..._planning.volumes.home import fields_of_the_other_site
from ..._planning.volumes.patch import patch_volume
from ..._planning.volumes.preview import changes_of
from ..plan.plan_source import load_plan

Object = dict[str, Any]


def patched_volume(pv: Any, site: Any, plan: Any, rules: Any, pvc: Any, vm: Any) -> Object:
    """The PV, and its claim where one is given, as they are at the site, with rule, reasons and changes."""
    _check_object("patch the volume", pv, "PersistentVolume")
    claim = _claim_of("patch the volume", pv, pvc)
    decision = patch_volume(pv, claim, _rules("patch the volume", plan, rules, site), site, (vm,) if vm else ())
    given = claim if pvc is not None else None
    return {
        "pv": decision.pv,
        "pvc": decision.pvc if pvc is not None else None,
        "rule": decision.rule,
        "reasons": list(decision.reasons),
        "changes": [change.as_dict() for change in changes_of(pv, given, decision)],
    }


def points_home(pv: Any, site: Any, plan: Any, rules: Any, pvc: Any, vm: Any) -> bool:
    """Whether the PV that is used at the site still names the other one."""
    tried = "compare the volume with its rule"
    _check_object(tried, pv, "PersistentVolume")
    claim = _claim_of(tried, pv, pvc)
    return bool(fields_of_the_other_site(pv, claim, _rules(tried, plan, rules, site), site, (vm,) if vm else ()))


def volume_differences(seen: Any, wanted: Any) -> list[str]:
    """Where a PV or claim is not what patched_volume returned for it; defaults of the API server don't count."""
    tried = "compare the object with what is wanted"
    _check_object(tried, seen, None)
    if isinstance(wanted, Mapping) and "pv" in wanted:
        wanted = wanted.get("pvc" if _is_claim(seen) else "pv")
    _check_object(tried, wanted, None)
    if seen["metadata"]["name"] != wanted["metadata"]["name"] or _is_claim(seen) != _is_claim(wanted):
        raise Refused(
            tried,
            on=_name_of(seen),
            seen=f"what is wanted is {_name_of(wanted)}",
            wanted="the same object twice",
            next_step="give the result of ocpvirt.dr.patched_volume for this object",
        )
    return differences(wanted, seen)


def _rules(tried: str, plan: Any, rules: Any, site: Any) -> tuple[VolumeRule, ...]:
    if (plan is None) == (rules is None):
        raise Refused(
            tried,
            seen="neither plan nor rules" if plan is None else "both plan and rules",
            wanted="one of them",
            next_step="give the plan (a document, or the path of its file), or the list of its volumes.rules",
        )
    found = load_plan(plan).rules if rules is None else parse_rules(rules)
    sites = sorted({name for rule in found for name in rule.set})
    if found and site not in sites:
        raise Refused(
            tried,
            seen=f"the site {site!r}, which is not one of its sites",
            wanted=" or ".join(sites),
            next_step="name the site at which the volume is going to be used",
        )
    return found


def _check_object(tried: str, value: Any, kind: str | None) -> None:
    meta = value.get("metadata") if isinstance(value, Mapping) else None
    named = isinstance(meta, Mapping) and isinstance(meta.get("name"), str)
    if named and isinstance(value.get("spec"), Mapping) and (kind is None or value.get("kind", kind) == kind):
        return
    shown = ", ".join(map(str, value)) if isinstance(value, Mapping) else type(value).__name__
    raise Refused(
        tried,
        seen=f"no object: {shown[:200]}" if not named else f"{_name_of(value)}, with {shown[:200]}",
        wanted=f"a {kind or 'PersistentVolume or a claim'} with metadata and spec, as the API server serves it",
        next_step="give one item of `resources`, as kubernetes.core.k8s_info returns them",
    )


def _claim_of(tried: str, pv: Mapping[str, Any], pvc: Any) -> Mapping[str, Any]:
    """The claim that was given, or as much of it as the PV knows."""
    ref = pv["spec"].get("claimRef") or {}
    if pvc is None:
        if not ref.get("name") or not ref.get("namespace"):
            raise Refused(
                tried,
                on=_name_of(pv),
                seen="no claimRef, and no claim was given",
                wanted="the claim that the volume belongs to",
                next_step="give it as pvc",
            )
        return {"metadata": {"name": ref["name"], "namespace": ref["namespace"]}, "spec": {}}
    _check_object(tried, pvc, "PersistentVolumeClaim")
    named = (pvc["metadata"].get("namespace"), pvc["metadata"]["name"])
    if not named[0] or (ref and named != (ref.get("namespace"), ref.get("name"))):
        raise Refused(
            tried,
            on=_name_of(pv),
            seen=f"the claim {named[0]}/{named[1]}, while its claimRef is {ref.get('namespace')}/{ref.get('name')}",
            wanted="the claim of this volume",
            next_step="give the PV and the claim that are bound to each other",
        )
    return dict(pvc)


def _is_claim(value: Mapping[str, Any]) -> bool:
    return bool(value.get("kind") == "PersistentVolumeClaim" or value["metadata"].get("namespace"))


def _name_of(value: Mapping[str, Any]) -> str:
    meta = value["metadata"]
    kind = "PersistentVolumeClaim" if _is_claim(value) else "PersistentVolume"
    return "/".join(part for part in (kind, meta.get("namespace"), meta["name"]) if part)
