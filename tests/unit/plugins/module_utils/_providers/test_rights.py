# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider's page grants is what its verbs use: an account with less fails, and one with more may too much."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import Right
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.verbs_used import used_by
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.rights_used import granted

# not of our calls: what `oc exec deploy/...` asks for, with which ceph_rbd reaches its tools
EXEC = {
    Right("get", "apps", "deployments"),
    Right("get", "", "pods"),
    Right("list", "", "pods"),
    Right("create", "", "pods/exec"),
}
OF_COMMANDS = {"ceph_rbd": {"ceph-rbd-tools": EXEC}}


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_page_grants_what_the_verbs_use_and_nothing_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = name.replace("_", "-")
    used = used_by(name, tmp_path, monkeypatch)
    wanted = {role if place == "site" else f"{role}-{place}": rights for place, rights in used.items()}
    assert differences(granted(f"providers/{name}.md"), {**wanted, **OF_COMMANDS.get(name, {})}) == []


def differences(granted: dict[str, set[Right]], used: dict[str, set[Right]]) -> list[str]:
    """Per role."""
    found = []
    for role in sorted(granted.keys() | used.keys()):
        given, needed = granted.get(role, set()), used.get(role, set())
        found += [f"{role} lacks {_shown(right)}" for right in needed - given]
        found += [f"{role} grants {_shown(right)}, which nothing uses" for right in given - needed]
    return sorted(found)


def _shown(right: Right) -> str:
    return f"{right.verb} {right.resource}.{right.group}".rstrip(".")
