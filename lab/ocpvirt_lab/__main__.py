from __future__ import annotations

import sys

from ocpvirt_lab.cli import main

sys.exit(main())
