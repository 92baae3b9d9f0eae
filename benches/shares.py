#!/usr/bin/env python3
"""Where a report's CPU time goes, by stage: samples `natlens report` with perf and adds up its functions.

Needs Linux's perf and a binary with symbols: CARGO_PROFILE_RELEASE_STRIP=none cargo build --release
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

# The first that fits decides. A function of a library belongs to the stage that calls it most; what nobody can tell apart from
# the outside (memcpy, sorting, allocation) is a row of its own.
STAGES = [
    ("kernel: page faults, reading files, threads", r"\[k\]"),
    ("gzip: inflating", r"zlib_rs::|flate2|isal|inflate|crc32"),
    ("hash of the content", r"xxh3|xxhash"),
    ("Parquet: decoding", r"parquet::|arrow_|arrow::|snap::|zstd|ZSTD"),
    ("lines and fields: splitting, parsing", r"natlens::sources::flow|memchr|natlens::model::addr::"),
    ("texts and addresses: interning", r"natlens::model::(symbols|addr_table)"),
    ("fold of an object", r"natlens::count::(fold|crossing|words|legs|roles|peers)"),
    ("merge of the folds", r"natlens::count::(rollup|hours|blocks)|natlens::run::(read|parallel)"),
    ("choice of vantages, gateways, rows", r"natlens::count::"),
    ("the bill", r"csv_core|natlens::(sources::)?bill|natlens::reconcile"),
    ("names and owners", r"natlens::(name|own|attribute)"),
    ("frames: grouping and sums", r"^polars|polars|natlens::frames|rayon"),
    ("inventory and settings", r"natlens::sources::|serde_json|natlens::model::inventory"),
    ("decisions, report, output", r"natlens::"),
    ("hash tables, wherever", r"hashbrown|foldhash"),
    ("sorting, wherever", r"core::slice::sort|alloc::slice::sort"),
    ("memory: copying, comparing, allocating", r"mem(cpy|move|set|cmp)|malloc|free|calloc|alloc"),
]
REST = "anything else"


def shares(report: str) -> tuple[Counter, Counter]:
    """Percent by stage, and the functions of what fits no stage."""
    stages: Counter = Counter()
    rest: Counter = Counter()
    for line in report.splitlines():
        found = re.match(r"\s*([\d.]+)%\s+(.*)", line)
        if found:
            share, function = float(found[1]), " ".join(found[2].split())
            stage = next((name for name, pattern in STAGES if re.search(pattern, function)), REST)
            stages[stage] += share
            if stage == REST:
                rest[function] += share
    return stages, rest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog="Further arguments go to natlens.")
    parser.add_argument("binary", type=Path)
    parser.add_argument("bundle", help="what to report on, such as text-gz in the folder of compare.py --keep")
    parser.add_argument("--rest", action="store_true", help="show the functions that fit no stage")
    options, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = f"{scratch}/perf.data"
        command = [str(options.binary.resolve()), "report", options.bundle, "--format", "json", "--no-progress", "-q", *more]
        record = ["perf", "record", "--quiet", "--freq", "999", "--output", data, "--", *command, "-o", f"{scratch}/report.json"]
        report = ["perf", "report", "--stdio", "--no-children", "--sort", "comm,dso,symbol", "--input", data]
        try:
            subprocess.run(record, check=True)
            said = subprocess.run(report, check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"error: {error}")
    stages, rest = shares(said)
    total = sum(stages.values())
    print("| stage | share of CPU |\n|---|---|")
    for stage, share in stages.most_common():
        print(f"| {stage} | {100 * share / total:.1f} % |")
    if options.rest:
        for function, share in rest.most_common(30):
            print(f"{share:6.2f} {function}", file=sys.stderr)


if __name__ == "__main__":
    main()
