# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a plan's newest capture: all that a site knows of them before a failover has made its own."""

from __future__ import annotations

from ..._cluster.api import Api
from ..._cluster.kinds import PV, PVC
from ..._model.plan import Plan
from ..._providers.site_handle import ClaimedVolume


def captured_volumes(plan: Plan, api: Api) -> list[ClaimedVolume]:
    """As they were at the site of the capture; none where the site knows no complete capture."""
    # it needs sessions, and these need the plan's groups
    from ..capture.metadata_source import source_of

    source = source_of(plan)
    newest = next((info for info in source.catalog(api) if info.complete), None)
    if newest is None:
        return []
    capture = source.manifests(api, newest.name)
    bound = {}
    for pv in capture.objects.get(PV.resource, ()):
        ref = pv["spec"].get("claimRef") or {}
        bound[f"{ref.get('namespace')}/{ref.get('name')}"] = dict(pv)
    claims = capture.index(PVC.resource).items()
    return [ClaimedVolume(dict(pvc), bound.get(key)) for key, pvc in claims]
