# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many VMs and workloads start at once, beside `max_starting`; and how often what does not start is tried."""

from __future__ import annotations

from .plan_collections import Field, Keys
from .plan_schema import Duration, Whole

# key of the plan to what it limits
PARTS = {
    "per_node": "node",
    "per_storage_class": "storage class",
    "per_group": "group",
    "per_namespace": "namespace",
}

CAPS = Keys({key: Field(Whole(1)) for key in PARTS})
RETRIES = Keys({"attempts": Field(Whole(0, 10), default=1), "backoff": Field(Duration(), default="30s")})
