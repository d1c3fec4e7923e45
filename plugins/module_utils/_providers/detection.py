# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which provider replicates a group whose plan names none, by what the sites show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from .._cluster.api import Api
from .._cluster.kinds import Kind
from .._errors import DrError, Refused
from .._model.names import protected_label
from .._model.plan import Group
from .base import Provider
from .site_handle import ClaimedVolume, SiteHandle, Volumes

# volumes that the captures hold which a site knows
Captured = Callable[[Api], Sequence[ClaimedVolume]]


def nothing_captured(_api: Api) -> Sequence[ClaimedVolume]:
    return ()


class ListedOnce:
    """An API server that is asked for each list once, also where it refuses it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[tuple[Kind, str | None], list[Any] | DrError] = {}

    def list(self, kind: Kind, namespace: str | None = None) -> list[Any]:
        if (kind, namespace) not in self._known:
            try:
                self._known[kind, namespace] = self._api.list(kind, namespace)
            except DrError as error:
                self._known[kind, namespace] = error
        known = self._known[kind, namespace]
        if isinstance(known, DrError):
            raise known
        return known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)


class Sight(SiteHandle):
    """A site as detection sees it. A claim that the plan does not protect counts only before `protect` has labelled."""

    def __init__(self, site: SiteHandle, volumes: Callable[[Group], list[ClaimedVolume]]) -> None:
        super().__init__(site.name, site.plan, lambda: cast(Api, ListedOnce(site.api)))
        self._matching = volumes
        self.fault: DrError | None = None

    def candidates(self, group: Group) -> list[ClaimedVolume]:
        if self.fault:
            raise self.fault
        try:
            found = self._matching(group)
        except DrError as error:
            self.fault = error
            raise
        label = protected_label(self.plan.name)
        return [item for item in found if item.labels.get(label) == "true"] or found


class Pair:
    """One site: its claims, and those of its captures, which is all that there is before a failover has made claims."""

    def __init__(self, site: SiteHandle, captured: Captured) -> None:
        self._site = site
        self._captured = captured
        self.live = Sight(site, site.candidates)
        self.kept = Sight(site, lambda group: self._kept.selected(group.selector))

    @cached_property
    def _kept(self) -> Volumes:
        return Volumes(self._captured(self._site.api))

    def sight(self, group: Group, captures_too: bool) -> Sight:
        return self.live if not captures_too or self.live.candidates(group) else self.kept


class Detection:
    """For many groups at once: nothing is listed twice. products: name to what imports the provider."""

    def __init__(
        self,
        products: Mapping[str, Callable[[], type[Provider]]],
        sites: Iterable[SiteHandle],
        captured: Captured = nothing_captured,
    ) -> None:
        self._products = products
        self._pairs = {site.name: Pair(site, captured) for site in sites}

    def provider_class(self, group: Group) -> type[Provider]:
        """From the first site that shows one. A site that does not answer shows nothing."""
        looked: list[str] = []
        # reading captures takes long: not before each site's claims were looked at
        for captures_too in (False, True):
            looked = []
            for name, pair in self._pairs.items():
                try:
                    shown, unsure = self._shown(group, pair.sight(group, captures_too))
                except DrError as error:
                    looked.append(f"{name}: {error}")
                    continue
                if len(shown) == 1:
                    return self._products[next(iter(shown))]()
                seen = [f"{product} ({why})" for product, why in shown.items()] or ["none"]
                looked.append(f"{name}: " + "; ".join(seen + unsure))
        raise Refused(
            "detect the replication provider",
            on=f"group {group.name}",
            seen="; ".join(looked),
            wanted="exactly one that a site shows",
            next_step="name it in the plan, as `replication: {provider: NAME}`, where NAME is one of: "
            + ", ".join(sorted(self._products)),
        )

    def _shown(self, group: Group, sight: Sight) -> tuple[dict[str, str], list[str]]:
        """Why it is which product; and products that could not be looked for."""
        sight.candidates(group)
        shown: dict[str, str] = {}
        unsure: list[str] = []
        for name, product in self._products.items():
            try:
                why = product().detect(group, sight)
            except DrError as error:
                # an account of another product has no rights here, and the server says so also where it serves nothing
                if error.status not in (403, 404):
                    raise
                unsure.append(f"{name} cannot be looked for ({error})")
                continue
            if why:
                shown[name] = why
        return shown, unsure
