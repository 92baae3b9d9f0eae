#!/usr/bin/env python3
"""The report of a bundle in a bucket is that of the same folder, with two S3 servers that natlens' authors did not write.

    python3 tools/check_s3.py BINARY FOLDER S3S_FS

moto keeps whatever key it is given; s3s-fs (https://github.com/Nugine/s3s) checks every signature. Starts each on a free port of this
machine, puts the folder's files there, compares, stops it. What is exported to moto stays beside another account's. With a wrong secret s3s-fs refuses, and natlens says so by exit code 4.
"""

import contextlib
import json
import logging
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "natlens-check"
KEYS = {"aws_access_key_id": "check", "aws_secret_access_key": "check-secret"}
# Keys that a careless client would rewrite on their way.
ODD = ["a//b.log", "c/../d.log", "e f+g.log", "ä&?#=.log", "%41.log", "./h.log"]


def environment(url: str, **other: str) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": url, **{name.upper(): value for name, value in (KEYS | other).items()}}


def run(binary: str, arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess:
    command = [binary, "report", *arguments, "--no-cache", "--format", "json"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def report(binary: str, arguments: list[str], variables: dict[str, str]) -> dict:
    done = run(binary, arguments, variables)
    if done.returncode != 0:
        sys.exit(f"report {' '.join(arguments)}: exit code {done.returncode}: {done.stderr}")
    answer = json.loads(done.stdout)
    for row in answer["inputs"]:
        del row["source"]
    return answer


def compare(server: str, binary: str, folder: pathlib.Path, url: str) -> None:
    remote = report(binary, [f"s3://{BUCKET}/bundle"], environment(url))
    local = report(binary, [str(folder)], {})
    for part in local:
        if remote[part] != local[part]:
            sys.exit(f"{server}: `{part}` of the report differs between {folder} and the bucket")


def beside(binary: str, url: str, s3) -> None:
    """An export into a bucket where another account's is, whole or cut off, and the DDL of both."""

    def export(what: str, expect: int, *more: str) -> str:
        command = [binary, "export", f"s3://{BUCKET}/bundle", "--no-cache", "--to", f"s3://{BUCKET}/dataset", *more]
        done = subprocess.run(command, env=environment(url), capture_output=True, text=True, check=False)
        if done.returncode != expect:
            sys.exit(f"moto: {what}: exit code {done.returncode}, not {expect}: {done.stderr}")
        return done.stdout

    manifest = export("the first", 0, "--format", "json")
    month = json.loads(manifest)["month"]
    account = next(file["account_id"] for table in json.loads(manifest)["tables"] for file in table["files"] if file["account_id"].isdigit())
    other = "".join(str(9 - int(digit)) for digit in account)
    path = f"dataset/_natlens/month={month}"
    september = manifest.replace(account, other).replace(f"month={month}", "month=2025-09").replace(f'"{month}"', '"2025-09"')
    s3.put_object(Bucket=BUCKET, Key="dataset/_natlens/month=2025-09.json", Body=september.encode())
    if "'projection.account_id.values'='" + ",".join([*sorted([account, other]), "unknown"]) + "'" not in export("DDL", 0, "--ddl", "-q"):
        sys.exit("moto: the DDL does not name the accounts that were exported before")
    file = f"dataset/traffic/account_id={other}/month={month}/part-00000.parquet"
    s3.put_object(Bucket=BUCKET, Key=file, Body=b"another's")
    logs = json.loads(manifest)["inputs"][0]["sha256"]
    cut = manifest.replace(account, other).replace(logs, logs[::-1])
    s3.put_object(Bucket=BUCKET, Key=f"{path}.replacing.json", Body=cut.encode())
    export("beside one that was cut off", 2)
    s3.put_object(Bucket=BUCKET, Key=f"{path}.replacing.json", Body=manifest.encode())
    export("its own that was cut off, beside a file that nobody names", 2)
    export("all of the month", 0, "--replace")
    left = [row["Key"] for row in s3.list_objects_v2(Bucket=BUCKET, Prefix="dataset/")["Contents"]]
    if file in left or f"{path}.replacing.json" in left:
        sys.exit(f"moto: with --replace there is still {left}")


def moto(binary: str, folder: pathlib.Path) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **KEYS)
        s3.create_bucket(Bucket=BUCKET)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            s3.put_object(Bucket=BUCKET, Key=f"bundle/{file.relative_to(folder).as_posix()}", Body=file.read_bytes())
        compare("moto", binary, folder, url)
        beside(binary, url, s3)
        header = "interface-id srcaddr dstaddr bytes start"
        for number, key in enumerate(ODD):
            record = f"eni-{number:08x} 10.0.0.5 203.0.113.9 {100 + number} 1790856000"
            s3.put_object(Bucket=BUCKET, Key=f"odd/{key}", Body=f"{header}\n{record}\n".encode())
        odd = report(binary, ["--flow-logs", f"s3://{BUCKET}/odd/"], environment(url))
        if odd["records"]["read"] != len(ODD):
            sys.exit(f"moto: of {len(ODD)} odd keys {odd['records']['read']} were read")
    finally:
        server.stop()


@contextlib.contextmanager
def s3s(program: str, folder: pathlib.Path):
    with socket.socket() as free, tempfile.TemporaryDirectory() as root:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        # A bucket is a folder. What is put there by requests gets names in which a long key does not fit.
        shutil.copytree(folder, pathlib.Path(root, BUCKET, "bundle"))
        keys = ["--access-key", KEYS["aws_access_key_id"], "--secret-key", KEYS["aws_secret_access_key"]]
        command = [program, "--host", "127.0.0.1", "--port", str(port), *keys, root]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def main() -> None:
    binary, folder, program = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto(binary, folder)
    with s3s(program, folder) as url:
        compare("s3s-fs", binary, folder, url)
        wrong = run(binary, [f"s3://{BUCKET}/bundle"], environment(url, aws_secret_access_key="not-it"))
        if wrong.returncode != 4 or "SignatureDoesNotMatch" not in wrong.stderr or wrong.stdout:
            sys.exit(f"s3s-fs: with a wrong secret the exit code is {wrong.returncode}: {wrong.stderr}")


if __name__ == "__main__":
    main()
