# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  round_timeout:
    description:
      - Seconds after which the module returns although the work goes on, with RV(ignore:done=false).
      - Call it again with the same options to go on. It lets a job log speak without a progress callback.
      - Without it the module returns when the work is done.
    type: int
"""
