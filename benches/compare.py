#!/usr/bin/env python3
"""Measures natlens beside DuckDB, Polars and igzip on simulated data, checks everybody's answer, and prints the tables.

The data comes from `natlens simulate`, the others from PyPI into a venv of their own (benches/requirements.txt). Needs Python
3.11 and, for five million records, 6 GB of disk, 35 GB with --large.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from side_by_side import measure, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REQUIREMENTS = HERE / "requirements.txt"
DOCUMENT = ROOT / "docs" / "performance.md"
INSIDE = "NATLENS_COMPARE_VENV"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--binary", type=Path, default=target / "release" / "natlens", help="what to measure [default: %(default)s]")
    parser.add_argument("--records", type=int, default=5_000_000, help="flow log records, and lines of the bill")
    parser.add_argument("--runs", type=int, default=5, help="runs of each contestant, of which the median counts")
    parser.add_argument("--only", action="append", metavar="CASE", help="one case; repeatable")
    parser.add_argument("--large", action="store_true", help="measure memory at ten times the records, too")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep data and venv here and use what is there already")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.relative_to(ROOT)}")
    parsed = parser.parse_args()
    if parsed.records < 20_000 or parsed.runs < 1:
        parser.error("--records is at least 20000, --runs at least 1")
    if parsed.write and parsed.only:
        parser.error("--write needs every case")
    return parsed


def python_in(folder: Path) -> Path:
    """The Python of a venv with the pinned packages, made if it is not there."""
    python, stamp = folder / "bin" / "python", folder / "requirements.stamp"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        venv.create(folder, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        subprocess.run(install, check=True)
        stamp.write_bytes(REQUIREMENTS.read_bytes())
    return python


def compare(options: argparse.Namespace, scratch: Path) -> None:
    # Only here: some cases need the packages of the venv.
    from side_by_side.bench import Bench
    from side_by_side.cases import CASES

    unknown = set(options.only or []) - set(CASES)
    if unknown:
        raise measure.Failed(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    binary = str(options.binary.resolve())
    about = [
        f"Median of {options.runs} runs each. {measure.machine()}.",
        f"{measure.versions(binary, ['duckdb', 'polars', 'isal'])}.",
    ]
    bench = Bench(binary, scratch, options.records, options.runs, options.large)
    outcomes = []
    for name, case in CASES.items():
        if not options.only or name in options.only:
            print(f"{name}:", file=sys.stderr)
            outcomes.append(case(bench))
    text = table.markdown(outcomes, about)
    print(text, end="")
    if options.write:
        table.write(DOCUMENT, text)


def main() -> None:
    options = arguments()
    if not options.binary.is_file():
        sys.exit(f"error: no {options.binary}: cargo build --release")
    with tempfile.TemporaryDirectory(prefix="natlens-compare-") as temporary:
        scratch = (options.keep or Path(temporary)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        if os.environ.get(INSIDE) != "1":
            # Again with the packages, so that this Python is the one that starts the contestants.
            command = [str(python_in(scratch / "venv")), *sys.argv]
            if options.keep is None:
                command += ["--keep", str(scratch)]
            sys.exit(subprocess.run(command, env=os.environ | {INSIDE: "1"}, check=False).returncode)
        try:
            compare(options, scratch)
        except (measure.Failed, subprocess.CalledProcessError) as error:
            sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
