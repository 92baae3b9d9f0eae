#!/usr/bin/env python3
"""Runs the roll-up's SQL text on engines that others wrote and compares with natlens itself.

Usage: check_rollup.py NATLENS [--engines duckdb,datafusion,sail] [--only NAME] [--keep DIR]

Accounts are simulated in every vantage and several formats. For each of them every engine must give the rows that
`natlens athena --engine local` writes, and the report made from them must be the report made from the flow logs.
Needs duckdb, datafusion and pyarrow; pysail and pyspark-client for Sail.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

MONTH = "2026-10"
# Name, options of `simulate`, grain.
ACCOUNTS = [
    ("nat", ["--vantage", "nat"], "day"),
    ("nat-hour-nat64-private", ["--vantage", "nat", "--nat64", "--private-nat", "--seed", "2"], "hour"),
    ("nat-parquet", ["--vantage", "nat", "--log-file-format", "parquet", "--seed", "3", "--layout", "hive-hourly"], "day"),
    ("v2", ["--vantage", "v2", "--seed", "4"], "day"),
    ("v2-no-header", ["--vantage", "v2", "--log-file-format", "default-gz", "--seed", "5"], "day"),
    ("regional", ["--vantage", "regional", "--fields", "v11", "--seed", "6"], "day"),
    ("two-logs", ["--vantage", "two-logs", "--seed", "7"], "day"),
    ("instance", ["--vantage", "instance", "--seed", "8"], "day"),
    ("instance-v11", ["--vantage", "instance", "--fields", "v11", "--seed", "9", "--log-file-format", "parquet-snappy"], "day"),
    ("vpc", ["--vantage", "vpc", "--seed", "10", "--rules", "--nat64"], "day"),
    ("vpc-hour", ["--vantage", "vpc", "--seed", "11", "--fields", "v11"], "hour"),
    ("hub", ["--vantage", "hub", "--seed", "12"], "day"),
    ("shuffled", ["--vantage", "vpc", "--fields", "shuffled", "--seed", "13"], "day"),
]

# What may differ between reports of the same flow logs (records that came twice, and what sources are called).
MAY_DIFFER = {"inputs"}


class Natlens:
    def __init__(self, binary):
        self.binary = binary

    def __call__(self, *args):
        env = {k: v for k, v in os.environ.items() if not k.startswith("NATLENS_")} | {"NATLENS_NO_CACHE": "true"}
        done = subprocess.run([self.binary, *map(str, args)], capture_output=True, env=env)
        if done.returncode not in (0, 3):
            raise SystemExit(f"natlens {' '.join(map(str, args))}: {done.stderr.decode()}")
        return done.stdout


def sources(sql):
    """Tables of the text: name, format and flow logs, from its first lines."""
    return re.findall(r"^-- (\S+) \((.+?)\): (.*)$", sql, re.M)


def objects_of(logs, flow_logs):
    files = [f for f in sorted(logs.rglob("*")) if f.is_file()]
    return [f for f in files if any(f"_{name}_" in f.name for name in flow_logs.split())]


def columns_of(file, form):
    if form == "text without header":
        return "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action log_status".split()
    opened = gzip.open(file, "rt") if file.suffix == ".gz" else open(file)
    with opened as text:
        return text.readline().strip().replace("-", "_").split(" ")


def duckdb_with_sources(sql, logs, tables):
    """A DuckDB that reads flow logs where they lie."""
    db = duckdb.connect()
    db.execute("SET threads = 2")
    for name, form, flow_logs in sources(sql):
        files = objects_of(logs, flow_logs)
        listed = ", ".join("'%s'" % f for f in files)
        if form == "Parquet":
            db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}], filename = true, hive_partitioning = false)")
        else:
            columns = ", ".join(f"'{c}': 'VARCHAR'" for c in columns_of(files[0], form))
            skip = 0 if form == "text without header" else 1
            db.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_csv([{listed}], delim = ' ', columns = {{{columns}}}, header = false, skip = {skip}, "
                "auto_detect = false, quote = '', escape = '', null_padding = true, strict_mode = false, ignore_errors = true, filename = true, hive_partitioning = false)"
            )
    for table in sorted(p for p in tables.iterdir() if p.is_dir()):
        db.execute(f"CREATE TABLE {table.name} AS SELECT * FROM read_parquet('{table}/*.parquet')")
    return db


def run_duckdb(case):
    db = duckdb_with_sources(case.sql("duckdb"), case.logs, case.tables)
    out = case.folder / "duckdb.parquet"
    db.execute(f"COPY ({case.sql('duckdb')}) TO '{out}' (FORMAT parquet)")
    return out


def run_datafusion(case):
    import datafusion

    context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(2))
    for name, path in case.staged().items():
        context.register_parquet(name, str(path))
    out = case.folder / "datafusion"
    context.sql(case.sql("staged")).write_parquet(str(out))
    return out


class Sail:
    """A Spark Connect server with the Sail engine; workers of its own in cluster mode."""

    def __init__(self):
        os.environ.setdefault("SAIL_MODE", "local-cluster")
        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        self.server = SparkConnectServer("127.0.0.1", 0)
        self.server.start(background=True)
        _, port = self.server.listening_address
        self.spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()

    def __call__(self, case):
        for name, path in case.staged().items():
            self.spark.read.parquet(str(path)).createOrReplaceTempView(name)
        rows = self.spark.sql(case.sql("staged")).toArrow()
        out = case.folder / "sail.parquet"
        pq.write_table(rows, out)
        return out

    def close(self):
        self.spark.stop()
        self.server.stop()


class Case:
    def __init__(self, natlens, folder, name, options, grain, records):
        self.natlens, self.folder, self.name, self.grain = natlens, folder, name, grain
        self.bundle, self.tables = folder / "bundle", folder / "tables"
        self.logs = self.bundle / "flow-logs"
        natlens("simulate", "--to", self.bundle, "--records", records, "--clients", 60, "--objects", 9, *options)
        if grain == "day":
            # Names by Resolver logs need hours.
            shutil.rmtree(self.bundle / "dns", ignore_errors=True)
        # An object that was delivered twice.
        first = next(f for f in sorted(self.logs.rglob("*")) if f.is_file() and re.search("/10/1|day=1|month=10", str(f)))
        copy = self.logs / "copy" / first.relative_to(self.logs)
        copy.parent.mkdir(parents=True)
        shutil.copy(first, copy)
        self._sql = {}

    def emit(self, dialect, *more):
        base = ("athena", self.bundle, "--month", MONTH, "--grain", self.grain, "--emit-sql", "--dialect", dialect)
        return self.natlens(*base, *more).decode()

    def sql(self, dialect):
        if dialect not in self._sql:
            location = ("--location", f"{self.logs}/")
            if dialect == "staged":
                text = self.emit("spark", "--path-column", "object_path", *location)
            else:
                text = self.emit(dialect, "--tables", self.tables, *location)
            self._sql[dialect] = text
        return self._sql[dialect]

    def staged(self):
        """The same records in one Parquet file a table, for engines that do not say which file a row is from."""
        sql = self.sql("duckdb")
        staged = {p.name: p for p in self.tables.iterdir() if p.is_dir()}
        db = None
        for name, _, _ in sources(sql):
            folder = self.folder / "staged" / name
            if not folder.exists():
                folder.mkdir(parents=True)
                db = db or duckdb_with_sources(sql, self.logs, self.tables)
                db.execute(f"COPY (SELECT * EXCLUDE (filename), filename AS object_path FROM {name}) TO '{folder}/part-00000.parquet' (FORMAT parquet)")
            staged[name] = folder
        return staged

    def local(self):
        out = self.folder / "local.parquet"
        self.natlens("athena", self.bundle, "--month", MONTH, "--grain", self.grain, "--engine", "local", "-o", out)
        return out

    def report(self, *more):
        return json.loads(self.natlens("report", self.bundle, "--format", "json", "--top", "0", "--group-by", "day,vpc,service", *more))


def rows_of(path):
    db = duckdb.connect()
    where = f"{path}/**/*.parquet" if path.is_dir() else str(path)
    return sorted(db.execute(f"SELECT * FROM read_parquet('{where}')").fetchall())


def same_rows(expect, found):
    if expect == found:
        return None
    left, right = [r for r in expect if r not in set(found)], [r for r in found if r not in set(expect)]
    kinds = {k: (sum(r[0] == k for r in left), sum(r[0] == k for r in right)) for k in {r[0] for r in left + right}}
    return f"{len(left)} rows missing, {len(right)} too many {kinds}\n  missing {left[:3]}\n  too many {right[:3]}"


def same_report(one, other):
    def cleaned(report):
        report = {k: v for k, v in report.items() if k not in MAY_DIFFER}
        report["records"] = {k: v for k, v in report["records"].items() if k not in ("read", "duplicate")}
        report["record_bytes"] = {k: v for k, v in report["record_bytes"].items() if k != "duplicate"}
        warnings = []
        for warning in report["warnings"]:
            if "duplicate" in warning["code"]:
                continue
            # Which object and line is a name of a source.
            message = "" if warning["code"] == "malformed-record" else warning["message"]
            warnings.append({**warning, "message": message})
        report["warnings"] = warnings
        return report

    one, other = cleaned(one), cleaned(other)
    return [k for k in one.keys() | other.keys() if one.get(k) != other.get(k)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("natlens")
    parser.add_argument("--engines", default="duckdb,datafusion")
    parser.add_argument("--only")
    parser.add_argument("--records", default="6000")
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    natlens = Natlens(args.natlens)
    engines = {"duckdb": run_duckdb, "datafusion": run_datafusion}
    wanted = args.engines.split(",")
    sail = Sail() if "sail" in wanted else None
    if sail:
        engines["sail"] = sail
    root = Path(tempfile.mkdtemp(prefix="natlens-rollup-")) if args.keep is None else args.keep
    failed = 0
    try:
        for name, options, grain in ACCOUNTS:
            if args.only and args.only not in name.split(","):
                if not re.fullmatch(args.only, name):
                    continue
            folder = root / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            case = Case(natlens, folder, name, options, grain, args.records)
            expect = rows_of(case.local())
            report = case.report("--month", MONTH)
            for engine in wanted:
                start = time.monotonic()
                try:
                    out = engines[engine](case)
                except Exception as error:  # which engine, in which account
                    print(f"{name} {engine}: {type(error).__name__}: {str(error)[:3000]}")
                    failed += 1
                    continue
                took = time.monotonic() - start
                wrong = same_rows(expect, rows_of(out))
                if wrong is None:
                    differs = same_report(report, case.report("--rollup", out))
                    wrong = f"the report differs in {differs}" if differs else None
                print(f"{name} {engine}: {wrong or f'{len(expect)} rows equal, report equal, {took:.1f} s'}", flush=True)
                failed += wrong is not None
    finally:
        if sail:
            sail.close()
        if args.keep is None:
            shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
