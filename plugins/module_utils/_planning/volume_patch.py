# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume patching: (PV, PVC, rules, target site) to the PV and PVC to create there, with reasons (P2). Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import Refused
from .._model.names import RECLAIM_POLICY
from .._model.plan import VolumeRule
from .._model.plan_volume_fields import field_path
from .rule_match import match_rule

# written by controllers of the old cluster; they would bind or provision there, not here
DROPPED_ANNOTATIONS = (
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "replication.storage.openshift.io/",
    "kubectl.kubernetes.io/",
    RECLAIM_POLICY,
)
# they name objects, which are called the same at both sites
OBJECT_NAMES = ("claimRef", "volumeName")
POPULATED_FOR = "cdi.kubevirt.io/storage.populatedFor"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
ADDRESS = re.compile(r"[\w-]+(?:\.[\w-]+)+")

Object = dict[str, Any]


@dataclass(frozen=True)
class VolumeDecision:
    """What to create at the target for one claim. rule: index of the rule that matched. reasons: for people."""

    pv: Object
    pvc: Object
    rule: int
    reasons: tuple[str, ...]

    @property
    def claim(self) -> str:
        return f"{self.pvc['metadata']['namespace']}/{self.pvc['metadata']['name']}"


def patch_volume(
    pv: Mapping[str, Any],
    pvc: Mapping[str, Any],
    rules: Sequence[VolumeRule],
    target: str,
    vm: str = "",
) -> VolumeDecision:
    """Decide the target's PV and PVC. Refused when no rule matches, or when a value of the other site would stay.

    vm: name of the VM that uses the claim, for {vm.name}.
    """
    on = f"PersistentVolume/{pv['metadata']['name']}"
    for rule in rules:
        captures = match_rule(rule.match, pv, pvc)
        if captures is not None:
            break
    else:
        raise Refused(
            "patch the volume",
            on=on,
            seen=f"no rule of {len(rules)} matches {source_of(pv)}",
            wanted="a rule in volumes.rules that says what this volume is at each site",
            next_step=f"add a rule for it to the plan; its claim is {_claim(pvc)}",
        )
    values = {
        "pv.name": pv["metadata"]["name"],
        "pv.nfs.path": pv["spec"].get("nfs", {}).get("path", ""),
        "pvc.name": pvc["metadata"]["name"],
        "pvc.namespace": pvc["metadata"]["namespace"],
        "vm.name": vm,
        **{f"match.{name}": value for name, value in captures.items()},
    }
    new_pv, new_pvc = clean_pv(pv), clean_pvc(pvc)
    reasons = [f"rule {rule.index} matches {source_of(pv)}"]
    for field, template in rule.set[target].items():
        value = _fill(template, values, on)
        before = _assign(new_pv["spec"], field_path(field), value)
        if before != value:
            reasons.append(f"{field}: {before!r} becomes {value!r}")
    if "storageClassName" in new_pv["spec"]:
        new_pvc["spec"]["storageClassName"] = new_pv["spec"]["storageClassName"]
    for strange in points_home([new_pv["spec"], new_pvc["spec"]], rule, target):
        raise Refused(
            "patch the volume",
            on=on,
            seen=f"after rule {rule.index} it still holds {strange!r}, a value of the other site",
            wanted=f"only values of {target}",
            next_step=f"set that field under volumes.rules[{rule.index}].set.{target}",
        )
    return VolumeDecision(new_pv, new_pvc, rule.index, tuple(reasons))


def clean_pv(pv: Mapping[str, Any]) -> Object:
    """The PV without what ties it to its old cluster; claimRef keeps the claim's namespace and name."""
    spec = copy.deepcopy(dict(pv["spec"]))
    claim = spec.get("claimRef") or {}
    spec["claimRef"] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": claim.get("namespace"),
        "name": claim.get("name"),
    }
    spec["persistentVolumeReclaimPolicy"] = "Retain"
    spec.pop("nodeAffinity", None)
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": _clean_meta(pv["metadata"]), "spec": spec}


def clean_pvc(pvc: Mapping[str, Any]) -> Object:
    """The PVC bound by name to its PV; nothing populates it: no data source, and CDI is told that it is populated."""
    meta = _clean_meta(pvc["metadata"])
    meta["namespace"] = pvc["metadata"]["namespace"]
    owner = next((o for o in pvc["metadata"].get("ownerReferences") or [] if o.get("kind") == "DataVolume"), None)
    if owner:
        meta.setdefault("annotations", {})[POPULATED_FOR] = owner["name"]
    spec = copy.deepcopy(dict(pvc["spec"]))
    for source in ("dataSource", "dataSourceRef"):
        spec.pop(source, None)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}


def points_home(parts: Sequence[Mapping[str, Any]], rule: VolumeRule, target: str) -> list[str]:
    """Strings that hold a constant which the rule gives to the other site and not to the target."""
    theirs = {text for site, fields in rule.set.items() if site != target for text in _constants(fields)}
    ours = _strings(rule.set[target])
    patterns = [
        pattern
        for pattern in (re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w.-])") for text in theirs)
        if not any(pattern.search(text) for text in ours)
    ]
    places = [{key: value for key, value in part.items() if key not in OBJECT_NAMES} for part in parts]
    return [text for place in places for text in _strings(place) if any(pattern.search(text) for pattern in patterns)]


def differences(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Where an object read back from the API server is not what was decided; defaults that it added don't count."""
    return [*_differ("", wanted["spec"], seen["spec"])]


def source_of(pv: Mapping[str, Any]) -> str:
    """The PV's volume source, short: `nfs 10.0.0.1:/exports/a`, `csi driver handle`."""
    spec = pv["spec"]
    if "nfs" in spec:
        return f"nfs {spec['nfs']['server']}:{spec['nfs']['path']}"
    if "csi" in spec:
        return f"csi {spec['csi']['driver']} {spec['csi']['volumeHandle']}"
    known = {"accessModes", "capacity", "claimRef", "volumeMode", "storageClassName", "mountOptions", "nodeAffinity"}
    return next((name for name in spec if name not in known and isinstance(spec[name], dict)), "an unknown source")


def _differ(path: str, wanted: Any, seen: Any) -> list[str]:
    if isinstance(wanted, dict):
        if not isinstance(seen, dict):
            return [f"{path or 'spec'}: wanted {wanted!r}, is {seen!r}"]
        found = []
        for key, value in wanted.items():
            found += _differ(f"{path}.{key}" if path else key, value, seen.get(key))
        return found
    return [] if wanted == seen else [f"{path}: wanted {wanted!r}, is {seen!r}"]


def _clean_meta(meta: Mapping[str, Any]) -> Object:
    clean: Object = {"name": meta["name"]}
    if meta.get("labels"):
        clean["labels"] = dict(meta["labels"])
    kept = {
        key: value for key, value in (meta.get("annotations") or {}).items() if not key.startswith(DROPPED_ANNOTATIONS)
    }
    if kept:
        clean["annotations"] = kept
    return clean


def _fill(template: Any, values: Mapping[str, str], on: str) -> Any:
    if not isinstance(template, str):
        return template

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        if not values.get(name):
            raise Refused(
                "patch the volume", on=on, seen=f"{{{name}}} has no value here", wanted=f"a value for {template!r}"
            )
        return values[name]

    return PLACEHOLDER.sub(value_of, template)


def _assign(spec: Object, path: Sequence[str], value: Any) -> Any:
    """Set the field and give back what was there."""
    *parents, last = path
    place = spec
    for key in parents:
        place = place.setdefault(key, {})
    before = place.get(last)
    place[last] = value
    return before


def _constants(fields: Mapping[str, Any]) -> list[str]:
    """Whole texts, and of templates the addresses beside their placeholders."""
    found: list[str] = []
    for value in fields.values():
        if isinstance(value, str) and value:
            found += ADDRESS.findall(PLACEHOLDER.sub(" ", value)) if "{" in value else [value]
    return found


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _strings(item)]
    return []


def _claim(pvc: Mapping[str, Any]) -> str:
    return f"{pvc['metadata']['namespace']}/{pvc['metadata']['name']}"
