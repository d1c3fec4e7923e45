# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups at a target that has none of their volumes yet: some products know a group only by its volumes.

Until a failover has made them, they are those of its capture; those that somebody else brings come only after the
promotion, and are foretold by the plan's rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..._cluster.api import Api
from ..._errors import DrError
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from ..._planning.restore.arrival import CLAIMS
from ..._planning.volumes.patch import VolumeDecision
from ..._providers.site_handle import ClaimedVolume
from ..capture.metadata_source import chosen_capture, makes_volumes, source_of
from ..plan.groups import Groups
from ..restore.expected import expected_volumes
from ..run.outlook import Outlook
from ..run.session import Session
from ..volumes.volumes import decide


def look_with_capture(plan: Plan, target: str, seen: Outlook) -> Outlook:
    """What is said before a failover: by the volumes of the newest capture that the target knows."""
    api = seen.reached[target].api
    if api is None or all(status.present for status in seen.groups[target]):
        return seen
    # what lists the target's claims, and keeps the list: another one than before those were awaited
    groups = Groups(plan)
    for name, there in seen.reached.items():
        groups.hear(name, lambda there=there: there)
    try:
        source, peer = source_of(plan), plan.peer_of(target)
        names = [info.name for info in source.catalog(api) if info.complete and info.site == peer]
        if not names:
            return seen
        groups.expect(target, _volumes(plan, api, target, names[0]))
    except DrError as error:
        # what cannot be told beforehand is no reason to stay; the run reads the capture again
        found = [replace(status, message=f"{status.message}; {error}") for status in seen.groups[target]]
    else:
        found = groups.observe([target])[target]
    return replace(seen, groups={**seen.groups, target: found})


def observe_groups(session: Session) -> tuple[list[GroupStatus], list[GroupStatus]]:
    """The groups at the target and at the source. In check mode a failover makes no volumes: its capture has them."""
    here, there = session.observe_groups()
    made = makes_volumes(session.plan) and not session.check_mode
    if made or not _is_awaited(session, here):
        return here, there
    _expect(session)
    return session.observe_groups()


def observe_decided(session: Session, decided: Iterable[VolumeDecision]) -> tuple[list[GroupStatus], list[GroupStatus]]:
    """As `observe_groups`, of a run that keeps no capture yet. decided: volumes that it is going to make."""
    here, there = session.observe_groups()
    if not _is_awaited(session, here):
        return here, there
    session.groups.expect(session.target, _claimed(decided))
    return session.observe_groups()


def expect_captured(session: Session) -> None:
    """Before a failover has made its volumes, its groups are those of its capture."""
    if _is_awaited(session, session.groups.observe([session.target], proofs=False)[session.target]):
        _expect(session)


def _is_awaited(session: Session, here: list[GroupStatus]) -> bool:
    fails_over = session.run.operation == "failover" or not makes_volumes(session.plan)
    return fails_over and not all(status.present for status in here)


def _expect(session: Session) -> None:
    point = session.run.recovery_point
    volumes = _volumes(session.plan, session.api, session.target, chosen_capture(session), point)
    session.groups.expect(session.target, volumes)


def _volumes(plan: Plan, api: Api, target: str, name: str, point: str | None = None) -> list[ClaimedVolume]:
    capture = source_of(plan).manifests(api, name)
    if makes_volumes(plan):
        return _claimed(decide(plan, capture, target, point))
    claims = capture.index(CLAIMS)
    expected = expected_volumes(plan, capture, target)
    return [ClaimedVolume(dict(claims[item.claim]), item.foretold) for item in expected]


def _claimed(decided: Iterable[VolumeDecision]) -> list[ClaimedVolume]:
    return [ClaimedVolume(dict(item.pvc), dict(item.pv)) for item in decided]
