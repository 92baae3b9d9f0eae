"""`natlens athena --engine athena` against an Athena whose statements run (tools/fake_athena.py), with S3 by moto.

    python3 tools/check_athena.py NATLENS

The report made from what Athena wrote must be the report made from the flow logs; what is asked twice runs once; throttling and what
may be tried again are tried again; what reads too much never starts; what read less or more than is listed is told, whatever lies in other months; each flow log of a
folder with several layouts is counted once; an interruption stops the statement; credentials that are refused give exit code 4; nothing is written but below the address that was named. Needs duckdb, boto3 and moto.
"""

import gzip
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
import duckdb
from moto.server import ThreadedMotoServer

from fake_athena import FakeAthena, Fault

MONTH = "2026-10"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDCHECKATHENA", "AWS_SECRET_ACCESS_KEY": "SECRETCHECKATHENA"}
WORK = "s3://work/natlens/"
MORE = "/more.log.gz"


class Check:
    def __init__(self, binary, scratch):
        self.binary, self.scratch = binary, scratch
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.moto.start()
        host, port = self.moto.get_host_and_port()
        url = f"http://{host}:{port}"
        self.s3 = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        for bucket in ("data", "work", "lists"):
            self.s3.create_bucket(Bucket=bucket)
        self.bundle = scratch / "bundle"
        self.natlens("simulate", "--vantage", "nat", "--month", MONTH, "--to", self.bundle)
        self.put(self.bundle)
        self.before = self.keys("data")
        self.old = set()
        self.athena = FakeAthena(self.s3, duckdb.connect())
        self.declare("flow_logs", self.bundle, self.logs(self.bundle)[0])
        self.athena.scanned = self.listed()
        self.environment = KEYS | {
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ENDPOINT_URL_ATHENA": self.athena.url,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def put(self, folder):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            key = f"{folder.name}/{file.relative_to(folder).as_posix()}"
            self.s3.put_object(Bucket="data", Key=key, Body=file.read_bytes())

    def keys(self, bucket):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {found["Key"]: found["ETag"] for page in pages for found in page.get("Contents", [])}

    def listed(self, folder="bundle"):
        """Bytes of the flow logs of a bundle."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="data", Prefix=f"{folder}/flow-logs/")
        return sum(found["Size"] for page in pages for found in page.get("Contents", []))

    @staticmethod
    def logs(bundle):
        return sorted((bundle / "flow-logs").rglob("*.log.gz"))

    def declare(self, table, bundle, like):
        """Flow logs as the table that `natlens export --ddl` declares: all objects of the folder, with the columns of one of them by
        their place, and the object's address."""
        with gzip.open(like, "rt") as text:
            names = text.readline().strip().replace("-", "_").split(" ")
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
        listed = ", ".join(f"'{file}'" for file in self.logs(bundle))
        address = f"s3://data/{bundle.name}/flow-logs/"
        # Fields beyond the columns are left out, as Hive's reader does.
        self.athena.db.execute(
            f"""CREATE VIEW {table} AS SELECT {", ".join(f'"{name}"' for name in names)}, replace(filename, '{bundle}/flow-logs/', '{address}') AS "$path"
            FROM read_csv([{listed}], delim = ' ', columns = {{{columns}}}, header = false, skip = 1, auto_detect = false, quote = '',
            escape = '', null_padding = true, strict_mode = false, ignore_errors = true, filename = true, hive_partitioning = false)"""
        )

    def start(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("NATLENS_", "AWS_"))}
        environment |= getattr(self, "environment", {}) | {"NATLENS_NO_CACHE": "true"}
        command = [self.binary, *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def natlens(self, *arguments, exit=0):
        process = self.start(*arguments)
        out, err = process.communicate()
        for secret in KEYS.values():
            assert secret not in out + err, "a secret is shown"
        assert process.returncode == exit, f"{' '.join(map(str, arguments))}: {process.returncode}, not {exit}:\n{err}"
        return out, err

    def ask(self, *more, exit=0, bundle="bundle"):
        return self.natlens(
            "athena", f"s3://data/{bundle}", "--month", MONTH, "--engine", "athena", "--work", WORK, "--database", "logs", *more, exit=exit
        )

    def report(self, *arguments):
        report = json.loads(self.natlens("report", *arguments, "--format", "json")[0])
        del report["inputs"]
        for warning in report["warnings"]:
            if warning["code"] == "malformed-record":
                # Where: the name of a source.
                del warning["message"]
        return report

    def statements(self):
        return [request["QueryString"] for name, request in self.athena.calls if name == "StartQueryExecution"]

    def close(self):
        self.athena.close()
        self.moto.stop()


def roll_up_is_the_report(check):
    check.athena.faults = {"StartQueryExecution": [Fault("TooManyRequestsException")] * 2, "GetQueryExecution": [Fault("ThrottlingException", 500)]}
    check.athena.fates = ["AGAIN"]
    out, err = check.ask()
    assert out.strip().startswith(WORK + "runs/"), out
    assert "read 0.01 GB, 0.0001 USD" in err and "warning" not in err, f"what was read is not said: {err}"
    same_report(check, check.bundle, out)
    # Asked again, nothing is read.
    before = len(check.statements())
    assert check.ask()[0] == out
    assert len(check.statements()) == before, "the same question was asked twice"
    # With one object more it is another question.
    first = next(key for key in sorted(check.before) if key.startswith("bundle/flow-logs/"))
    check.s3.copy_object(Bucket="data", Key=first.rsplit("/", 1)[0] + MORE, CopySource={"Bucket": "data", "Key": first})
    check.athena.scanned = check.listed()


def same_report(check, bundle, out):
    found = check.report(f"s3://data/{bundle.name}", "--rollup", out.strip())
    for part, value in check.report(bundle, "--month", MONTH).items():
        assert found[part] == value, f"`{part}` differs: {found[part]} by Athena, {value} from the flow logs"


def what_was_read_is_held_against_the_listing(check):
    listed = check.listed()
    # Another question than any before.
    ask = lambda *more, exit=0: check.ask("--grain", "day", *more, exit=exit)
    check.athena.scanned = listed // 3
    out, err = ask(exit=1)
    assert not out and f"Athena read {listed // 3} of about " in err and "hint:" in err, err
    # That is no answer to keep, and one that is kept is not the last word.
    check.athena.scanned = listed * 9 // 10
    out, err = ask(exit=3)
    assert f"warning: Athena read {listed * 9 // 10} of about " in err, err
    before = len(check.statements())
    assert ask(exit=3)[0] == out and len(check.statements()) == before
    check.athena.scanned = listed + (1 << 30)
    again, err = ask("--refresh")
    assert again != out and "see other objects, too" in err, err
    assert ask()[0] == again
    check.athena.scanned = listed


def other_months_are_not_missed(check):
    """Tables begin with the month: of years before it nothing is read, and nothing is asked again when they grow."""
    key = next(key for key in sorted(check.before) if key.startswith("bundle/flow-logs/") and "/2026/10/" in key)
    listed = check.listed()

    def add(month):
        old = key.replace("/2026/10/", f"/{month}/")
        check.s3.put_object(Bucket="data", Key=old, Body=bytes(3 * listed))
        check.old.add(old)

    add("2025/03")
    assert check.listed() > 3 * listed
    check.athena.scanned = listed
    out, err = check.ask("--grain", "day", "--refresh")
    assert "warning" not in err, err
    before = len(check.statements())
    add("2024/03")
    again, err = check.ask("--grain", "day")
    assert again == out and "warning" not in err and len(check.statements()) == before, "asked again because of another month"
    # What the month lacks is missed all the same.
    check.athena.scanned = listed // 3
    out, err = check.ask("--grain", "day", "--refresh", exit=1)
    assert not out and f"Athena read {listed // 3} of about {listed} " in err, err
    for old in check.old:
        check.s3.delete_object(Bucket="data", Key=old)
    check.athena.scanned = listed


def a_workgroup_may_insist_on_its_own_place(check):
    """Its lists are read there; the result is where it was asked for, and the policy allows both."""
    own = "s3://lists/athena/"
    check.athena.workgroup = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": {"OutputLocation": own}}
    out, err = check.ask("--refresh")
    assert out.startswith(WORK) and f"lists of files to {own}" in err, err
    assert any(key.endswith("-manifest.csv") for key in check.keys("lists"))
    check.athena.workgroup = {}
    policy = check.natlens("doctor", "s3://data/bundle", "--policy", "--athena", "--target", WORK, "--athena-output", own)[0]
    for statement in json.loads(policy)["Statement"]:
        if statement["Sid"] in ("Read", "WriteByAthena"):
            assert "arn:aws:s3:::lists/athena/*" in statement["Resource"], statement


def each_flow_log_is_counted_once(check):
    """Three layouts in one folder, two of them of the same fields, and half of a flow log in another folder: every table sees all
    objects."""
    bundle = check.scratch / "layouts"
    check.natlens("simulate", "--vantage", "two-logs", "--month", MONTH, "--seed", "7", "--to", bundle)
    turned, moved = next(flow_logs for flow_logs in tables_of(check, bundle).values() if len(flow_logs) > 1)[:2]
    for file in [file for file in check.logs(bundle) if f"_{moved}_" in file.name][::2]:
        other = bundle / "flow-logs" / "other" / file.relative_to(bundle / "flow-logs")
        other.parent.mkdir(parents=True, exist_ok=True)
        file.rename(other)
    for file in (file for file in check.logs(bundle) if f"_{turned}_" in file.name):
        with gzip.open(file, "rt") as text:
            lines = [" ".join(reversed(line.split())) for line in text]
        file.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    check.put(bundle)
    tables = tables_of(check, bundle)
    assert len(tables) == 4 and [turned] in tables.values() and [moved] in tables.values(), tables
    for table, flow_logs in tables.items():
        like = next(file for file in check.logs(bundle) if f"_{flow_logs[0]}_" in file.name)
        check.declare(table.replace("flow_logs", "layouts"), bundle, like)
    was, check.athena.scanned = check.athena.scanned, len(tables) * check.listed("layouts")
    out, err = check.ask("--flow-table", "layouts", bundle="layouts")
    assert "warning" not in err, err
    same_report(check, bundle, out)
    check.athena.scanned = was


def tables_of(check, bundle):
    """Which flow logs belong in which table, as the text says."""
    sql = check.natlens("athena", bundle, "--month", MONTH, "--emit-sql")[0]
    heads = [line.split(" ") for line in sql.splitlines() if line.startswith("-- flow_logs")]
    return {head[1]: head[3:] for head in heads}


def too_much_never_starts(check):
    before = len(check.statements())
    _, err = check.ask("--max-scan-gb", "0.000001", exit=6)
    assert "hint:" in err, err
    check.athena.workgroup = {"BytesScannedCutoffPerQuery": 10}
    check.ask(exit=6)
    check.athena.workgroup = {"EngineVersion": {"EffectiveEngineVersion": "Athena engine version 2"}}
    check.ask(exit=1)
    check.athena.workgroup = {}
    assert len(check.statements()) == before


def failures_are_told(check):
    check.athena.fates = ["FAILED"]
    assert "TABLE_NOT_FOUND" in check.ask(exit=1)[1]
    check.athena.fates = ["CUTOFF"]
    assert "Bytes scanned limit" in check.ask(exit=1)[1]
    check.athena.fates = ["AGAIN"] * 3
    check.ask(exit=5)
    check.athena.fates = []
    check.athena.faults = {"GetWorkGroup": [Fault("ExpiredTokenException")] * 20}
    assert "sign in again" in check.ask(exit=4)[1]
    check.athena.faults = {"StartQueryExecution": [Fault("AccessDeniedException")] * 20}
    check.ask(exit=4)
    check.athena.faults = {}


def interruption_stops_the_statement(check):
    check.athena.polls = 10_000
    before = len(check.statements())
    process = check.start(
        "athena", "s3://data/bundle", "--month", MONTH, "--engine", "athena", "--work", WORK, "--database", "logs"
    )
    while len(check.statements()) == before:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130, process.returncode
    assert check.athena.calls[-1][0] == "StopQueryExecution" or any(name == "StopQueryExecution" for name, _ in check.athena.calls[-3:])
    running = [one for one in check.athena.executions.values() if one["state"] in ("QUEUED", "RUNNING")]
    assert not running, f"{len(running)} statements run on"
    check.athena.polls = 1


def main():
    with tempfile.TemporaryDirectory() as scratch:
        check = Check(sys.argv[1], Path(scratch))
        try:
            roll_up_is_the_report(check)
            what_was_read_is_held_against_the_listing(check)
            other_months_are_not_missed(check)
            too_much_never_starts(check)
            failures_are_told(check)
            interruption_stops_the_statement(check)
            check.ask()
            each_flow_log_is_counted_once(check)
            a_workgroup_may_insist_on_its_own_place(check)
            written = {key for key in check.keys("work")}
            assert all(key.startswith("natlens/") for key in written), written
            after = check.keys("data")
            after = {key: tag for key, tag in after.items() if not key.endswith(MORE) and not key.startswith("layouts/")}
            assert after == check.before, "something was written into the bucket of the flow logs"
            names = {name for name, _ in check.athena.calls}
            policy = json.loads(check.natlens("doctor", "s3://data/bundle", "--policy", "--athena", "--target", WORK)[0])
            allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
            assert {f"athena:{name}" for name in names} <= allowed, f"{names} are not all in the policy"
            print(f"Athena's roll-up gives the report; {len(check.statements())} statements, calls: {', '.join(sorted(names))}")
        finally:
            check.close()


main()
