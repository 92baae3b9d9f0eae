"""What the checks of exported files share: how natlens is run, what fails, and how that is said."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


class Failure(Exception):
    """What does not hold."""


def natlens(binary: str, *args: str) -> str:
    """What a run prints, without the settings and the cache of whoever runs the check."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("NATLENS_")}
    run = subprocess.run([binary, *args, "--no-cache"], env=mine, capture_output=True, encoding="utf-8", check=False)
    if run.returncode != 0:
        raise Failure(f"natlens {' '.join(args)}: exit code {run.returncode}\n{run.stderr}")
    return run.stdout


def same(what: str, found: object, expect: object) -> None:
    if found != expect:
        raise Failure(f"{what}: {found}, not {expect}")


def main(usage: str, check: Callable[[str, Path, Path], None]) -> None:
    """Runs `check` with BINARY, BUNDLE and an empty folder."""
    if len(sys.argv) != 3:
        sys.exit(usage)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            check(str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve(), Path(scratch).resolve())
    except Failure as failure:
        sys.exit(f"error: {failure}")
