#!/usr/bin/env python3
"""The report of a bundle in a bucket is that of the same folder, with an S3 that natlens' authors did not write (moto).

    python3 tools/check_s3.py BINARY FOLDER

Starts the server on a free port of this machine, puts the folder's files there, compares, stops it.
"""

import json
import logging
import pathlib
import subprocess
import sys

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "natlens-check"
# Keys that a careless client would rewrite on their way.
ODD = ["a//b.log", "c/../d.log", "e f+g.log", "ä&?#=.log", "%41.log", "./h.log"]


def report(binary: str, arguments: list[str], environment: dict[str, str]) -> dict:
    command = [binary, "report", *arguments, "--no-cache", "--format", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    answer = json.loads(done.stdout)
    for row in answer["inputs"]:
        del row["source"]
    return answer


def main() -> None:
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        keys = {"aws_access_key_id": "check", "aws_secret_access_key": "check"}
        s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
        s3.create_bucket(Bucket=BUCKET)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            s3.put_object(Bucket=BUCKET, Key=f"bundle/{file.relative_to(folder).as_posix()}", Body=file.read_bytes())
        header = "interface-id srcaddr dstaddr bytes start"
        for number, key in enumerate(ODD):
            record = f"eni-{number:08x} 10.0.0.5 203.0.113.9 {100 + number} 1790856000"
            s3.put_object(Bucket=BUCKET, Key=f"odd/{key}", Body=f"{header}\n{record}\n".encode())
        environment = {"AWS_ENDPOINT_URL": url, **{name.upper(): value for name, value in keys.items()}}
        remote = report(binary, [f"s3://{BUCKET}/bundle"], environment)
        local = report(binary, [str(folder)], {})
        for part in local:
            if remote[part] != local[part]:
                sys.exit(f"`{part}` of the report differs between {folder} and the bucket")
        odd = report(binary, ["--flow-logs", f"s3://{BUCKET}/odd/"], environment)
        if odd["records"]["read"] != len(ODD):
            sys.exit(f"of {len(ODD)} odd keys {odd['records']['read']} were read")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
