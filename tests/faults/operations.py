# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that are the same for several operations."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.move import OF_LOSS

# a failover and the failback after it alternate, so that few moves are made only to be where the next test begins
MARKS = [pytest.mark.full, pytest.mark.lost_site]


def operations(*names: str) -> pytest.MarkDecorator:
    """The parameter `operation`. With a site that is lost only the full suite makes them, in a lane of their own."""
    return pytest.mark.parametrize(
        "operation", [pytest.param(name, marks=MARKS) if name in OF_LOSS else name for name in names]
    )
