"""Measures `natlens report` on five million simulated records, beside plain gzip of the same files in the same run.

    measure_speed.py BINARY [RECORDS]

Prints medians of five runs: wall seconds, CPU seconds, peak memory; and the ratio to the baseline, which other machines share.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5


def run(command: list[str]) -> tuple[float, float, int]:
    """Wall and CPU seconds and peak KiB of one run."""
    start, pid = time.monotonic(), os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command}: status {status}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def median(command: list[str]) -> tuple[float, float, int]:
    wall, cpu, peak = zip(*(run(command) for _ in range(RUNS)), strict=True)
    return statistics.median(wall), statistics.median(cpu), int(statistics.median(peak))


def main() -> None:
    binary, records = str(Path(sys.argv[1]).resolve()), sys.argv[2] if len(sys.argv) > 2 else "5000000"
    with tempfile.TemporaryDirectory() as scratch:
        bundle = f"{scratch}/bundle"
        make = ["simulate", "--to", bundle, "--records", records, "--objects", "16", "--fields", "full", "--seed", "7"]
        subprocess.run([binary, *make, "--clients", "2000", "--logs-only"], check=True)
        files = [str(path) for path in Path(bundle, "flow-logs").rglob("*.gz")]
        stored = sum(os.path.getsize(path) for path in files)
        gzip = median(["/bin/sh", "-c", 'gzip -dc "$@" > /dev/null', "gzip", *files])
        report = median([binary, "report", bundle, "--format", "json", "--no-progress", "-o", f"{scratch}/report.json"])
    print(f"{records} records, {len(files)} objects, {stored / 1e6:.0f} MB gz; {os.cpu_count()} cores; medians of {RUNS} runs")
    for name, (wall, cpu, peak) in (("gzip -dc", gzip), ("natlens report", report)):
        print(f"{name:16} {wall:6.2f} s wall {cpu:6.2f} s CPU {peak / 1024:7.0f} MiB")
    print(f"natlens report over gzip -dc: {report[0] / gzip[0]:.2f} wall, {report[1] / gzip[1]:.2f} CPU")


main()
