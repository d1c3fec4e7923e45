# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sharing a site's start budget among plans: what each may have in flight. Pure: claims come in, a claim goes out.

Every run writes its own claim only. It takes what no other claim holds, and gives up no more than what it does not have
in flight. So the sum keeps to the budget as long as nobody writes on what is outdated, which the server refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

# a plan gets twice the share of one of the next lower priority
LOWEST_PRIORITY = 5


@dataclass(frozen=True)
class Claim:
    """What a plan holds of a site's budget.

    holder: run and attempt; empty when no run of the plan starts anything, and only what the plan says is kept.
    budget: sites.X.max_starting of its plan. most: startup.max_starting of its plan.
    need: so many it could have in flight. grant: so many it may have. in_flight: so many it had at its last write.
    renewed: counts its writes. expires: after so many seconds without one nothing of it can be in flight any more.
    """

    priority: int
    budget: int
    most: int
    expires: int
    holder: str = ""
    need: int = 0
    grant: int = 0
    in_flight: int = 0
    renewed: int = 0

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """ValueError for what is no claim."""
        try:
            claim = cls(**{item.name: found[item.name] for item in fields(cls) if item.name in found})
        except TypeError as error:
            raise ValueError("not a claim") from error
        counts = (claim.most, claim.need, claim.grant, claim.in_flight, claim.renewed, claim.expires)
        if not isinstance(claim.holder, str) or not all(_is_count(number) for number in (*counts, claim.budget)):
            raise ValueError("not a claim")
        if claim.budget < 1 or claim.priority not in range(1, LOWEST_PRIORITY + 1):
            raise ValueError("not a claim")
        return claim

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def active(self) -> bool:
        return self.holder != ""

    @property
    def hungry(self) -> bool:
        return self.need > self.grant

    def with_only(self, in_flight: int) -> Claim:
        """What is left of it when its run begins nothing more, and leaves so many in flight."""
        if not in_flight:
            return self.idle()
        grant = min(self.grant, in_flight)
        return replace(self, need=grant, grant=grant, in_flight=in_flight, renewed=self.renewed + 1)

    def idle(self) -> Claim:
        """What is left of it when its run has ended."""
        return replace(self, holder="", need=0, grant=0, in_flight=0, renewed=self.renewed + 1)


@dataclass(frozen=True)
class Decision:
    """claim: to be recorded. limit: what may be in flight once it is; less than the grant while that is given up."""

    claim: Claim
    limit: int


def decide_claim(plan: str, wanted: Claim, recorded: Mapping[str, Claim]) -> Decision:
    """The plan's claim beside those of others. wanted: its claim without a grant; recorded: active claims, as read."""
    others = {key: claim for key, claim in recorded.items() if key != plan}
    held = recorded[plan].grant if plan in recorded else 0
    budget = site_budget([wanted, *others.values()])
    share = fair_shares(budget, {**others, plan: wanted})[plan]
    if not any(claim.hungry for claim in others.values()):
        # nobody waits for it: giving it up and taking it again would only cost writes
        share = max(share, min(held, wanted.most))
    limit = min(share, max(0, budget - sum(claim.grant for claim in others.values())))
    return Decision(replace(wanted, grant=max(limit, wanted.in_flight)), limit)


def site_budget(claims: list[Claim]) -> int:
    """Where plans differ in what they say of their site, the smallest holds."""
    return min(claim.budget for claim in claims)


def fair_shares(budget: int, claims: Mapping[str, Claim]) -> dict[str, int]:
    """By plan: one each as far as the budget goes, the rest by weight; what one does not need goes to the others."""
    order = sorted(claims, key=lambda key: (claims[key].priority, key))
    shares = dict.fromkeys(order, 0)
    left = budget
    for key in order:
        if claims[key].need > 0 and left > 0:
            shares[key], left = 1, left - 1
    open_ = [key for key in order if claims[key].need > shares[key]]
    while left > 0 and open_:
        weights = {key: 2 ** (LOWEST_PRIORITY - claims[key].priority) for key in open_}
        parts = {key: left * weights[key] / sum(weights.values()) for key in open_}
        sated = [key for key in open_ if claims[key].need - shares[key] <= parts[key]]
        if not sated:
            break
        for key in sated:
            left -= claims[key].need - shares[key]
            shares[key] = claims[key].need
        open_ = [key for key in open_ if key not in sated]
    if left > 0 and open_:
        for key in open_:
            shares[key] += int(parts[key])
            left -= int(parts[key])
        by_rest = sorted(open_, key=lambda key: int(parts[key]) - parts[key])
        for key in by_rest[:left]:
            shares[key] += 1
    return shares


@dataclass
class Silence:
    """How long claims were seen unchanged, on our own clock: the clocks of others are never compared (P6).

    seen: by plan the claim's holder and renewal, and for how many seconds it is known to be unchanged.
    """

    seen: dict[str, tuple[str, int, float]] = field(default_factory=dict)
    _answered: float | None = None

    def observe(self, claims: Mapping[str, Claim], asked: float, answered: float) -> None:
        """asked, answered: when they were read. What is surely between two reads counts."""
        passed = asked - self._answered if self._answered is not None else 0.0
        self._answered = answered
        before = self.seen
        self.seen = {}
        for plan, claim in claims.items():
            if not claim.active:
                continue
            holder, renewed, seconds = before.get(plan, ("", -1, 0.0))
            same = (holder, renewed) == (claim.holder, claim.renewed)
            self.seen[plan] = (claim.holder, claim.renewed, seconds + passed if same else 0.0)

    def lost_sight(self) -> None:
        """Claims could not be read: what passes until they are read again says nothing of who holds them."""
        self._answered = None

    def expired(self, claims: Mapping[str, Claim]) -> list[str]:
        """Plans whose claim is provably not renewed any more, and of whose VMs none can be in flight."""
        return [plan for plan, claim in claims.items() if claim.active and self.seen[plan][2] >= claim.expires]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
