#!/usr/bin/env python3
"""Runs the roll-up's SQL text on engines that others wrote and compares with natlens itself.

Usage: check_rollup.py NATLENS [--engines duckdb,datafusion,sail,trino] [--only NAME | --bundle DIR] [--trino DIR] [--dataset BUNDLE] [--keep DIR]

Accounts are simulated in every vantage and several formats, with some records that AWS seldom writes. For each of them every engine must give the rows that
`natlens athena --engine local` writes, and the report made from them must be the report made from the flow logs.
Trino reads the objects as AWS would have them: gzipped text and Parquet in day partitions, paths by "$path". It must join
nothing by a cross join, read only the partitions of the time and as many bytes as natlens said before, give or take 10 %, and give the
same again after a worker was killed. It also opens what `natlens export` writes (`--dataset`).
Needs requirements-engines.txt; for Trino also DIR, which `trino.sh fetch` fills.
"""

import argparse
import gzip
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet as pq

import strange_records
from trino_nodes import Nodes, check_dataset

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
    ("folders", ["--vantage", "vpc", "--seed", "15"], "day"),
    ("replaced", ["--vantage", "vpc", "--seed", "16"], "day"),
    ("since", ["--vantage", "instance", "--seed", "20"], "day"),
    ("sparse", ["--vantage", "vpc", "--seed", "17"], "day"),
    ("row-groups", ["--vantage", "nat", "--log-file-format", "parquet", "--seed", "14"], "day"),
    ("accounts", ["--vantage", "nat", "--seed", "16"], "day"),
    ("months", ["--vantage", "nat", "--seed", "18"], "day"),
    ("months-hive", ["--vantage", "nat", "--log-file-format", "parquet", "--seed", "19", "--layout", "hive-hourly"], "day"),
]
# What else lies in the same bucket: options of another `simulate`, of whose flow logs the accounts are changed.
BESIDE = {
    "accounts": (["--vantage", "v2", "--seed", "17"], "999999999999"),
    "months": (["--vantage", "nat", "--seed", "18", "--month", "2026-09"], None),
    "months-hive": (["--vantage", "nat", "--log-file-format", "parquet", "--seed", "19", "--layout", "hive-hourly", "--month", "2026-11"], None),
}

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


def enlarge(file):
    """The same records many times, plain and in row groups of two sizes: in one of them columns are more than a megabyte apart."""
    rows = pq.read_table(file)
    rows = pyarrow.concat_tables([rows] * (130_000 // len(rows))).combine_chunks()
    cut = len(rows) * 9 // 10
    with pq.ParquetWriter(file, rows.schema, compression="none", use_dictionary=False) as out:
        out.write_table(rows[:cut], row_group_size=cut)
        out.write_table(rows[cut:], row_group_size=len(rows))


def spread(logs):
    """The same objects in every kind of folders that AWS names, and above them: each table that sees them all takes its own."""
    for at, file in enumerate(sorted(f for f in (logs / "AWSLogs").rglob("*") if f.is_file())):
        above, account, service, region, year, month, day, name = file.relative_to(logs).parts
        hive = [f"aws-account-id={account}", f"aws-service={service}", f"aws-region={region}", f"year={year}", f"month={month}", f"day={day}"]
        plain = [account, service, region, year, month, day]
        to = [plain, hive, plain + ["05"], hive + ["hour=05"], []][at % 5]
        to = logs.joinpath(above, *to, name)
        to.parent.mkdir(parents=True, exist_ok=True)
        file.rename(to)


def change(inventory, name, key, of):
    """Puts elements of an answer in the place of what is there."""
    file = inventory / f"{name}.json"
    answer = json.loads(file.read_text())
    answer[key] = of(answer[key])
    file.write_text(json.dumps(answer))


def replace_gateways(inventory):
    """Every gateway was gone on the 12th, and another came to which routes lead since."""

    def with_new(gateways):
        for gateway in gateways:
            gateway["State"] = "deleted"
            later = json.loads(json.dumps(gateway).replace('"10.', '"11.').replace('"eni-', '"eni-9')) | {
                "NatGatewayId": gateway["NatGatewayId"][:-1] + "x", "State": "available", "CreateTime": f"{MONTH}-12T07:10:00+00:00"}
            yield from (gateway, later)

    def with_routes(tables):
        for table in tables:
            for route in table["Routes"]:
                if "NatGatewayId" in route:
                    route["NatGatewayId"] = route["NatGatewayId"][:-1] + "x"
            yield table

    change(inventory, "describe-nat-gateways", "NatGateways", lambda of: list(with_new(of)))
    change(inventory, "describe-route-tables", "RouteTables", lambda of: list(with_routes(of)))


def make_endpoints(inventory):
    """A gateway endpoint for S3 was made on the 11th in every VPC, and all route tables lead to it since."""
    lists = json.loads((inventory / "describe-prefix-lists.json").read_text())["PrefixLists"]
    s3 = next(of for of in lists if of["PrefixListName"].endswith(".s3"))
    vpcs = [vpc["VpcId"] for vpc in json.loads((inventory / "describe-vpcs.json").read_text())["Vpcs"]]
    ids = {vpc: f"vpce-{number:017x}" for number, vpc in enumerate(vpcs, 1)}

    def with_endpoints(endpoints):
        yield from (endpoint for endpoint in endpoints if endpoint["ServiceName"] != s3["PrefixListName"])
        for vpc, id in ids.items():
            yield {"VpcEndpointId": id, "VpcEndpointType": "Gateway", "VpcId": vpc, "ServiceName": s3["PrefixListName"],
                   "State": "available", "CreationTimestamp": f"{MONTH}-11T09:20:00+00:00"}

    def with_routes(tables):
        for table in tables:
            own = [route for route in table["Routes"] if route.get("DestinationPrefixListId") != s3["PrefixListId"]]
            to_s3 = {"DestinationPrefixListId": s3["PrefixListId"], "GatewayId": ids[table["VpcId"]], "State": "active"}
            yield table | {"Routes": [*own, to_s3]}

    change(inventory, "describe-vpc-endpoints", "VpcEndpoints", lambda of: list(with_endpoints(of)))
    change(inventory, "describe-route-tables", "RouteTables", lambda of: list(with_routes(of)))


def forget(inventory):
    """Nobody described subnets or gateways: routes name them, and records show gateways."""
    (inventory / "describe-subnets.json").unlink()
    change(inventory, "describe-nat-gateways", "NatGateways", lambda of: [])
    is_gateway = lambda interface: interface["InterfaceType"] == "nat_gateway"
    change(inventory, "describe-network-interfaces", "NetworkInterfaces", lambda of: [i for i in of if not is_gateway(i)])


def put_beside(bundle, other, account):
    """Another bundle's flow logs in the same bucket, as another account's if one is given."""
    for file in (f for f in sorted((other / "flow-logs").rglob("*")) if f.is_file()):
        own = file.relative_to(other / "flow-logs").as_posix()
        if account:
            own = own.replace(own.split("/")[1], account)
        stem, hash_and_kind = own.rsplit("_", 1)
        to = bundle / "flow-logs" / f"{stem}_b{hash_and_kind[1:]}"
        to.parent.mkdir(parents=True, exist_ok=True)
        file.rename(to)


def sources(sql):
    """Tables of the text: name, format, flow logs, and the folder where it says one, from its first lines."""
    return re.findall(r"^-- (\S+) \((.+?)\): (.*)$(?:\n--   in (\S+)/$)?", sql, re.M)


def objects_of(logs, flow_logs, folder):
    files = [f for f in sorted((logs / folder).rglob("*")) if f.is_file()]
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
    for name, form, flow_logs, folder in sources(sql):
        files = objects_of(logs, flow_logs, folder)
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


NUMBERS = {"start": "bigint", "end": "bigint", "bytes": "bigint", "packets": "bigint"} | dict.fromkeys(
    ("version", "srcport", "dstport", "protocol", "tcp_flags", "traffic_path"), "integer"
)


class Trino(Nodes):
    """Reads the objects themselves: what Athena runs, but for its API."""

    checked = False

    def load(self, case):
        """Tables over the objects themselves; what is called the same in every case is made anew."""
        sql = case.sql("duckdb")
        base = self.store / case.name
        shutil.copytree(case.logs, base / "logs")
        for table, form, flow_logs, folder in sources(sql):
            files = objects_of(case.logs, flow_logs, folder)
            if form == "Parquet":
                described = duckdb.execute(f"DESCRIBE SELECT * FROM read_parquet('{files[0]}', hive_partitioning = false)").fetchall()
                columns, skip = [(name, kind.lower()) for name, kind, *_ in described], None
            else:
                columns = [(c, NUMBERS.get(c, "varchar")) for c in columns_of(files[0], form)]
                skip = 0 if form == "text without header" else 1
            declared = [f'"{name}" {kind}' for name, kind in columns]
            options = ["format = 'PARQUET'"] if skip is None else ["format = 'TEXTFILE'", "textfile_field_separator = ' '"]
            options += [f"skip_header_line_count = {skip}"] if skip else []
            options.append(f"external_location = 'local:///{case.name}/logs/{folder}'")
            if case.by_day:
                accounts = sorted({f.relative_to(case.logs).parts[1] for f in files if f.relative_to(case.logs).parts[0] == "AWSLogs"})
                named = ", ".join(f"'{account}'" for account in accounts)
                declared.append(f"acct varchar WITH (partition_projection_type = 'enum', partition_projection_values = ARRAY[{named}])")
                declared.append(
                    "day varchar WITH (partition_projection_type = 'date', partition_projection_format = 'yyyy/MM/dd', "
                    "partition_projection_range = ARRAY['2026/01/01', '2026/12/31'], partition_projection_interval = 1, partition_projection_interval_unit = 'DAYS')"
                )
                template = f"local:///{case.name}/logs/AWSLogs/${{acct}}/vpcflowlogs/us-east-1/${{day}}"
                options += [
                    "partitioned_by = ARRAY['acct', 'day']",
                    "partition_projection_enabled = true",
                    f"partition_projection_location_template = '{template}'",
                ]
            self.execute(f"DROP TABLE IF EXISTS {table}")
            self.execute(f"CREATE TABLE {table} ({', '.join(declared)}) WITH ({', '.join(options)})")
        for table in (p for p in case.tables.iterdir() if p.is_dir()):
            to = self.store / case.name / "reference" / table.name
            shutil.copytree(table, to)
            columns = duckdb.execute(f"DESCRIBE SELECT * FROM read_parquet('{to}/*.parquet')").fetchall()
            declared = ", ".join(f"{name} {kind}" for name, kind, *_ in columns)
            location = f"local:///{case.name}/reference/{table.name}"
            self.execute(f"DROP TABLE IF EXISTS {table.name}")
            self.execute(f"CREATE TABLE {table.name} ({declared}) WITH (format = 'PARQUET', external_location = '{location}')")

    def __call__(self, case):
        self.load(case)
        location = ("--location", f"local:///{case.name}/logs/")
        days = ("--partitions", "day BETWEEN '2026/09/30' AND '2026/11/01'") if case.by_day else ()
        sql = case.emit("trino", *location, *days)
        if case.by_day and not self.checked:
            self.check_plan(sql, case)
            self.check_partitions(case, sql, location)
            self.checked = True
        result = f"result_{case.name.replace('-', '_')}"
        read = self.execute(f"CREATE TABLE {result} WITH (format = 'PARQUET') AS {sql}")[1]["physicalInputBytes"]
        said = int(re.search(r"^-- reads about (\d+) bytes$", sql, re.M).group(1))
        print(f"{case.name} trino: {said} bytes estimated, {read} read", flush=True)
        if abs(said - read) * 10 > read:
            raise AssertionError(f"natlens said {said} bytes, Trino read {read}")
        return self.store / "metadata" / "natlens" / result

    def check_plan(self, sql, case):
        plan = "\n".join(row[0] for row in self.execute(f"EXPLAIN (TYPE DISTRIBUTED) {sql}")[0])
        if "CrossJoin" in plan:
            raise AssertionError(f"a cross join: {plan}")
        scans = len(re.findall(r"(?:TableScan|ScanFilter\w*)\[table = hive:natlens:flow_logs", plan))
        if scans != len(sources(case.sql("duckdb"))):
            raise AssertionError(f"the flow logs are read {scans} times: {plan}")

    def check_partitions(self, case, sql, location):
        whole = self.execute(sql)[1]["physicalInputBytes"]
        days = ("--partitions", "day BETWEEN '2026/10/09' AND '2026/10/12'")
        base = ("athena", case.bundle, "--from", "2026-10-10", "--to", "2026-10-12", "--grain", case.grain, "--emit-sql")
        part = self.execute(case.natlens(*base, "--dialect", "trino", *location, *days).decode())[1]["physicalInputBytes"]
        if not 0 < part < whole:
            raise AssertionError(f"of a month {whole} bytes were read, of two days {part}")
        print(f"{case.name} trino: no cross join, flow logs read once, {part} bytes read of two days, {whole} of all")

    def survive(self, case):
        """Kills the worker in mid-query, and runs the query again."""
        sql = case.emit("trino", "--location", f"local:///{case.name}/logs/")
        outcome = {}

        def query():
            try:
                outcome["rows"] = len(self.execute(sql)[0])
            except Exception as error:
                outcome["error"] = type(error).__name__

        thread = threading.Thread(target=query)
        thread.start()
        end = time.monotonic() + 30
        running = "SELECT count(*) FROM system.runtime.tasks WHERE state = 'RUNNING' AND node_id = 'worker'"
        while time.monotonic() < end and self.execute(running)[0][0][0] == 0:
            pass
        self.nodes["worker"].kill()
        self.nodes.pop("worker").wait()
        thread.join()
        for attempt in range(30):
            try:
                self.execute("DROP TABLE IF EXISTS survived")
                self.execute(f"CREATE TABLE survived WITH (format = 'PARQUET') AS {sql}")
                break
            except Exception:  # the coordinator still counts on the dead node
                if attempt == 29:
                    raise
                time.sleep(1)
        print(f"{case.name} trino: a worker was killed ({outcome}), and the query run again")
        return self.store / "metadata" / "natlens" / "survived"


class Case:
    def __init__(self, natlens, folder, name, options, grain, records, odd_numbers):
        self.natlens, self.folder, self.name, self.grain = natlens, folder, name, grain
        self.bundle, self.tables = folder / "bundle", folder / "tables"
        self.logs = self.bundle / "flow-logs"
        self.by_day = "--layout" not in options and name != "folders"
        natlens("simulate", "--to", self.bundle, "--records", records, "--clients", 60, "--objects", 9, *options)
        for account, alter in (("replaced", replace_gateways), ("since", make_endpoints), ("sparse", forget)):
            if name == account:
                alter(self.bundle / "inventory")


        if name in BESIDE:
            more, account = BESIDE[name]
            natlens("simulate", "--to", folder / "beside", "--records", records, "--clients", 60, "--objects", 9, *more)
            put_beside(self.bundle, folder / "beside", account)
        if grain == "day":
            # Names by Resolver logs need hours.
            shutil.rmtree(self.bundle / "dns", ignore_errors=True)
        objects = [f for f in sorted(self.logs.rglob("*")) if f.is_file()]
        if name == "row-groups":
            # One much larger than all others.
            enlarge(max(objects, key=lambda file: file.stat().st_size))
        # Of Parquet Trino's estimate is tested, of files as they are.
        if objects[0].suffix != ".parquet" or odd_numbers and name != "row-groups":
            half, form = len(objects) // 2, "text without header" if "default-gz" in options else "text"
            if not any(strange_records.add(f, lambda f: columns_of(f, form), odd_numbers) for f in objects[half:] + objects[:half]):
                raise SystemExit(f"{name}: no object has accepted records")
        # An object that was delivered twice, beside itself and elsewhere.
        first = next(f for f in objects if re.search("/10/1|day=1|month=10", str(f)))
        stem, hash_and_kind = first.name.rsplit("_", 1)
        shutil.copy(first, first.with_name(f"{stem}_c0b1{hash_and_kind[4:]}"))
        if not self.by_day:
            copy = self.logs / "copy" / first.relative_to(self.logs)
            copy.parent.mkdir(parents=True)
            shutil.copy(first, copy)
        if name == "folders":
            spread(self.logs)
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
        for name, *_ in sources(sql):
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


class Given(Case):
    """A bundle as it is."""

    def __init__(self, natlens, folder, bundle):
        self.natlens, self.folder, self.name, self.grain, self.bundle = natlens, folder, "bundle", "day", bundle
        self.tables, self.logs, self.by_day = folder / "tables", bundle / "flow-logs", True
        self._sql = {}


def peaks(trino):
    """The most memory that this process, or each node of Trino, had so far."""
    if trino is None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    status = [Path(f"/proc/{process.pid}/status").read_text() for process in trino.nodes.values()]
    return " and ".join(str(int(re.search(r"VmHWM:\s*(\d+)", text).group(1)) >> 10) for text in status)


def listed(path):
    """The files of a result, as DuckDB reads them."""
    # Names that begin with a dot are the engine's own.
    files = [path] if path.is_file() else [
        f for f in path.rglob("*") if f.is_file() and not any(part.startswith((".", "_")) for part in f.relative_to(path).parts)
    ]
    return "read_parquet([%s])" % ", ".join(f"'{f}'" for f in files)


def same_rows(expect, found):
    """How many rows there are, and what differs."""
    db = duckdb.connect()
    expect, found = (f"SELECT * FROM {listed(path)}" for path in (expect, found))
    count = db.execute(f"SELECT count(*) FROM ({expect})").fetchone()[0]
    left, right = (db.execute(f"{one} EXCEPT ALL {other}").fetchall() for one, other in ((expect, found), (found, expect)))
    if not left and not right:
        return count, None
    kinds = {k: (sum(r[0] == k for r in left), sum(r[0] == k for r in right)) for k in {r[0] for r in left + right}}
    return count, f"{len(left)} rows missing, {len(right)} too many {kinds}\n  missing {left[:3]}\n  too many {right[:3]}"


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
    parser.add_argument("--bundle", type=Path, help="a bundle of 2026-10 in place of simulated accounts; peaks of memory are shown, so give one engine")
    parser.add_argument("--records", default="6000")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--trino", type=Path, help="where trino.sh put its jars")
    parser.add_argument("--dataset", type=Path, help="a bundle of 2026-10, whose exported dataset Trino reads, too")
    args = parser.parse_args()
    natlens = Natlens(args.natlens)
    engines = {"duckdb": run_duckdb, "datafusion": run_datafusion}
    wanted = args.engines.split(",")
    sail = Sail() if "sail" in wanted else None
    if sail:
        engines["sail"] = sail
    root = Path(tempfile.mkdtemp(prefix="natlens-rollup-")) if args.keep is None else args.keep
    trino = None
    if "trino" in wanted:
        shutil.rmtree(root / "trino", ignore_errors=True)
        start = time.monotonic()
        trino = engines["trino"] = Trino(args.trino.resolve(), root.resolve() / "trino")
        print(f"two nodes of Trino are up after {time.monotonic() - start:.0f} s", flush=True)
    failed = 0
    try:
        for name, options, grain in [("bundle", [], "day")] if args.bundle else ACCOUNTS:
            if args.only and not re.fullmatch(args.only, name):
                continue
            folder = root / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            if args.bundle:
                case = Given(natlens, folder, args.bundle.resolve())
            else:
                # Trino reads numbers itself: what its reader of text takes for one is not the text's to say.
                case = Case(natlens, folder, name, options, grain, args.records, odd_numbers="trino" not in wanted)
            expect = case.local()
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
                if args.bundle:
                    print(f"{engine}: peak {peaks(trino)} MiB", flush=True)
                rows, wrong = same_rows(expect, out)
                if wrong is None:
                    differs = same_report(report, case.report("--rollup", out))
                    wrong = f"the report differs in {differs}" if differs else None
                print(f"{name} {engine}: {wrong or f'{rows} rows equal, report equal, {took:.1f} s'}", flush=True)
                failed += wrong is not None
        if trino and args.dataset:
            other = root / "other-month"
            natlens("simulate", "--to", other, "--vantage", "hub", "--month", "2026-09", "--records", 3000, "--clients", 60, "--rules")
            check_dataset(trino, natlens, {"2026-09": other, MONTH: args.dataset})
        if trino and not args.bundle:
            _, wrong = same_rows(expect, trino.survive(case))
            print(f"{case.name} trino, again: {wrong or 'equal'}", flush=True)
            failed += wrong is not None
    finally:
        if trino:
            trino.close()
        if sail:
            sail.close()
        if args.keep is None:
            shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
