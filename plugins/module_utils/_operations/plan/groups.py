# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's consistency groups: who replicates each, how they are, and which volumes belong to them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any, TypeVar

from ..._cluster.api import Api
from ..._errors import DrError, Refused, Unreachable
from ..._model.group_status import GroupStatus, SyncProof, silent
from ..._model.plan import Group, Plan
from ..._providers.base import Provider
from ..._providers.registry import detection, provider_class
from ..._providers.site_handle import ClaimedVolume, Outlasting, SiteHandle, Tell, tell_nobody
from .captured import captured_volumes
from .plan_source import resolve_references
from .sites import Reach, open_other, open_site

Done = TypeVar("Done")


class Groups:
    """The groups of one plan, with one provider for all groups that a product replicates.

    foretells: as of `SiteHandle`, for check mode.
    """

    def __init__(
        self, plan: Plan, outlasting: Outlasting = nullcontext, tell: Tell = tell_nobody, foretells: bool = False
    ) -> None:
        self.plan = plan
        self._handles = {
            name: SiteHandle(
                name,
                plan,
                partial(open_site, plan, name),
                reveal=partial(resolve_references, environ=os.environ, site=name),
                outlasting=outlasting,
                connect=open_other,
                tell=tell,
                foretells=foretells,
            )
            for name in plan.sites
        }
        self._passed_over: dict[tuple[str, str], str] = {}
        self._classes: dict[str, type[Provider]] = {}
        self._providers: dict[type[Provider], Provider] = {}
        self._lock = threading.Lock()

    def provider(self, group: Group) -> Provider:
        with self._lock:
            if group.name not in self._classes:
                self._choose(group)
            chosen = self._classes[group.name]
            return self._providers.setdefault(chosen, chosen(self._handles))

    def _choose(self, group: Group) -> None:
        """With the others of the plan, where they can be told: looking for each alone lists the same again."""
        detected = detection(self._handles.values(), partial(captured_volumes, self.plan))
        self._classes[group.name] = provider_class(group, detected)
        for other in self.plan.groups:
            if other.name not in self._classes:
                with suppress(DrError):
                    self._classes[other.name] = provider_class(other, detected)

    def atomic(self) -> frozenset[str]:
        """Names of the groups whose product demotes and promotes in one action."""
        return frozenset(group.name for group in self.plan.groups if self.provider(group).capabilities.atomic_switch)

    def expect(self, site: str, volumes: Sequence[ClaimedVolume]) -> None:
        """Volumes that a run is going to make there."""
        self._handles[site].expect(volumes)

    def foresee(self, site: str, claims: Iterable[str]) -> None:
        """Claims there, as namespace/name, that a run is going to label."""
        self._handles[site].foresee(claims)

    def silence(self, site: str, why: str) -> None:
        """Its API server is not connected to any more: products look for volumes there again and again."""
        self._handles[site].silence(why)

    def hear(self, site: str, answer: Callable[[], Reach]) -> None:
        """Products that need its API server take the answer of whoever asks it, and wait for that."""

        def opened() -> Api:
            there = answer()
            if there.state == "unreachable":
                raise Unreachable("connect to the API server", site=site, seen=there.message)
            return there.api or open_site(self.plan, site)

        self._handles[site].open_by(opened)

    def hurry(self, site: str, seconds: float) -> None:
        """Its storage has to answer within the seconds, from now on."""
        self._handles[site].hurry(seconds)

    def wait_at_most(self, site: str, seconds: float) -> None:
        """No product is waited for any longer there, from now on."""
        self._handles[site].wait_at_most(seconds)

    def pass_over(self, site: str, names: Iterable[str], why: str) -> None:
        """These groups are not asked for there any more: they give no answer."""
        self._passed_over |= {(site, name): why for name in names}

    def observe(self, sites: Iterable[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        """site to the status of every group there, in the plan's order; sites and products are asked in parallel.

        proofs: also where the data of demoted groups is; who decides by roles needs none.
        """

        def observe(asked: tuple[str, Provider, list[Group]]) -> list[GroupStatus]:
            site, provider, groups = asked
            return provider.observe_all(groups, site) if proofs else provider.observe_roles(groups, site)

        asked = [(site, *item) for site in sites for item in self._by_provider(self._asked_for(site))]
        with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
            answers = list(pool.map(observe, asked))
        found = {(site, name): silent(name, site, why) for (site, name), why in self._passed_over.items()}
        found |= {
            (site, status.group): status
            for (site, _provider, _groups), statuses in zip(asked, answers, strict=True)
            for status in statuses
        }
        return {site: [found[site, group.name] for group in self.plan.groups] for site in sites}

    def _asked_for(self, site: str) -> list[Group]:
        return [group for group in self.plan.groups if (site, group.name) not in self._passed_over]

    def check_movable(self, source: str, target: str) -> None:
        """Refuse a planned move that a product could not end; products are asked in parallel."""
        self._ordered(self.plan.groups, lambda provider, listed: provider.check_movable(listed, source, target))

    def read_in_move(self, group: Group, site: str) -> list[ClaimedVolume]:
        """Of a group, the volumes whose data a planned move reads at both sites with all VMs off."""
        return self._handles[site].volumes(group) if self.provider(group).reading_remedy(group, site) else []

    def check_forceable(self, target: str) -> None:
        """Refuse a failover of a group that nothing here can promote; products are asked in parallel."""
        self._ordered(self.plan.groups, lambda provider, listed: provider.check_forceable(listed, target))

    def promote(self, groups: Sequence[Group], site: str, forced: bool) -> list[str]:
        """Promote many groups, products in parallel; names of those that had to be changed."""
        return self._changed(groups, lambda provider, listed: provider.promote_all(listed, site, forced))

    def end_forced(self, groups: Sequence[Group], site: str) -> None:
        """What is left of forced promotions that an earlier attempt was killed in; products in parallel."""
        self._ordered(groups, lambda provider, listed: provider.end_forced_all(listed, site))

    def demote(self, groups: Sequence[Group], site: str) -> list[str]:
        """As `promote`."""
        return self._changed(groups, lambda provider, listed: provider.demote_all(listed, site))

    def drain(self, groups: Sequence[Group], source: str) -> None:
        """What a planned demotion of them waits for; products in parallel."""
        self._ordered(groups, lambda provider, listed: provider.drain_all(listed, source))

    def final_sync(self, groups: Sequence[Group], source: str, target: str) -> list[SyncProof]:
        """Proofs, in the order of the groups."""
        found = self._each(groups, lambda provider, listed: provider.final_sync_all(listed, source, target))
        return [found[group.name] for group in groups]

    def _ordered(self, groups: Iterable[Group], verb: Callable[[Provider, list[Group]], None]) -> None:
        """Without answers; products are asked in parallel."""
        asked = self._by_provider(groups)
        with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
            list(pool.map(lambda item: verb(*item), asked))

    def _changed(self, groups: Sequence[Group], verb: Callable[[Provider, list[Group]], list[bool]]) -> list[str]:
        done = self._each(groups, verb)
        return [group.name for group in groups if done[group.name]]

    def _each(
        self, groups: Iterable[Group], verb: Callable[[Provider, list[Group]], Sequence[Done]]
    ) -> dict[str, Done]:
        """The answers by group; products are asked in parallel."""
        asked = self._by_provider(groups)
        with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
            answers = list(pool.map(lambda item: verb(*item), asked))
        return {
            group.name: done
            for (_provider, listed), answer in zip(asked, answers, strict=True)
            for group, done in zip(listed, answer, strict=True)
        }

    def _by_provider(self, groups: Iterable[Group]) -> list[tuple[Provider, list[Group]]]:
        found: dict[Provider, list[Group]] = {}
        for group in groups:
            found.setdefault(self.provider(group), []).append(group)
        return list(found.items())

    def of_claim(self, pvc: Mapping[str, Any]) -> Group:
        """The one group that a claim belongs to. None or several: Refused, as nobody would know who replicates it."""
        groups = self.plan.group_for(pvc["metadata"].get("labels") or {})
        if len(groups) == 1:
            return groups[0]
        raise Refused(
            "find the consistency group",
            on=f"PersistentVolumeClaim/{pvc['metadata']['namespace']}/{pvc['metadata']['name']}",
            seen=f"{len(groups)} groups select it: {', '.join(group.name for group in groups) or 'none'}",
            wanted="exactly one",
            next_step="correct replication.groups[].selector in the plan",
        )

    def check_covered(self, site: str, pvc: Mapping[str, Any], pv: Mapping[str, Any]) -> None:
        """P1: refuse a volume whose data is not what its group replicates at this site."""
        group = self.of_claim(pvc)
        if not self.provider(group).covers(group, site, pv):
            raise Refused(
                "match the volume with its group",
                site=site,
                on=f"PersistentVolume/{pv['metadata']['name']}",
                seen=f"group {group.name} does not replicate it here",
                wanted=f"a volume inside what group {group.name} replicates at {site}",
                next_step="correct the group's options or the volume's rule in the plan",
            )
