#!/usr/bin/env python3
"""Executes the Hive DDL that `natlens export --ddl` prints, in Spark, over exported files and flow logs, and compares sums.

    check_ddl.py BINARY BUNDLE

Spark knows no partition projection, so partitions are added as the projection would find them: by the template of the statement itself.
It does not skip header lines either; those have no number in `version`. What differs between Athena and Spark beyond that is not tried
here: `"$path"` is `input_file_name()` in Spark.
"""

import json
import os
import re
import shutil
import sys
import time
from decimal import Decimal
from pathlib import Path

from pyspark.sql import SparkSession

from checking import Failure, main, natlens, same

BUCKET = "s3://natlens-check"


def session(scratch: Path) -> SparkSession:
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[2]").appName("natlens")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(scratch / "spark"),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={scratch}/metastore;create=true",
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch} -Dderby.stream.error.file={scratch}/derby.log",
        # Files of Hive tables are read by Hive's own readers, as Athena's DDL means them.
        "spark.sql.hive.convertMetastoreParquet": "true",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.enableHiveSupport().getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def staged(statement: str, comment: str, bundle: Path, scratch: Path, number: int) -> tuple[str, Path]:
    """The statement over a folder with the objects of its own flow logs only: in Spark a table reads all that lies in its folders."""
    ids = re.findall(r"fl-[0-9a-f]+", comment)
    folder = scratch / f"logs-{number}"
    for file in sorted((bundle / "flow-logs").rglob("*")):
        if file.is_file() and any(f"_{id}_" in file.name for id in ids):
            target = folder / file.relative_to(bundle / "flow-logs")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return statement.replace(f"{BUCKET}/logs", f"file://{folder}"), folder


def add_partitions(spark: SparkSession, table: str, statement: str, folder: Path) -> int:
    """Every folder that the projection's template leads to."""
    template = re.search(r"'storage.location.template'='file://([^']*)'", statement).group(1)
    names = re.findall(r"\$\{(\w+)\}", template)
    pattern = re.escape(template)
    for name in names:
        # A date may have slashes: what it can be is what its format says.
        date = re.search(rf"'projection.{name}.format'='([^']*)'", statement)
        value = re.sub("[a-zA-Z]+", lambda word: rf"\d{{{len(word[0])}}}", date[1]) if date else "[^/]+"
        pattern = pattern.replace(re.escape(f"${{{name}}}"), f"(?P<{name}>{value})", 1)
    found = []
    for place in sorted(path for path in folder.rglob("*") if path.is_dir()):
        match = re.fullmatch(pattern, str(place))
        if not match or not any(child.is_file() for child in place.iterdir()):
            continue
        values = {name: match[name] for name in names}
        for name in names:
            listed = re.search(rf"'projection.{name}.values'='([^']*)'", statement)
            if listed and values[name] not in listed.group(1).split(","):
                raise Failure(f"{table}: {name}={values[name]} is not projected")
            first = re.search(rf"'projection.{name}.range'='([^,']*),NOW'", statement)
            if first and values[name] < first.group(1):
                raise Failure(f"{table}: {name}={values[name]} is before the projected range")
        spec = ", ".join(f"`{name}`='{value}'" for name, value in values.items())
        found.append(f"PARTITION ({spec}) LOCATION 'file://{place}'")
    if found:
        spark.sql(f"ALTER TABLE {table} ADD {' '.join(found)}")
    return len(found)


def check(binary: str, bundle: Path, scratch: Path) -> None:
    target = scratch / "dataset"
    manifest = json.loads(natlens(binary, "export", str(bundle), "--to", str(target), "--format", "json"))
    report = json.loads(natlens(binary, "report", str(bundle), "--format", "json"))
    ddl = natlens(
        binary, "export", str(bundle), "--ddl", "--to", f"{BUCKET}/dataset", "--logs-at", f"{BUCKET}/logs", "--quiet"
    )
    start = time.monotonic()
    spark = session(scratch)
    print(f"Spark {spark.version} started in {time.monotonic() - start:.0f} s", file=sys.stderr)
    logs = []
    executed = 0
    for number, block in enumerate(ddl.split(";\n\n")):
        lines = block.strip().splitlines()
        comment = "\n".join(line for line in lines if line.startswith("--"))
        statement = "\n".join(line for line in lines if not line.startswith("--")).strip()
        if not statement:
            continue
        table = re.match(r"CREATE EXTERNAL TABLE IF NOT EXISTS (\S+) \(", statement)
        if not table and not re.match("CREATE (DATABASE|OR REPLACE VIEW) ", statement):
            raise Failure(f"a statement that this does not know: {statement}")
        folder = target
        if f"{BUCKET}/logs" in statement:
            statement, folder = staged(statement, comment, bundle, scratch, number)
        statement = statement.replace(f"{BUCKET}/dataset", f"file://{target}").replace('"$path"', "input_file_name()")
        spark.sql(statement)
        executed += 1
        if table:
            partitions = add_partitions(spark, table[1], statement, folder)
            if not partitions:
                raise Failure(f"{table[1]}: its template leads to no folder")
            if table[1].startswith("natlens.flow_logs"):
                logs.append(table[1])
    compare(spark, manifest, report, logs)
    print(f"{executed} statements, all sums as in the JSON report, {time.monotonic() - start:.0f} s", file=sys.stderr)
    spark.stop()


def compare(spark: SparkSession, manifest: dict, report: dict, logs: list[str]) -> None:
    def one(query: str) -> list:
        return list(spark.sql(query).collect()[0])

    for table in manifest["tables"]:
        name = table["table"]
        same(f"{name}: rows", one(f"SELECT count(*) FROM natlens.{name}"), [table["rows"]])
        sums = ", ".join(f"sum({column})" for column in table["sums"])
        found = one(f"SELECT {sums} FROM natlens.{name}") if sums else []
        for (column, expect), value in zip(table["sums"].items(), found):
            same(f"{name}.{column}", Decimal(value or 0), Decimal(expect))
    summary = report["summary"]
    money = lambda value: None if value is None else Decimal(value)
    same("views: cost", one("SELECT sum(usd) FROM natlens.cost_by_service_and_month"), [money(summary["attributed_usd"])])
    same("views: unobserved", one("SELECT sum(unobserved_usd) FROM natlens.unobserved_share"), [money(summary["unobserved_usd"])])
    clients = [row for row in report["clients"] if row["client"] != "(other)"]
    ranked = spark.sql("SELECT client FROM natlens.top_clients WHERE client_rank <= 3 ORDER BY client_rank").collect()
    same("views: clients", [row[0] for row in ranked], [row["client"] for row in clients[:3]])
    acted = [row for row in report["decisions"] if row["action"] != "keep-nat"]
    pays = one("SELECT count(*), sum(net_usd), sum(bytes) FROM natlens.what_would_pay")
    net = sum(Decimal(row["net_usd"]) for row in acted if row["net_usd"] is not None)
    same("views: decisions", pays, [len(acted), net, sum(row["bytes"] for row in acted)])

    records, bytes_ = 0, 0
    for table in logs:
        count, sum_ = one(f"SELECT count(*), sum(bytes) FROM {table} WHERE version IS NOT NULL")
        if not count:
            raise Failure(f"{table}: no record")
        records, bytes_ = records + count, bytes_ + sum_
        start, end, bad = one(
            f"SELECT min(start), max(`end`), count_if(srcaddr NOT RLIKE '^([0-9a-f:.]+|-)$') FROM {table} WHERE version IS NOT NULL"
        )
        if not 1_500_000_000 < start <= end or bad:
            raise Failure(f"{table}: its columns are not where the DDL says: {start} {end} {bad}")
    if logs:
        same("flow logs: records", records, report["records"]["read"])
        same("flow logs: bytes", bytes_, sum(report["record_bytes"].values()))
    only = [row.tableName for row in spark.sql("SHOW TABLES IN natlens").collect() if row.tableName.endswith("_only")]
    for view in only:
        whole = view.removesuffix("_only")
        same(view, one(f"SELECT count(*) FROM natlens.{view}"), one(f"SELECT count(*) FROM natlens.{whole}"))


if __name__ == "__main__":
    main(__doc__, check)
