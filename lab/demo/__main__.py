"""The demo's command."""

from __future__ import annotations

import argparse
import sys

from demo.act import table
from demo.lab import Lab
from demo.storages import STORAGES
from demo.story import Story, say
from demo.workload import NFS


def main() -> int:
    parser = argparse.ArgumentParser(description="Take 24 VMs through the loss of a site and home again, on the lab.")
    parser.add_argument(
        "--storage", choices=list(STORAGES), default="nfs", help="what replicates the volumes (default: nfs)"
    )
    parser.add_argument("--lab", help="name of the lab that is used (default: demo, or demo-STORAGE)")
    parser.add_argument("--keep", action="store_true", help="leave the lab up, to look around")
    arguments = parser.parse_args()
    storage = STORAGES[arguments.storage]
    usual = "demo" if storage is NFS else f"demo-{arguments.storage.replace('_', '-')}"
    lab = Lab(arguments.lab or usual)
    say("bring the lab up")
    lab.run("up", *storage.lab_options)
    try:
        lab.run("reset")
        return tell(Story(lab, storage))
    finally:
        if not arguments.keep:
            lab.run("down")


def tell(story: Story) -> int:
    """The exit code: whether every act ended as it must."""
    story.prepare()
    acts = []
    for perform in (story.fail_over, story.restore_east, story.reprotect, story.fail_back):
        act = perform()
        acts.append(act)
        say(f"{act.name} is {act}\n")
    print(table(acts))
    print()
    for act in acts:
        print(f"{act.name:<14}{act}")
    print(f"{'log':<14}{story.log}")
    return 1 if any(act.problems for act in acts) else 0


if __name__ == "__main__":
    sys.exit(main())
