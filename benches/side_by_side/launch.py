"""Runs one command and prints its wall seconds, CPU seconds, peak (as the system counts it) and wait status.

A process of its own, because it is small: Linux counts what the starting process held as the started one's peak.
"""

import os
import sys
import time


def main(command: list[str]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    files = [(os.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1)]
    start = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    print(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status)


main(sys.argv[1:])
