# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.run.fenced_plans import fenced_plans

LOST = {"plan": "invoices", "operation": "failover", "source": "east", "declared_lost": "east", "state": "done"}
BACK = {"plan": "invoices", "operation": "reprotect", "source": "east", "declared_lost": None, "state": "done"}


@pytest.mark.parametrize(
    ("heads", "fenced"),
    [
        ([], []),
        ([LOST], ["invoices"]),
        ([{**LOST, "state": "failed"}], ["invoices"]),
        ([LOST, BACK], []),
        ([LOST, {**BACK, "state": "failed"}], ["invoices"]),
        ([LOST, {**BACK, "source": "west"}], ["invoices"]),
        ([LOST, BACK, LOST], ["invoices"]),
        ([LOST, {**LOST, "plan": "archive"}], ["archive", "invoices"]),
        ([{"plan": "of a later version"}], []),
    ],
)
def test_a_plan_is_fenced_from_the_loss_of_the_site_to_its_reprotection(
    heads: list[dict[str, str | None]], fenced: list[str]
) -> None:
    assert fenced_plans(heads, "east") == fenced
