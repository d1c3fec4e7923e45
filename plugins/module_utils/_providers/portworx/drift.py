# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a stored MigrationSchedule is not as it is wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..custom_resource import FieldPath
from .objects import Object
from .status import POLICY, SUSPENDED

AUTO_SUSPEND = FieldPath("spec.autoSuspend")
TEMPLATE = FieldPath("spec.template.spec")
OF_SPEC = {"schedulePolicyName": POLICY, "suspend": SUSPENDED, "autoSuspend": AUTO_SUSPEND}


def changes(stored: Mapping[str, Any], wanted: Object) -> Object:
    """Merge patch that makes it as wanted, a spec or a part of one; empty where it is."""
    spec = {
        name: wanted[name] for name, field in OF_SPEC.items() if name in wanted and field.read(stored) != wanted[name]
    }
    have, template = TEMPLATE.read(stored) or {}, wanted["template"]["spec"]
    if any(have.get(name) != value for name, value in template.items()):
        # a merge would keep the selectors of before
        gone = dict.fromkeys((have.get("selectors") or {}).keys() - template["selectors"].keys())
        spec["template"] = {"spec": {**template, "selectors": {**gone, **template["selectors"]}}}
    return {"spec": spec} if spec else {}
