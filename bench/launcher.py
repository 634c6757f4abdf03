"""Runs one command and writes down what it cost. A process of its own, and a small one.

The peak that the kernel tells of a process begins with the memory of the one that started it, so a large one would be
seen in every measurement. Imports nothing of dget for that reason.

    launcher.py REPORT COMMAND…
"""

import json
import os
import sys
import time

report, *command = sys.argv[1:]
started = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - started
told = {
    "status": os.waitstatus_to_exitcode(status),
    "seconds": seconds,
    "cpu": usage.ru_utime + usage.ru_stime,
    "peak": usage.ru_maxrss * 1024,
}
with open(report, "w") as file:  # noqa: PTH123 - pathlib would be most of this process
    json.dump(told, file)
