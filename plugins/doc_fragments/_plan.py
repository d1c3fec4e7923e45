# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  plan:
    description:
      - The plan, as the path of a YAML file on the controller or as the document itself.
      - >-
        A relative path starts at the folder of the playbook, where Ansible runs modules, unless the environment
        variable E(OCPVIRT_DR_STARTED_IN) names another one. The playbooks of the collection set it to the folder in
        which the command was started, which is that of the project in Ansible Automation Platform.
      - It is validated before anything else happens. Every problem is reported with its path.
    type: raw
    required: true
"""
