# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Ansible's values to plain data and back: what every filter and test of the collection is wrapped in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from typing import Any

from ansible import template
from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DrError

# since ansible-core 2.19 nothing is a template that was not marked as one
UNTRUSTED = hasattr(template, "trust_as_template")


def answering(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The call on plain data. Its errors are a template's errors, in our words; its result is never a template."""

    @wraps(call)
    def answer(*given: Any, **named: Any) -> Any:
        try:
            result = call(*[native(value, name) for value in given], **{key: native(named[key], name) for key in named})
        except DrError as error:
            raise AnsibleFilterError(f"{name}: {error}") from error
        return result if UNTRUSTED else _never_a_template(result)

    return answer


def native(value: Any, name: str) -> Any:
    """A copy without Ansible's own types, of which every version has others."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, date):
        # YAML makes times of what the API server serves as text
        return value.isoformat()
    if isinstance(value, Mapping):
        return {native(key, name): native(item, name) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [native(item, name) for item in value]
    raise AnsibleFilterError(f"{name}: got a value of type {type(value).__name__}, wanted plain data; is it defined?")


def _never_a_template(result: Any) -> Any:
    """What comes from a cluster is no template, also where Ansible takes every text for one."""
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(result)
