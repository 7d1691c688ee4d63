"""Install a Chromium for the tests of the page, unless the machine has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from scripts.toolchain import find_browser


def main() -> int:
    """Install Chromium from Debian as root, else playwright's own; return an exit code."""
    if find_browser() is None:
        if shutil.which("apt-get") and os.geteuid() == 0:
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"]
            for command in (["apt-get", "update", "-qq"], install):
                subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
        else:
            command = [sys.executable, "-m", "playwright", "install", "chromium"]
            subprocess.run(command, check=False)
    found = find_browser()
    if found is None:
        print("no Chromium could be installed: install one by hand, on PATH", file=sys.stderr)
        return 1
    print(f"Chromium: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
