"""The cases of the comparison: which data, who runs, what is asked of the figures."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import answers, measure
from .bench import Bench
from .data import COPIES, SMALL_RECORDS, Bundle, inflated, objects
from .measure import Contestant, Failed
from .table import Outcome, Target, at_least, at_most

VERSION_RUNS = 50
MIB = 2**20


def said(of: Bundle, more: str = "") -> str:
    """The data of a case in words."""
    records = of.truth["records"]["read"] * of.copies
    return f"{records:,} records, {of.files:,} objects, {of.stored / 1e6:,.0f} MB stored{more}"


def gz(bench: Bench) -> Outcome:
    of = bench.text_gz
    size, joined = inflated(of), bench.make.joined(of)

    def whole_size() -> None:
        answers.same("bytes that igzip wrote", inflated_by_igzip(joined), size)

    whole_size()
    # With `-c` it writes to stdout, which is thrown away here: a file would cost it more.
    igzip = Contestant("igzip -dc", [sys.executable, "-m", "isal.igzip", "-dc", str(joined)], measure.nothing, measure.nothing)
    contestants = bench.beside(of, "text", ["DuckDB", "DuckDB defaults", "Polars"])
    medians = bench.in_turn([*contestants, igzip])
    mine = medians["natlens"]
    targets = [
        at_most("wall over DuckDB's", mine.wall / medians["DuckDB"].wall, 1 / 8, digits=3),
        at_most("wall over DuckDB's with defaults", mine.wall / medians["DuckDB defaults"].wall, 1 / 8, digits=3),
        at_most("wall over Polars'", mine.wall / medians["Polars"].wall, 1 / 4, digits=3),
        at_most("CPU over igzip's", mine.cpu / medians["igzip -dc"].cpu, 3),
    ]
    return Outcome("gz text, 29 fields", said(of, f", {size / 1e6:,.0f} MB of text"), medians, targets)


def inflated_by_igzip(path: Path) -> int:
    """What `igzip -dc` writes, counted with the same library."""
    from isal import igzip

    count = 0
    with igzip.open(path, "rb") as content:
        while block := content.read(1 << 20):
            count += len(block)
    return count


def text(bench: Bench) -> Outcome:
    of = bench.make.flow_logs("text")
    contestants = bench.beside(of, "text", ["DuckDB", "Polars"])
    one = replace(contestants[0], name="natlens --threads 1", command=[*contestants[0].command, "--threads", "1"])
    medians = bench.in_turn([one, *contestants])
    rate = of.stored / 1e9 / medians[one.name].wall
    return Outcome("plain text, 29 fields", said(of), medians, [at_least("text of one thread", rate, 1, " GB/s")])


def parquet(bench: Bench) -> Outcome:
    of = bench.make.flow_logs("parquet")
    medians = bench.in_turn(bench.beside(of, "parquet", ["DuckDB", "Polars"]))
    ratio = medians["natlens"].wall / medians["DuckDB"].wall
    return Outcome("Parquet, 29 fields", said(of), medians, [at_most("wall over DuckDB's", ratio, 1 / 2)])


def default(bench: Bench) -> Outcome:
    of = bench.make.flow_logs("default-gz", "default", "v2")
    medians = bench.in_turn(bench.beside(of, "text", []))
    rate = of.truth["records"]["read"] / 1e6 / medians["natlens"].wall
    return Outcome("gz text, 14 default fields", said(of), medians, [at_least("records", rate, 8, " M/s", 1)])


def memory(bench: Bench) -> Outcome:
    of = bench.text_gz
    medians = {"natlens": bench.in_turn(bench.beside(of, "text", []))["natlens"]}
    peak = medians["natlens"].peak
    targets = [at_most("peak", peak / MIB, 300, " MiB", 0)]
    words = said(of)
    if bench.large:
        large = bench.make.repeated(of)
        name = f"natlens, {COPIES} times the records"
        medians[name] = bench.in_turn(bench.beside(large, "text", []))["natlens"]
        targets.append(at_most(f"peak at {COPIES} times the records over this", medians[name].peak / peak, 1.3))
        words += f"; {said(large)} over the same keys"
    else:
        words += "; ten times the records only with --large"
    return Outcome("memory", words, medians, targets)


def again(bench: Bench) -> Outcome:
    of = bench.text_gz
    if not bench.has_cache:
        return Outcome("the same month again", said(of), skipped="this natlens has no cache (`report` knows no --no-cache)")
    first_answer = bench.answer("first")

    def check(report: dict) -> None:
        answers.report_of_flow_logs(report, of.truth)

    def same_as_first() -> None:
        answers.same("the report from the cache", bench.answer("natlens").read_bytes() == first_answer.read_bytes(), True)

    def kept() -> None:
        shutil.copyfile(bench.answer("natlens"), first_answer)
        whole.check()

    whole = bench.natlens([str(of.folder)], check, cached=True)
    empty = replace(whole, name="natlens, empty cache", prepare=lambda: shutil.rmtree(bench.cache, ignore_errors=True), check=kept)
    again_ = replace(whole, name="natlens, again", check=same_as_first)
    medians = bench.in_turn([empty, again_])
    stored = sum(path.stat().st_size for path in bench.cache.rglob("*") if path.is_file())
    share = 100 * medians[again_.name].wall / medians[empty.name].wall
    data = said(of, f", {stored / 1e6:,.1f} MB of cache")
    return Outcome("the same month again", data, medians, [at_most("wall over the first run's", share, 2, " %")])


def small(bench: Bench) -> Outcome:
    many, few, count = bench.make.small(bench.text_gz)
    reports: list[dict] = []

    def check(report: dict) -> None:
        # The sums of the same records, which no truth tells: whatever the number of objects, they are the same.
        reports.append({part: report[part] for part in ("records", "record_bytes", "nat_gateways", "clients")})
        answers.same("the report on small objects", reports[-1] == reports[0], True)

    contestants = [
        replace(bench.natlens([str(of.folder)], check), name=f"natlens, {of.files:,} objects") for of in (few, many)
    ]
    medians = bench.in_turn(contestants)
    each = (medians[contestants[1].name].cpu - medians[contestants[0].name].cpu) / count * 1e6
    data = f"{reports[0]['records']['read']:,} records, {SMALL_RECORDS} an object, {many.stored / 1e6:,.0f} MB stored"
    return Outcome("small objects", data, medians, [at_most("CPU for an object more", each, 20, " µs", 1)])


def bill(bench: Bench) -> Outcome:
    of = bench.make.bill(bench.records)
    natlens = bench.natlens(
        ["--billing", str(of.folder / "billing")], lambda report: answers.report_of_bill(report, of.truth, of.copies)
    )
    report = bench.report(natlens)
    duckdb = bench.other("DuckDB", "bill", of.folder / "billing", report)
    medians = bench.in_turn([natlens, duckdb])
    lines = of.truth["billing"]["lines"] * of.copies
    data = f"{lines:,} lines, {of.files} files, {of.stored / 1e6:,.0f} MB stored"
    ratio = medians["natlens"].wall / medians["DuckDB"].wall
    return Outcome("CUR csv.gz", data, medians, [at_most("wall over DuckDB's", ratio, 1 / 2)])


def start(bench: Bench) -> Outcome:
    version = Contestant("natlens --version", [bench.binary, "--version"], measure.nothing, measure.nothing)
    runs = max(VERSION_RUNS, bench.runs)
    medians = bench.in_turn([version], runs)
    found = 1000 * medians[version.name].wall
    return Outcome("start-up", f"median of {runs} runs", medians, [at_most("wall", found, 10, " ms", 1)])


def floor(bench: Bench) -> Outcome:
    """What no program on this machine can be faster than, stage by stage."""
    of, plain = bench.text_gz, bench.make.flow_logs("text")
    stored, written = ([str(path) for path in objects(each.folder)] for each in (of, plain))
    commands = {
        "reading the gz files: cat": ["cat", *stored],
        "inflating them: igzip -dc": [sys.executable, "-m", "isal.igzip", "-dc", str(bench.make.joined(of))],
        "reading the text: cat": ["cat", *written],
        "finding its line ends: wc -l": ["wc", "-l", *written],
    }
    contestants = [
        Contestant(name, [shutil.which(command[0]) or command[0], *command[1:]], measure.nothing, measure.nothing)
        for name, command in commands.items()
    ]
    return Outcome("physical floor", said(of, f", {plain.stored / 1e6:,.0f} MB of text"), bench.in_turn(contestants))


def lookup(bench: Bench) -> Outcome:
    """What `cargo bench` measured last beside this binary: a process is too coarse for nanoseconds."""
    folder = Path(bench.binary).parent.parent / "criterion" / "ip-ranges" / "lookup" / "new"
    name = "ip-ranges lookup"
    try:
        nanoseconds = json.loads((folder / "estimates.json").read_text(encoding="utf-8"))["median"]["point_estimate"]
        addresses = json.loads((folder / "benchmark.json").read_text(encoding="utf-8"))["throughput"]["Elements"]
    except FileNotFoundError:
        return Outcome(name, "", skipped="`cargo bench -- ip-ranges` first")
    except KeyError as missing:
        raise Failed(f"{folder}: no {missing}") from missing
    target: Target = at_most("an address", nanoseconds / addresses, 10, " ns", 1)
    return Outcome(name, f"{addresses:,} addresses", targets=[target])


CASES: dict[str, Callable[[Bench], Outcome]] = {
    "gz": gz,
    "text": text,
    "parquet": parquet,
    "default": default,
    "lookup": lookup,
    "memory": memory,
    "again": again,
    "small": small,
    "bill": bill,
    "start": start,
    "floor": floor,
}
