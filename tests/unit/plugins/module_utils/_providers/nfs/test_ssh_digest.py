# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A comparison of two exports that could not be made proves nothing, by the real agent."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair


@pytest.fixture
def demoted(pair: Pair) -> Pair:
    pair.provider.demote(pair.group, "east")
    return pair


@pytest.mark.parametrize("program", ["awk", "find", "sha256sum", "sort"])
def test_p3_lists_that_could_not_be_made_are_not_the_same_list(demoted: Pair, program: str) -> None:
    """As where the folder of temporary files is full at both sites."""
    double = demoted.root / "bin" / program
    double.write_text("#!/bin/sh\nexit 2\n")
    double.chmod(0o755)
    with pytest.raises(DrError):
        demoted.provider.final_sync(demoted.group, "east", "west")
    double.unlink()
    assert demoted.status("east").sync_proof == ""
    with pytest.raises(Refused, match="not completed"):
        demoted.provider.promote(demoted.group, "west", forced=False)
