# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: patched_volume
short_description: A PersistentVolume as it has to be at the other site
version_added: 0.1.0
description:
  - Decides which PersistentVolume, and which claim, a site gets for a volume, by the rules of a plan.
  - >-
    It is the same decision as that of M(ocpvirt.dr.persistent_volume), for volumes of any playbook. No cluster is asked
    and nothing is written.
  - A volume that no rule matches, or that would still name the other site, is an error that says why.
positional: _input, site
options:
  _input:
    description: The PersistentVolume where it comes from, as the API server serves it.
    type: dict
    required: true
  site:
    description: The site at which it is going to be used.
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
      The PersistentVolumeClaim that is bound to it. Without it rules know the claim's namespace and name only, and
      the result has no claim.
    type: dict
  vm:
    description: Name of the VirtualMachine that uses the claim, for C({vm.name}).
    type: str
author:
  - The ocpvirt.dr authors (@ocpvirt)
"""

EXAMPLES = r"""
- name: Read a volume at east
  kubernetes.core.k8s_info:
    kubeconfig: ~/.kube/east
    kind: PersistentVolume
    name: pv-db-0
  register: east

- name: Create it at west
  kubernetes.core.k8s:
    kubeconfig: ~/.kube/west
    definition: "{{ (east.resources[0] | ocpvirt.dr.patched_volume('west', plan='plans/payroll.yml')).pv }}"

- name: Show what changes, by a rule of the playbook
  ansible.builtin.debug:
    msg: "{{ (east.resources[0] | ocpvirt.dr.patched_volume('west', rules=rules)).changes }}"
  vars:
    rules:
      - match: {nfs: {server: [192.0.2.10, 198.51.100.10]}}
        set:
          east: {nfs.server: 192.0.2.10}
          west: {nfs.server: 198.51.100.10}
"""

RETURN = r"""
_value:
  description: The decision.
  type: dict
  contains:
    pv:
      description: >-
        The PersistentVolume to create, bound by name to its claim. Nothing of its old cluster is in it: no uid, status
        or finalizer.
      type: dict
    pvc:
      description: The PersistentVolumeClaim to create. V(none) where O(pvc) was not given.
      type: dict
    rule:
      description: Number of the rule that matched, from 0.
      type: int
    reasons:
      description: Why it is so, in words.
      type: list
      elements: str
    changes:
      description: Each field that changes.
      type: list
      elements: dict
      contains:
        kind:
          description: V(PersistentVolume) or V(PersistentVolumeClaim).
          type: str
        field:
          description: The field as a rule names it.
          type: str
          sample: nfs.server
        now:
          description: Its value as given. V(none) when it is absent.
          type: raw
          sample: 192.0.2.10
        then:
          description: Its value at O(site). V(none) when it is absent.
          type: raw
          sample: 198.51.100.10
        why:
          description: What decides it.
          type: str
          sample: rule 0
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._operations.volumes import plugins as volume_plugins
from ..plugin_utils._native import answering


def patched_volume(_input: Any, site: Any, plan: Any = None, rules: Any = None, pvc: Any = None, vm: Any = None) -> Any:
    return volume_plugins.patched_volume(_input, site, plan, rules, pvc, vm)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"patched_volume": answering(patched_volume, "ocpvirt.dr.patched_volume")}
