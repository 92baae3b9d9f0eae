"""What the cases share: the data, the folder, and how each contestant is started and checked."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path

from . import answers, contestants, data, measure
from .measure import Contestant, Sample

ALL_ROWS = "1000000"
"""Rows of each table that natlens is made to write, so that every client is there to be checked."""


class Bench:
    """One comparison of one binary."""

    def __init__(self, binary: str, scratch: Path, records: int, runs: int, large: bool) -> None:
        self.binary, self.scratch, self.records, self.runs, self.large = binary, scratch, records, runs, large
        self.make = data.Maker(binary, scratch, records)
        # Neither the user's settings nor what earlier runs cached may show.
        self.cache = scratch / "cache"
        self.extra = {"XDG_CONFIG_HOME": str(scratch / "no-settings"), "XDG_CACHE_HOME": str(self.cache)}
        said = subprocess.run([binary, "report", "--help"], check=True, capture_output=True, text=True).stdout
        self.has_cache = "--no-cache" in said

    @cached_property
    def text_gz(self) -> data.Bundle:
        """The data of most cases."""
        return self.make.flow_logs("text-gz")

    def answer(self, name: str) -> Path:
        """Where a contestant writes."""
        return self.scratch / f"answer-{name.replace(' ', '-')}.json"

    def load(self, name: str):
        """What a contestant wrote."""
        return json.loads(self.answer(name).read_text(encoding="utf-8"))

    def natlens(self, inputs: list[str], check: Callable[[dict], None], *options: str, cached: bool = False) -> Contestant:
        """A whole report, as JSON with every row."""
        command = [self.binary, "report", *inputs, "--format", "json", "--top", ALL_ROWS, "--no-progress", "--quiet", *options]
        if self.has_cache and not cached:
            command.append("--no-cache")
        answer = self.answer("natlens")
        return Contestant("natlens", [*command, "-o", str(answer)], measure.nothing, lambda: check(self.load("natlens")))

    def report(self, contestant: Contestant) -> dict:
        """Runs natlens once, checks its answer, and gives it."""
        contestant.prepare()
        measure.run(contestant.command, self.extra)
        contestant.check()
        return self.load("natlens")

    def other(self, name: str, question: str, folder: Path, report: dict) -> Contestant:
        """The bare sums by another engine, the first word of `name`.

        All of its answer is checked now, outside of any measurement, and its totals after every run.
        """
        answer, full = self.answer(name), self.answer(f"{name} full")
        command = [sys.executable, contestants.__file__, name.replace(" ", "-").lower(), question, str(folder), str(answer)]
        window = [str(int(datetime.fromisoformat(report["period"][end]).timestamp())) for end in ("start", "end")]
        measure.run([*command, "--full", str(full), *window], self.extra)
        totals, rows = self.load(name), self.load(f"{name} full")
        if question == "bill":
            answers.bill_sums(rows, totals, report)
        else:
            answers.totals(totals, report)
            answers.pairs(rows, totals, report)
        return Contestant(name, command, measure.nothing, lambda: answers.same(f"totals of {name}", self.load(name), totals))

    def beside(self, of: data.Bundle, question: str, others: list[str], *options: str) -> list[Contestant]:
        """natlens and other engines on the same flow logs, each with its answer checked."""
        natlens = self.natlens([str(of.folder)], lambda report: answers.report_of_flow_logs(report, of.truth, of.copies), *options)
        report = self.report(natlens)
        all_ = [natlens, *(self.other(name, question, of.folder / "flow-logs", report) for name in others)]
        for name in others[1:]:
            answers.same(f"the pairs of {others[0]} and {name}", self.load(f"{others[0]} full") == self.load(f"{name} full"), True)
        return all_

    def in_turn(self, contestants_: list[Contestant], runs: int | None = None) -> dict[str, Sample]:
        """Medians of everybody, run in turn."""
        return measure.in_turn(contestants_, runs or self.runs, self.extra)
