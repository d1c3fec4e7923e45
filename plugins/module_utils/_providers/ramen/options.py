# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Ramen replicates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

# a relocation waits until somebody has removed the application at its source
DEFAULT_TIMEOUT = 1800.0
# where Ramen's hub keeps what protects applications that it has discovered
OPS_NAMESPACE = "openshift-dr-ops"
KNOWN = {"hub", "drpc", "namespace", "cluster", "timeout"}
AUTH = {
    "kubeconfig",
    "kubeconfig_env",
    "context",
    "host",
    "api_key_env",
    "api_key_file",
    "validate_certs",
    "ca_cert",
    "client_cert",
    "client_key",
    "proxy",
}


@dataclass(frozen=True)
class Options:
    """hub: authentication options of a site, empty where the plan names none. namespace, name: of the
    DRPlacementControl. cluster: what Ramen calls the site. timeout: of each wait, in seconds."""

    hub: Mapping[str, Any]
    namespace: str
    name: str
    cluster: str
    timeout: float


def options_of(group: Group, site: str) -> Options:
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    for key in ("cluster", "drpc", "namespace"):
        if key in found and (not isinstance(found[key], str) or not found[key]):
            raise wrong(group, site, f"{key}: {found[key]!r}", "a text")
    return Options(
        _hub(group, site, found.get("hub", {})),
        found.get("namespace", OPS_NAMESPACE),
        found.get("drpc", group.name),
        found.get("cluster", site),
        seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT),
    )


def _hub(group: Group, site: str, found: Any) -> dict[str, Any]:
    """Values are not shown: a secret may have been written where its name belongs."""
    if not isinstance(found, Mapping):
        raise wrong(group, site, "hub is no mapping", "authentication options, as of a site")
    if unknown := sorted(set(found) - AUTH):
        raise wrong(group, site, f"unknown in hub: {', '.join(unknown)}", f"only {', '.join(sorted(AUTH))}")
    mistyped = [key for key, value in found.items() if not isinstance(value, bool if key == "validate_certs" else str)]
    if mistyped:
        raise wrong(group, site, f"hub.{mistyped[0]} has the wrong type", "a text; true or false for validate_certs")
    return dict(found)
