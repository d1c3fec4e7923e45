# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes as files for Git: one for each claim, the same for the same decision; which of a folder are ours. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._errors import Conflict
from ..._model.names import COMMITTED, CREATED_BY
from .canonical_yaml import canonical_yaml
from .patch import VolumeDecision

ENDING = ".yaml"
# Flux leaves an object in the cluster whose file is gone; for Argo CD see kept_from_pruning
FLUX_PRUNE = "kustomize.toolkit.fluxcd.io/prune"
# file systems take names of 255 bytes, and those of claims have up to 253 characters
_LONGEST = 240


@dataclass(frozen=True)
class FileChanges:
    """write: text by name. remove: names. before: the text of each as it is there, empty where it is not."""

    write: Mapping[str, str]
    remove: tuple[str, ...]
    before: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return sorted([*self.write, *self.remove])


def file_name(claim: str) -> str:
    """Of a claim, namespace/name. No namespace has a dot in it, so no two claims have one name."""
    name = claim.replace("/", ".", 1)
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 17]}.{hashlib.sha256(claim.encode()).hexdigest()[:16]}"
    return f"{name}{ENDING}"


def file_text(decision: VolumeDecision, plan: str) -> str:
    """The volume, then its claim, without what only one cluster or one run knows."""
    pv = _marked(decision.pv, plan)
    ref = pv["spec"]["claimRef"]
    kept = {key: value for key, value in ref.items() if key not in ("uid", "resourceVersion")}
    pv["spec"] = {**pv["spec"], "claimRef": kept}
    documents = [canonical_yaml(item) for item in (pv, _marked(decision.pvc, plan))]
    return "\n".join(
        [f"# Written by ocpvirt.dr for plan {plan}: it overwrites changes", "---", "---\n".join(documents)]
    )


def is_ours(text: str, plan: str) -> bool:
    """Whether the plan wrote this file, by its label."""
    return re.search(rf'^ +{re.escape(COMMITTED)}: "?{re.escape(plan)}"?\r?$', text, re.MULTILINE) is not None


def file_changes(decisions: Iterable[VolumeDecision], there: Mapping[str, str], plan: str) -> FileChanges:
    """What makes the folder hold these volumes. there: text by name. Refused where another's file has our name."""
    wanted = {file_name(decision.claim): file_text(decision, plan) for decision in decisions}
    for name in sorted(wanted.keys() & there.keys()):
        if not is_ours(there[name], plan):
            raise Conflict(
                "write the volume's manifest",
                on=name,
                seen=f"a file of that name that plan {plan} did not write: it lacks the label {COMMITTED}",
                wanted="absent, or written by this plan",
                next_step="it was not touched: move it away, or give the plan a folder of its own",
            )
    write = {name: text for name, text in sorted(wanted.items()) if there.get(name) != text}
    gone = tuple(name for name, text in sorted(there.items()) if name not in wanted and is_ours(text, plan))
    return FileChanges(write, gone, {name: there.get(name, "") for name in (*write, *gone)})


def _marked(item: Mapping[str, Any], plan: str) -> dict[str, Any]:
    meta = item["metadata"]
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key != CREATED_BY}
    kept = {key: meta[key] for key in ("name", "namespace") if key in meta}
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "metadata": {
            **kept,
            "labels": {**(meta.get("labels") or {}), COMMITTED: plan},
            "annotations": {**annotations, FLUX_PRUNE: "disabled"},
        },
        "spec": dict(item["spec"]),
    }
