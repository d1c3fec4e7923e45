# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: as_planned
short_description: Is a PersistentVolume or claim as it was decided
version_added: 0.1.0
description:
  - Whether an object, as a site serves it, is what P(ocpvirt.dr.patched_volume#filter) returned for it.
  - P(ocpvirt.dr.volume_differences#filter) tells where it is not.
positional: _input, wanted
options:
  _input:
    description: The PersistentVolume or PersistentVolumeClaim at the site.
    type: dict
    required: true
  wanted:
    description: The result of P(ocpvirt.dr.patched_volume#filter), or the object in it.
    type: dict
    required: true
author:
  - The ocpvirt.dr authors (@ocpvirt)
"""

EXAMPLES = r"""
- name: Is the volume at west the one that was decided
  ansible.builtin.assert:
    that: west.resources[0] is ocpvirt.dr.as_planned(decision)
  vars:
    decision: "{{ east.resources[0] | ocpvirt.dr.patched_volume('west', plan='plans/payroll.yml') }}"
"""

RETURN = r"""
_value:
  description: Whether there is no difference.
  type: bool
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._operations.volumes import plugins as volume_plugins
from ..plugin_utils._native import answering


def as_planned(_input: Any, wanted: Any) -> bool:
    return not volume_plugins.volume_differences(_input, wanted)


class TestModule:
    def tests(self) -> dict[str, Callable[..., Any]]:
        return {"as_planned": answering(as_planned, "ocpvirt.dr.as_planned")}
