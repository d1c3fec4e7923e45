# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's call to its result: the one place that turns errors into a module's failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._errors import DrError
from .run.parent import end_with_parent

# a registered result is copied between Ansible's processes for every task: lists in it are cut to this size
LIST_BYTES = 40_000


def run(module: AnsibleModule, operation: Callable[[], dict[str, Any]]) -> None:
    """Call the operation and exit with its result, or fail with the text and facts of its error."""
    end_with_parent()
    try:
        result = operation()
    except DrError as error:
        module.fail_json(msg=str(error), error=error.facts())
    module.exit_json(**result)


def bounded(items: list[Any], limit: int = 200, size: int = LIST_BYTES) -> list[Any]:
    """The first items of a list that is only for reading; the whole is in the run store. size: bytes of all of them."""
    kept: list[Any] = []
    left = size
    for item in items[:limit]:
        left -= len(json.dumps(item))
        if left < 0:
            break
        kept.append(item)
    return kept
