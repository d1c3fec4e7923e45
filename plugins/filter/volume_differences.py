# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: volume_differences
short_description: Where a PersistentVolume or claim is not as it was decided
version_added: 0.1.0
description:
  - Compares an object, as a site serves it, with what P(ocpvirt.dr.patched_volume#filter) returned for it.
  - >-
    What the API server or a controller adds does not count, and neither does another spelling of an amount or another
    order of access modes.
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
seealso:
  - plugin: ocpvirt.dr.as_planned
    plugin_type: test
    description: Whether there is any difference.
"""

EXAMPLES = r"""
- name: Is the volume at west the one that was decided
  ansible.builtin.assert:
    that: west.resources[0] is ocpvirt.dr.as_planned(decision)
    fail_msg: "{{ west.resources[0] | ocpvirt.dr.volume_differences(decision) }}"
"""

RETURN = r"""
_value:
  description: Each field that differs, with its wanted and its actual value. Empty when there is no difference.
  type: list
  elements: str
  sample: ["nfs.server: wanted '198.51.100.10', is '192.0.2.10'"]
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._operations.volumes import plugins as volume_plugins
from ..plugin_utils._native import answering


def volume_differences(_input: Any, wanted: Any) -> Any:
    return volume_plugins.volume_differences(_input, wanted)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"volume_differences": answering(volume_differences, "ocpvirt.dr.volume_differences")}
