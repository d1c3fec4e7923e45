# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: pointing_home
short_description: Does a PersistentVolume still name the other site
version_added: 0.1.0
description:
  - >-
    Whether a PersistentVolume, used at a site, holds a value that its rule gives to the other site only. A VM that
    started with it there would write to the wrong storage, or to none.
  - The rule is the first of the plan that matches. That none does is an error.
  - >-
    Where the product and no rule says what the replica is (Dell CSM), there is no such value: compare with
    P(ocpvirt.dr.as_planned#test) instead.
positional: _input, site
options:
  _input:
    description: The PersistentVolume, as the API server serves it.
    type: dict
    required: true
  site:
    description: The site at which it is used.
    type: str
    required: true
  plan:
    description: The plan, as a document or the path of its file. Exclusive with O(rules).
    type: raw
  rules:
    description: The rules alone, as they stand in a plan under C(volumes.rules). Exclusive with O(plan).
    type: list
    elements: dict
  pvc:
    description: >-
      The PersistentVolumeClaim that is bound to it. Without it rules know the claim's namespace and name only.
    type: dict
  vm:
    description: Name of the VirtualMachine that uses the claim, for C({vm.name}).
    type: str
author:
  - The ocpvirt.dr authors (@ocpvirt)
"""

EXAMPLES = r"""
- name: Read the volumes at west
  kubernetes.core.k8s_info:
    kubeconfig: ~/.kube/west
    kind: PersistentVolume
    label_selectors: [app=payroll]
  register: west

- name: Does none of them name east
  ansible.builtin.assert:
    that: item is not ocpvirt.dr.pointing_home('west', plan='plans/payroll.yml')
  loop: "{{ west.resources }}"
  loop_control:
    label: "{{ item.metadata.name }}"
"""

RETURN = r"""
_value:
  description: Whether it names the other site.
  type: bool
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._operations.volumes import plugins as volume_plugins
from ..plugin_utils._native import answering


def pointing_home(_input: Any, site: Any, plan: Any = None, rules: Any = None, pvc: Any = None, vm: Any = None) -> bool:
    return volume_plugins.points_home(_input, site, plan, rules, pvc, vm)


class TestModule:
    def tests(self) -> dict[str, Callable[..., Any]]:
        return {"pointing_home": answering(pointing_home, "ocpvirt.dr.pointing_home")}
