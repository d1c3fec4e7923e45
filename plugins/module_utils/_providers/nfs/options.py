# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that NFS servers replicate, as they hold at one site. `Server` reads those of ssh."""

from __future__ import annotations

import re
from typing import Any

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

DEFAULT_INTERVAL = 5
KNOWN = {"export", "interval", "server", "path", "peer", "timeout", "control"}
KNOWN_OF_SSH = (KNOWN - {"control"}) | {
    "ssh",
    "ssh_options",
    "peer_ssh_options",
    "clients",
    "export_options",
    "state_dir",
    "exports_dir",
    "cron_dir",
}
URL = re.compile(r"https?://\S+")


def options_of(group: Group, site: str) -> dict[str, Any]:
    """Those that hold at the site, where all of them are known and the URL of an API is one."""
    found = group.options_at(site)
    check_known(group, site, found, KNOWN_OF_SSH if "ssh" in found and "control" not in found else KNOWN)
    if "interval" in group.options.get("sites", {}).get(site, {}):
        raise wrong(group, site, f"interval below sites.{site}", "interval beside sites: both sites have the same")
    if "control" in found and not URL.fullmatch(str(found["control"])):
        raise wrong(group, site, f"control: {found['control']}", "control: URL of the server's replication API")
    return found


def word_of(group: Group, site: str, name: str) -> str:
    """An option that the site has to have."""
    found = group.options_at(site).get(name)
    if not isinstance(found, str) or not found:
        raise wrong(group, site, f"no {name}", f"{name}: as docs/providers/nfs.md says")
    return found


def interval_of(group: Group, site: str) -> int:
    """Seconds between two transfers."""
    seconds = int(seconds_of(group, site, group.options, "interval", DEFAULT_INTERVAL))
    if seconds < 1:
        raise wrong(group, site, f"interval: {group.options['interval']}", "a second or more, as 5m")
    return seconds
