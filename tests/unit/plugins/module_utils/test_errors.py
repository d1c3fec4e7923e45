# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils import _errors
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Timeout

KINDS = [kind for kind in vars(_errors).values() if isinstance(kind, type) and issubclass(kind, DrError)]


def test_p10_an_error_says_what_where_seen_wanted_status_waited_and_next() -> None:
    error = Timeout(
        "wait for Restore",
        site="west",
        on="Restore/velero/r-1",
        seen="phase New",
        wanted="phase Completed",
        status=200,
        waited=299.7,
        next_step="read Velero's log",
    )
    assert str(error) == (
        "wait for Restore on Restore/velero/r-1 at site west; seen: phase New; wanted: phase Completed;"
        " HTTP status 200; waited 300 s; next: read Velero's log"
    )


def test_p10_what_the_attempt_names_already_is_not_said_twice() -> None:
    assert str(DrError("GET /api/v1/nodes", site="west", on="/api/v1/nodes")) == "GET /api/v1/nodes at site west"


def test_what_is_not_known_is_left_out() -> None:
    assert str(DrError("promote")) == "promote"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_p10_every_error_names_its_kind_in_its_facts(kind) -> None:
    assert kind("promote", site="west", waited=0.0).facts() == {
        "kind": kind.__name__,
        "tried": "promote",
        "site": "west",
        "waited": 0.0,
    }
