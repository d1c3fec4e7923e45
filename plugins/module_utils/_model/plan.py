# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: two sites, what is protected, how its volumes replicate, how PVs are patched, how VMs start."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from typing import Any, Literal

from .._errors import Refused
from .plan_secrets import HIDDEN, is_secret_key
from .readiness import Readiness
from .selector import LabelSelector
from .step_hook import StepHook

# what a VM that failed means for others: nothing, the rest of its wave stays off, or nothing more begins
OnFailure = Literal["continue", "stop_wave", "stop"]


@dataclass(frozen=True, slots=True, repr=False)
class Site:
    """auth: authentication options of kubernetes.core, secrets as references (`password_env`, `api_key_file`)."""

    name: str
    auth: Mapping[str, Any] = field(hash=False)
    max_starting: int | None = None

    def __repr__(self) -> str:
        shown = {key: HIDDEN if _may_hold_secret(key, value) else value for key, value in self.auth.items()}
        return f"Site(name={self.name!r}, auth={shown!r}, max_starting={self.max_starting!r})"


@dataclass(frozen=True, slots=True)
class Group:
    """A consistency group: the PVCs it selects. provider, max_lag, options: the plan's where it has none of its own."""

    name: str
    selector: LabelSelector
    provider: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    max_lag: timedelta | None = None

    def options_at(self, site: str) -> dict[str, Any]:
        """The options that hold at a site: the common ones, and those under `sites` for it."""
        common = {key: value for key, value in self.options.items() if key != "sites"}
        return {**common, **self.options.get("sites", {}).get(site, {})}


@dataclass(frozen=True, slots=True)
class VolumeRule:
    """How PVs that match are patched. match: scalars that may be lists are lists. set: PV fields per site."""

    index: int
    match: Mapping[str, Any] = field(hash=False)
    set: Mapping[str, Mapping[str, Any]] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Wave:
    """VMs that may start together; without a selector it takes the rest.

    delay: between the end of the wave before and the first start of this one. gate: it begins only in a run that was
    told by name to open it. on_failure: None where the plan's holds. readiness: what is not as the plan's.
    """

    name: str
    selector: LabelSelector | None = None
    after: tuple[str, ...] = ()
    delay: timedelta = timedelta(0)
    gate: bool = False
    on_failure: OnFailure | None = None
    readiness: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often what did not get ready is tried again, and after how long for the first time."""

    attempts: int = 0
    backoff: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Startup:
    """waves: in the order in which they run; the last one takes the rest. priority: the plan's, 1 to 5, among those
    that start at one site at once."""

    waves: tuple[Wave, ...]
    max_starting: int
    readiness: Readiness
    on_failure: OnFailure
    priority: int = 3
    caps: Mapping[str, int] = field(default_factory=dict, hash=False)
    retries: Retries = Retries()


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where manifests come from. namespace: where Velero lives. max_age: of the capture a failover may use.

    oadp: what OADP is configured with on request; None where that is somebody else's task.
    export: where an export is kept, `directory` or `s3`; None for the other sources.
    gitops: what syncs from Git at each site; None for the other sources.
    """

    source: Literal["oadp", "export", "gitops", "vendor"]
    schedule: str | None
    keep: timedelta | None
    max_age: timedelta | None
    prestage: bool
    namespace: str
    storage_location: str | None
    oadp: Mapping[str, Any] | None = field(default=None, hash=False)
    export: Mapping[str, Any] | None = field(default=None, hash=False)
    gitops: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Recovery points beside the current data. keep: how many of each VM; classes: storage class of a volume to that
    of its clone, where it is another one."""

    keep: int
    classes: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid plan. document: itself, normalised, as plain data; parse_plan reads it back as an equal plan.

    attachments: NetworkAttachmentDefinitions that have another name at each site, by site.
    snapshots: None where volumes are not cloned. hooks: of steps, in the order in which they run.
    folder: where relative paths in the plan start; empty where it is a document.
    """

    name: str
    home: str
    sites: Mapping[str, Site] = field(hash=False)
    namespaces: tuple[str, ...]
    selector: LabelSelector
    provider: str | None
    max_lag: timedelta | None
    groups: tuple[Group, ...]
    rules: tuple[VolumeRule, ...]
    attachments: tuple[Mapping[str, str], ...] = field(hash=False)
    metadata: Metadata
    snapshots: Snapshots | None
    startup: Startup
    hooks: tuple[StepHook, ...]
    store_namespace: str
    document: Mapping[str, Any] = field(hash=False, repr=False)
    folder: str = field(default="", compare=False)
    # the groups by the one of their labels that the fewest have; None: of those that name no label
    _groups_by_label: Mapping[tuple[str, str] | None, Sequence[tuple[int, Group]]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        having = Counter(label for group in self.groups for label in group.selector.match_labels.items())
        found: dict[tuple[str, str] | None, list[tuple[int, Group]]] = {}
        for number, group in enumerate(self.groups):
            label = min(group.selector.match_labels.items(), key=having.__getitem__, default=None)
            found.setdefault(label, []).append((number, group))
        object.__setattr__(self, "_groups_by_label", found)

    def site(self, name: str) -> Site:
        if name not in self.sites:
            names = " or ".join(self.sites)
            raise Refused(
                f"find a site in the plan {self.name}", seen=f"{name}, which is not one of its sites", wanted=names
            )
        return self.sites[name]

    def peer_of(self, site: str) -> str:
        """The other site's name."""
        known = self.site(site).name
        return next(name for name in self.sites if name != known)

    def group_for(self, labels: Mapping[str, str]) -> tuple[Group, ...]:
        """All groups that select a PVC with these labels; anything but one is for the caller to judge."""
        near = [item for label in (None, *labels.items()) for item in self._groups_by_label.get(label, ())]
        return tuple(group for _number, group in sorted(near, key=itemgetter(0)) if group.selector.matches(labels))

    def fingerprint(self) -> str:
        """SHA-256 of the normalised document: the same for every spelling of the same plan."""
        canonical = json.dumps(self.document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _may_hold_secret(key: str, value: object) -> bool:
    return is_secret_key(key) or (key in ("kubeconfig", "proxy_headers") and isinstance(value, Mapping))
