# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom an ordinary server exports to after the plan names other clients, by the real agent."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

NODE = "192.0.2.5"


def exported_to(pair: Pair, clients: str | list[str]) -> Group:
    """The group whose export at east these clients may mount; set up so."""
    sites = {**pair.group.options["sites"], "east": {**pair.east.options(), "clients": clients}}
    group = dataclasses.replace(pair.group, options={"sites": sites})
    pair.provider.enable(group, "east", "west")
    return group


def modes(pair: Pair) -> dict[str, str]:
    """By client what the kernel of east was told last."""
    told = [line.split() for line in (pair.root / "exportfs.all").read_text().splitlines()]
    ours = [(target.rpartition(":"), mode) for target, mode in told if target.endswith(f":{pair.east.export}")]
    return {client: mode for (client, _colon, _path), mode in ours}


def test_p3_after_a_demotion_no_client_of_an_earlier_plan_can_write(pair: Pair) -> None:
    """The kernel prefers the entry of a host to that of all hosts."""
    exported_to(pair, [NODE, "192.0.2.6"])
    group = exported_to(pair, "*")
    pair.provider.demote(group, "east")
    assert modes(pair) == {"*": "ro", NODE: "gone", "192.0.2.6": "gone"}
    assert NODE not in (pair.east.root / "exports.d/ocpvirt-dr-payroll.exports").read_text()


def test_p5_clients_that_could_not_be_withdrawn_are_withdrawn_by_the_next_setup(pair: Pair) -> None:
    exported_to(pair, NODE)
    exportfs = pair.root / "bin/exportfs"
    whole = exportfs.read_text()
    exportfs.write_text(whole.replace("-u)", "-u) echo exportfs: no memory >&2; exit 1;"))
    with pytest.raises(DrError, match="no memory"):
        exported_to(pair, "*")
    exportfs.write_text(whole)
    pair.provider.demote(pair.group, "east")
    assert modes(pair) == {"*": "ro", NODE: "ro"}
    exported_to(pair, "*")
    assert modes(pair) == {"*": "ro", NODE: "gone"}


def test_a_client_that_was_withdrawn_by_a_reboot_is_no_error(pair: Pair) -> None:
    exported_to(pair, NODE)
    exportfs = pair.root / "bin/exportfs"
    said = "exportfs: Could not find '*:/exports/payroll' to unexport."
    exportfs.write_text(exportfs.read_text().replace("-u)", f'-u) echo "{said}" >&2; exit 1;'))
    exported_to(pair, "*")
    assert not pair.provider.enable(pair.group, "east", "west")
