"""An Athena of our own: its API on loopback, its statements run by DuckDB on files in an S3 server.

It knows what natlens sends: CREATE EXTERNAL TABLE over Parquet files, and UNLOAD of a SELECT as Parquet with a list of the files.
Tables of flow logs are views that the test makes. `faults` says what goes wrong, request by request.
"""

import json
import re
import tempfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

import duckdb

CREATE = re.compile(r"CREATE EXTERNAL TABLE IF NOT EXISTS `(\w+)` \((.*)\) STORED AS PARQUET LOCATION '(s3://[^']+/)'", re.S)
UNLOAD = re.compile(r"UNLOAD \((.*)\) TO '(s3://[^']+/)' WITH \(format = 'PARQUET', compression = 'ZSTD'\)", re.S)


class Fault(Exception):
    """An error of the API: a code and an HTTP status."""

    def __init__(self, code, status=400, message="said the fake"):
        super().__init__(message)
        self.code, self.status = code, status


class FakeAthena:
    """`s3` is a boto3 client, `db` a DuckDB connection that has the views of flow logs."""

    def __init__(self, s3, db):
        self.s3, self.db = s3, db
        # Bytes that every statement says to have read.
        self.scanned = 0
        self.lock = threading.Lock()
        self.calls, self.executions, self.tokens = [], {}, {}
        # Errors of the next requests by name; what becomes of the next statements; polls until a statement is done.
        self.faults, self.fates, self.polls, self.workgroup = {}, [], 1, {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                name = self.headers["x-amz-target"].split(".")[1]
                try:
                    status, answer = 200, fake.answer(name, json.loads(body or b"{}"))
                except Fault as fault:
                    status, answer = fault.status, {"__type": fault.code, "Message": str(fault)}
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.1")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, name, request):
        with self.lock:
            self.calls.append((name, request))
            waiting = self.faults.get(name)
            if waiting:
                raise waiting.pop(0)
            return getattr(self, name)(request)

    def GetWorkGroup(self, request):
        return {"WorkGroup": {"Name": request["WorkGroup"], "State": "ENABLED", "Configuration": self.workgroup}}

    def StartQueryExecution(self, request):
        token = request["ClientRequestToken"]
        if not 32 <= len(token) <= 128:
            raise Fault("InvalidRequestException", message="ClientRequestToken has 32 to 128 characters")
        if token not in self.tokens:
            self.tokens[token] = identity = str(uuid.uuid4())
            is_unload = request["QueryString"].startswith("UNLOAD")
            fate = self.fates.pop(0) if self.fates and is_unload else "SUCCEEDED"
            self.executions[identity] = {"request": request, "polls": self.polls, "fate": fate, "state": "QUEUED"}
        return {"QueryExecutionId": self.tokens[token]}

    def GetQueryExecution(self, request):
        execution = self.executions[request["QueryExecutionId"]]
        if execution["state"] in ("QUEUED", "RUNNING"):
            execution["polls"] -= 1
            execution["state"] = "RUNNING"
            if execution["polls"] <= 0:
                self.finish(request["QueryExecutionId"], execution)
        status = {"State": execution["state"], "StateChangeReason": execution.get("reason", "")}
        if "retryable" in execution:
            status["AthenaError"] = {"ErrorCategory": 1, "ErrorType": 1, "Retryable": execution["retryable"]}
        statistics = {"DataScannedInBytes": self.scanned, "TotalExecutionTimeInMillis": 1500}
        if "manifest" in execution:
            statistics["DataManifestLocation"] = execution["manifest"]
        return {"QueryExecution": {"QueryExecutionId": request["QueryExecutionId"], "Status": status, "Statistics": statistics}}

    def StopQueryExecution(self, request):
        execution = self.executions[request["QueryExecutionId"]]
        if execution["state"] in ("QUEUED", "RUNNING"):
            execution["state"], execution["reason"] = "CANCELLED", "stopped"
        return {}

    def finish(self, identity, execution):
        fate = execution["fate"]
        if fate == "FAILED":
            execution |= {"state": "FAILED", "reason": "TABLE_NOT_FOUND: line 1:1", "retryable": False}
        elif fate == "AGAIN":
            # It had begun to write.
            self.unload(identity, execution)
            execution |= {"state": "FAILED", "reason": "INTERNAL_ERROR", "retryable": True}
        elif fate == "CUTOFF":
            execution |= {"state": "CANCELLED", "reason": "Query cancelled! : Bytes scanned limit was exceeded"}
        else:
            self.run(identity, execution)

    def run(self, identity, execution):
        text = execution["request"]["QueryString"]
        try:
            created = CREATE.fullmatch(text)
            if created:
                self.create(*created.groups())
            else:
                self.unload(identity, execution)
            execution["state"] = "SUCCEEDED"
        except Exception as error:  # an engine says why, and goes on
            execution |= {"state": "FAILED", "reason": str(error), "retryable": False}

    def create(self, name, columns, location):
        with tempfile.TemporaryDirectory() as scratch:
            for number, key in enumerate(self.keys(location)):
                self.s3.download_file(urlparse(location).netloc, key, str(Path(scratch, f"{number}.parquet")))
            types = {"string": "VARCHAR", "bigint": "BIGINT"}
            declared = [column.replace("`", "").split(" ") for column in columns.split(", ")]
            listed = ", ".join(f'CAST("{column}" AS {types[kind]}) AS "{column}"' for column, kind in declared)
            self.db.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT {listed} FROM read_parquet('{scratch}/*.parquet')")

    def keys(self, location):
        place = urlparse(location)
        listed = self.s3.list_objects_v2(Bucket=place.netloc, Prefix=place.path.lstrip("/"))
        return [found["Key"] for found in listed.get("Contents", [])]

    def unload(self, identity, execution):
        select, location = UNLOAD.fullmatch(execution["request"]["QueryString"]).groups()
        if self.keys(location):
            raise RuntimeError(f"HIVE_PATH_ALREADY_EXISTS: {location}")
        place, written = urlparse(location), []
        with tempfile.TemporaryDirectory() as scratch:
            self.db.execute(f"CREATE OR REPLACE TEMP TABLE result AS {select}")
            # Several files, as Athena's workers write.
            for number in range(3):
                file = Path(scratch, f"{number}.parquet")
                self.db.execute(f"COPY (SELECT * FROM result WHERE rowid % 3 = {number}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
                key = f"{place.path.lstrip('/')}{uuid.uuid4()}_{number}"
                self.s3.upload_file(str(file), place.netloc, key)
                written.append(f"s3://{place.netloc}/{key}")
        output = execution["request"]["ResultConfiguration"]["OutputLocation"]
        if self.workgroup.get("EnforceWorkGroupConfiguration"):
            output = self.workgroup["ResultConfiguration"]["OutputLocation"]
        manifest = f"{output}{identity}-manifest.csv"
        out = urlparse(manifest)
        self.s3.put_object(Bucket=out.netloc, Key=out.path.lstrip("/"), Body="".join(f"{name}\n" for name in written).encode())
        execution["manifest"] = manifest

    def close(self):
        self.server.shutdown()
        self.server.server_close()
