# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Dell CSM Replication replicates, as they hold at one site."""

from __future__ import annotations

from ..._model.plan import Group
from ..group_options import check_known, seconds_of

# the monitor of the sidecar looks once a minute, and an action waits for the array
DEFAULT_TIMEOUT = 600.0
KNOWN = {"timeout"}


def timeout_of(group: Group, site: str) -> float:
    """Seconds of a wait."""
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    return seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT)
