"""The result as Markdown, and its place in docs/performance.md."""

from dataclasses import dataclass, field
from pathlib import Path

from .measure import Failed, Sample

BEGIN = "<!-- compare.py: begin -->"
END = "<!-- compare.py: end -->"


@dataclass(frozen=True)
class Target:
    """A figure with a limit."""

    what: str
    limit: str
    found: str
    met: bool


@dataclass(frozen=True)
class Outcome:
    """What a case gave."""

    case: str
    data: str
    medians: dict[str, Sample] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    skipped: str | None = None
    """Why it was not run."""


def at_most(what: str, found: float, limit: float, unit: str = "", digits: int = 2) -> Target:
    """A target that is met from below."""
    return Target(what, f"≤ {limit:g}{unit}", f"{found:.{digits}f}{unit}", found <= limit)


def at_least(what: str, found: float, limit: float, unit: str, digits: int = 2) -> Target:
    """A target that is met from above."""
    return Target(what, f"≥ {limit:g}{unit}", f"{found:.{digits}f}{unit}", found >= limit)


def markdown(outcomes: list[Outcome], about: list[str]) -> str:
    """Both tables, and under them what they were made on."""
    lines = ["| case | figure | target | found | met |", "|---|---|---|---|---|"]
    for outcome in outcomes:
        if outcome.skipped:
            lines.append(f"| {outcome.case} | | | not run: {outcome.skipped} | |")
        for target in outcome.targets:
            verdict = "yes" if target.met else "**no**"
            lines.append(f"| {outcome.case} | {target.what} | {target.limit} | {target.found} | {verdict} |")
    lines += ["", "| case | data | contestant | wall, s | CPU, s | peak, MiB |", "|---|---|---|---|---|---|"]
    for outcome in outcomes:
        for number, (name, sample) in enumerate(outcome.medians.items()):
            case, data = (outcome.case, outcome.data) if number == 0 else ("", "")
            figures = f"{sample.wall:.3f} | {sample.cpu:.3f} | {sample.peak / 2**20:.0f}"
            lines.append(f"| {case} | {data} | {name} | {figures} |")
    return "\n".join([*lines, "", *about]) + "\n"


def write(path: Path, text: str) -> None:
    """Puts the tables between the two marks of a document."""
    whole = path.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failed(f"{path}: {BEGIN} and {END} are not both there")
    path.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8")
