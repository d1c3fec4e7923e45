# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Portworx replicates, as they hold at one site."""

from __future__ import annotations

from dataclasses import dataclass

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

# Stork makes it at its first start
DEFAULT_POLICY = "default-migration-policy"
DEFAULT_TIMEOUT = 600.0
TEXTS = {"cluster_pair": "", "schedule_policy": DEFAULT_POLICY, "namespace": ""}
KNOWN = {*TEXTS, "timeout"}


@dataclass(frozen=True)
class PortworxOptions:
    """cluster_pair: of one name at both sites; we never read it, for it holds the other site's credentials.

    namespace: of all Stork objects; empty for that of the claims. timeout: seconds of a wait.
    """

    cluster_pair: str
    schedule_policy: str = DEFAULT_POLICY
    namespace: str = ""
    timeout: float = DEFAULT_TIMEOUT


def options_of(group: Group, site: str) -> PortworxOptions:
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    texts = {name: found.get(name, default) for name, default in TEXTS.items()}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise wrong(group, site, f"{name} is no text", f"{name}: a name")
    if not texts["cluster_pair"]:
        wanted = "cluster_pair: the name of a ClusterPair, the same at both sites (storkctl create clusterpair)"
        raise wrong(group, site, "no cluster_pair", wanted)
    if not texts["schedule_policy"]:
        raise wrong(group, site, "schedule_policy is empty", "schedule_policy: the name of a SchedulePolicy")
    return PortworxOptions(**texts, timeout=seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT))
