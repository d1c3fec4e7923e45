# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assertions of what tests share say their values too, as those of the tests do."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("ansible_collections.ocpvirt.dr.tests")
