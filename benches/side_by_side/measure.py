"""Runs commands and says what each took; describes the machine."""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Sample:
    """One run of a command, or the medians of several."""

    wall: float
    """Seconds from its start to its end."""
    cpu: float
    """Seconds of user and system time of all its threads."""
    peak: int
    """Largest resident set, in bytes."""


@dataclass(frozen=True)
class Contestant:
    """A command that answers the question of a case."""

    name: str
    command: list[str]
    prepare: Callable[[], None]
    """Called before each run, outside the measured time."""
    check: Callable[[], None]
    """Called after each run; raises if what it wrote is wrong."""


class Failed(Exception):
    """A command did not succeed, or its answer is wrong."""


def nothing() -> None:
    """What most contestants have to prepare."""


def environment() -> dict[str, str]:
    """The caller's, without what a developer's shell says about natlens."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NATLENS_")}


def run(command: list[str], extra: dict[str, str] | None = None) -> Sample:
    """Runs a command with its output thrown away."""
    launch = [sys.executable, "-I", "-S", str(LAUNCH), *command]
    said = subprocess.run(launch, check=True, stdout=subprocess.PIPE, text=True, env=environment() | (extra or {})).stdout
    wall, cpu, peak, status = (float(figure) for figure in said.split())
    if status != 0:
        raise Failed(f"{' '.join(command)[:500]}: exit code {os.waitstatus_to_exitcode(int(status))}")
    # ru_maxrss is KiB on Linux and bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return Sample(wall, cpu, int(peak) * unit)


def median(samples: list[Sample]) -> Sample:
    """The median of each figure by itself."""
    return Sample(
        statistics.median(sample.wall for sample in samples),
        statistics.median(sample.cpu for sample in samples),
        int(statistics.median(sample.peak for sample in samples)),
    )


def in_turn(contestants: list[Contestant], runs: int, extra: dict[str, str]) -> dict[str, Sample]:
    """Medians by name. Every contestant runs once before any runs again, so that a slow minute of the machine hits all of them.

    A round before the first, which is not counted, warms the page cache and the processor for all of them alike.
    """
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for turn in range(runs + 1):
        for contestant in contestants:
            contestant.prepare()
            sample = run(contestant.command, extra)
            contestant.check()
            if turn > 0:
                samples[contestant.name].append(sample)
    medians = {name: median(of) for name, of in samples.items()}
    for name, sample in medians.items():
        print(f"  {name}: {sample.wall:.3f} s, {sample.cpu:.3f} CPU s", file=sys.stderr)
    return medians


def _first(path: str, key: str) -> str | None:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), None)


def machine() -> str:
    """Processor, cores, memory, system and load, as one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()
    load = os.getloadavg()[0]
    system = f"{platform.system()} {platform.machine()}"
    return f"{cpu}, {cores} cores, {memory:.0f} GiB of memory, {system}; load average at the start {load:.1f}"


def versions(binary: str, packages: list[str]) -> str:
    """natlens, Python and the packages of the venv that this runs in."""
    from importlib.metadata import version

    natlens = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return ", ".join([natlens, f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)])
