# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.entry import LIST_BYTES, bounded


def test_a_list_of_small_items_is_cut_to_its_number() -> None:
    assert bounded(list(range(1000)), 200) == list(range(200))


def test_a_list_of_large_items_is_cut_to_its_size() -> None:
    kept = bounded(["x" * 1000] * 200)
    assert 0 < len(json.dumps(kept)) <= LIST_BYTES * 1.1
    assert len(kept) < 200
