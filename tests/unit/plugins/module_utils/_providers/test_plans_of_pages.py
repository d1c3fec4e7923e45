# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plans that the pages show are plans, and have all that their provider needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.options import RbdOptions
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons import options as csi_addons
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.control import control_for
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.options import interval_of, word_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

DOCS = Path(__file__).parents[5] / "docs"


def plans_in(page: str) -> Iterator[Plan]:
    """Of its examples; what an example leaves out is that of the smallest plan."""
    blocks = (DOCS / page).read_text(encoding="utf-8").split("```yaml\n")[1:]
    for block in blocks:
        for document in yaml.safe_load_all(block.partition("```")[0]):
            if "replication" in document:
                yield plan_of(**document)


def read_nfs(group: Group, site: str, _peer: str) -> None:
    control_for(site, group)
    interval_of(group, site)
    for name in ("server", "path", "peer"):
        word_of(group, site, name)


def read_csi_addons(group: Group, site: str, peer: str) -> None:
    csi_addons.options_of(group, site)
    csi_addons.fence_options_of(group, site, peer)


READERS: dict[str | None, Callable[[Group, str, str], Any]] = {
    "nfs": read_nfs,
    "csi_addons": read_csi_addons,
    "ceph_rbd": lambda group, site, _peer: RbdOptions.read(group, site),
}


@pytest.mark.parametrize(
    ("page", "examples"),
    [("plan.md", 1), ("providers/nfs.md", 2), ("providers/csi_addons.md", 1), ("providers/ceph_rbd.md", 1)],
)
def test_the_examples_of_a_page_are_accepted(page: str, examples: int) -> None:
    plans = list(plans_in(page))
    assert len(plans) == examples
    for plan in plans:
        for group in plan.groups:
            for site in plan.sites:
                READERS[group.provider](group, site, plan.peer_of(site))


def test_groups_of_one_example_have_an_export_each() -> None:
    (plan,) = plans_in("plan.md")
    exports = [(site, group.options_at(site)["path"]) for group in plan.groups for site in plan.sites]
    assert len(set(exports)) == len(exports)
