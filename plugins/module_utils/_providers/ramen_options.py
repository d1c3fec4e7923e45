# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Ramen replicates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import Refused
from .._model.duration import parse_duration
from .._model.plan import Group

# a relocation waits until somebody has removed the application at its source
DEFAULT_TIMEOUT = "30m"
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
    if unknown := sorted(set(found) - KNOWN):
        raise _wrong(group, site, f"unknown: {', '.join(unknown)}", f"only {', '.join(sorted(KNOWN))}")
    for key in sorted(KNOWN - {"hub"}):
        if not isinstance(found.get(key, ""), str):
            raise _wrong(group, site, f"{key}: {found[key]!r}", "a text")
    return Options(
        _hub(group, site, found.get("hub", {})),
        found.get("namespace", OPS_NAMESPACE),
        found.get("drpc", group.name),
        found.get("cluster", site),
        _seconds(group, site, found.get("timeout", DEFAULT_TIMEOUT)),
    )


def _hub(group: Group, site: str, found: Any) -> dict[str, Any]:
    """Values are not shown: a secret may have been written where its name belongs."""
    if not isinstance(found, Mapping):
        raise _wrong(group, site, "hub is no mapping", "authentication options, as of a site")
    if unknown := sorted(set(found) - AUTH):
        raise _wrong(group, site, f"unknown in hub: {', '.join(unknown)}", f"only {', '.join(sorted(AUTH))}")
    wrong = [key for key, value in found.items() if not isinstance(value, bool if key == "validate_certs" else str)]
    if wrong:
        raise _wrong(group, site, f"hub.{wrong[0]} has the wrong type", "a text; true or false for validate_certs")
    return dict(found)


def _seconds(group: Group, site: str, text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise _wrong(group, site, f"timeout: {text}", str(error)) from error


def _wrong(group: Group, site: str, seen: str, wanted: str) -> Refused:
    return Refused(
        "read the group's options",
        on=f"group {group.name}",
        site=site,
        seen=seen,
        wanted=wanted,
        next_step=f"correct replication.groups[].options in the plan, or options.sites.{site}",
    )
