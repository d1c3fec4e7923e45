# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays without CSI-level replication, through the task files that come with the role `replication`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._cluster.waiting import wait_for
from ..._errors import Refused, Timeout
from ..._model.group_status import GroupStatus, SyncProof
from ..._model.plan import Group
from ..._model.plan_secrets import secret_of_reference
from ..base import Capabilities
from ..group_options import wrong
from ..tasks.answer import Answers
from ..tasks.dispatch import TaskFileProvider
from ..tasks.play import Outcome
from .dell_powerflex import DELL_POWERFLEX
from .dell_unity import DELL_UNITY
from .hitachi_vspone_block import HITACHI_VSPONE_BLOCK
from .ibm_storage_virtualize import IBM_STORAGE_VIRTUALIZE
from .netapp_ontap import NETAPP_ONTAP
from .netapp_santricity import NETAPP_SANTRICITY
from .product import Product, Seen
from .pure_flasharray import PURE_FLASHARRAY

PRODUCTS = {
    product.name: product
    for product in (
        DELL_POWERFLEX,
        DELL_UNITY,
        HITACHI_VSPONE_BLOCK,
        IBM_STORAGE_VIRTUALIZE,
        NETAPP_ONTAP,
        NETAPP_SANTRICITY,
        PURE_FLASHARRAY,
    )
}


class ArrayProvider(TaskFileProvider):
    """`options` of a group: `product`, `volumes` and those of the product; secrets as `<key>_env` or `<key>_file`."""

    name = "array"
    capabilities = Capabilities(final_sync=True, force=True, reports_lag=True, groups=True)

    def file_for(self, group: Group, site: str, verb: str) -> str:
        product = self._product(group, site)
        return f"{product.name}/{verb}.yml" if verb in product.verbs else ""

    def status_of(self, group: Group, site: str, answer: Any) -> GroupStatus:
        return self._product(group, site).status(self._seen_at(group, site, "observe", answer))

    def changed_by(self, group: Group, site: str, verb: str, answer: Any) -> bool:
        return Answers(group.name, site, self.file_for(group, site, verb)).changed(answer)

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        for group, status in zip(groups, self.observe_all(groups, source), strict=True):
            product = self._product(group, source)
            if status.role == "primary" and (why := product.unsent(status)):
                raise Refused(
                    "begin a planned move",
                    site=source,
                    on=f"group {group.name}",
                    seen=why,
                    wanted=f"a group that is in step at {target}: of any other a planned switch leaves data behind",
                    next_step="mend the replication at the arrays, or wait until it has caught up; nothing was stopped"
                    f" (docs/providers/array.md#{product.name})",
                )

    def demote_all(self, groups: Sequence[Group], site: str) -> list[bool]:
        """A switch of both sides where the product has no other. Where the peer was promoted without this site, its
        data wins: the guards have seen that nothing of the plan runs here any more."""
        peers = dict(zip(groups, self.observe_all(groups, self.peer(site)), strict=True))
        overtaken = [
            group for group in groups if peers[group].role == "primary" and self._product(group, site).resync_demotes
        ]
        others = [group for group in groups if group not in overtaken]
        done = dict(zip(overtaken, self.change_all(overtaken, site, "resync"), strict=True))
        done |= dict(zip(others, super().demote_all(others, site), strict=True))
        self._await_role(overtaken, site, "secondary")
        return [done[group] for group in groups]

    def promote_all(self, groups: Sequence[Group], site: str, forced: bool) -> list[bool]:
        """Nothing to do where the demotion has switched both sides."""
        seen = dict(zip(groups, self.observe_all(groups, site), strict=True))
        left = [group for group in groups if seen[group].role != "primary"]
        done = dict(zip(left, super().promote_all(left, site, forced), strict=True))
        return [done.get(group, False) for group in groups]

    def resync(self, group: Group, site: str) -> bool:
        """A copy that is under way is degraded for hours: begun anew, most arrays refuse it."""
        seen = self.observe(group, site)
        if (seen.role, seen.direction) == ("secondary", "incoming"):
            return False
        return self.change(group, site, "resync")

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        return self.final_sync_all([group], source, target)[0]

    def final_sync_all(self, groups: Sequence[Group], source: str, target: str) -> list[SyncProof]:
        self.check_demoted(groups, source)
        return [self._final_sync(group, source, target) for group in groups]

    def _final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        product = self._product(group, source)
        if product.proof is None:
            return self._own_word(group, source, target)
        prove = product.proof
        demoted = self.observe(group, source)

        def read(asked: Group, answer: Any) -> SyncProof:
            return prove(self._seen_at(asked, source, "final_sync", answer), demoted)

        return self.run_all([group], source, "final_sync", read)[0]

    def _own_word(self, group: Group, source: str, target: str) -> SyncProof:
        """What the product itself says of the demoted copy, as soon as it says it."""

        def proof(here: GroupStatus, there: GroupStatus) -> SyncProof:
            return SyncProof(
                group=group.name,
                holds=bool(here.sync_proof),
                compared=here.sync_proof or "nothing: the product does not say that all of it has arrived",
                source=f"{here.role}, {here.message or here.health}",
                target=f"{there.role}, {there.message or there.health}",
                at=self._clock.now().isoformat(timespec="seconds"),
            )

        def look() -> tuple[SyncProof | None, str]:
            here, there = self.observe(group, source), self.observe(group, target)
            seen.append(proof(here, there))
            return (seen[-1] if seen[-1].holds else None), here.message

        seen: list[SyncProof] = []
        try:
            found = wait_for(
                self._clock, self.options(group, source).timeout, look, "prove the final sync", source, group.name
            )
        except Timeout:
            found = None
        return found or seen[-1]

    def _seen_at(self, group: Group, site: str, verb: str, answer: Any) -> Seen:
        raw = Answers(group.name, site, self.file_for(group, site, verb)).raw(answer)
        required = self._product(group, site).required
        here, there = (_as_texts(group.options_at(at), required) for at in (site, self.peer(site)))
        return Seen(group.name, site, here, there, raw, self._clock.now())

    def _seen(self, group: Group, site: str, outcome: Outcome) -> GroupStatus:
        status, product = super()._seen(group, site, outcome), self._product(group, site)
        if status.reachable or not product.asks_both:
            return status
        both = f"{product.collection} shows and switches nothing unless the arrays of both sites answer"
        return replace(status, message=f"{status.message}; {both}: docs/providers/array.md#{product.name}")

    def _product(self, group: Group, site: str) -> Product:
        name = group.options.get("product")
        if not isinstance(name, str) or name not in PRODUCTS:
            hint = "; infinidat.infinibox has no module for replication: use the provider tasks"
            wanted = f"product: one of {', '.join(sorted(PRODUCTS))}" + (hint if "infini" in str(name) else "")
            raise wrong(group, site, f"product: {name}", wanted)
        product = PRODUCTS[name]
        sites = (site, self.peer(site))
        found = {at: _named(group.options_at(at)) for at in sites}
        for at in sites:
            if missing := [key for key in product.required if key not in found[at]]:
                raise wrong(group, at, f"no {', '.join(missing)}", f"what {product.collection} needs at each site")
            if odd := [f"{key}: {found[at][key]}" for key in product.required if not _is_plain(found[at][key])]:
                raise wrong(group, at, ", ".join(odd), "texts")
        for at, other in (sites, reversed(sites)):
            if problem := product.check(found[at], found[other]):
                raise wrong(group, at, problem, f"what {product.name} is told by these: docs/providers/array.md")
        return product


def _named(options: Mapping[str, Any]) -> dict[str, Any]:
    """By the names under which the task files find them: a secret's reference counts as the secret."""
    named = {}
    for key, value in options.items():
        reference = secret_of_reference(key) if isinstance(value, str) else None
        named[reference[0] if reference else key] = value
    return named


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _as_texts(options: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A name of digits alone is a number in a plan, and a text in what an array answers."""
    return {key: str(value) if key in names else value for key, value in options.items()}
