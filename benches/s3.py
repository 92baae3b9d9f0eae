#!/usr/bin/env python3
"""What a report costs natlens when its flow logs lie in S3 rather than in a folder: CPU seconds and the peak of its memory.

    python3 benches/s3.py BINARY [--objects 10000] [--kib 256] [--rounds 5] [--keep FOLDER]

Makes an account with so many flow log objects of about that size, and serves it on loopback, in a process of its own: what the
server costs is not counted. Each round reports from the folder and from S3, without a cache; the least of each counts, and both
answers have to be one. A quarter of the objects tells whether memory follows their number.
"""

import argparse
import base64
import gzip
import json
import multiprocessing
import os
import sys
import tempfile
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

# gz bytes of a record as `simulate` writes it, about.
BYTES_A_RECORD = 31
# Objects that are made of one: its content, and then its last record once more, twice more, ... No two have the same content.
COPIES = 10
# Flow logs of the simulated account.
LOGS = 6
PAGE = 1000


class Handler(BaseHTTPRequestHandler):
    """Lists and gets, with the checksum that S3 keeps with each object."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, dict[str, tuple[Path, int, str]]] = {}

    def log_message(self, *_):
        pass

    def do_GET(self):
        address = urlsplit(self.path)
        bucket, _, key = unquote(address.path).lstrip("/").partition("/")
        if not key:
            return self.list(self.objects[bucket], parse_qs(address.query))
        path, size, checksum = self.objects[bucket].get(key, (None, 0, ""))
        if path is None:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        first, last = 0, size - 1
        if span := self.headers.get("range"):
            first, last = (int(at) for at in span.removeprefix("bytes=").split("-"))
            last = min(last, size - 1)
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", f'"{checksum}"')
        if span:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        else:
            self.send_header("x-amz-checksum-crc32", checksum)
        self.end_headers()
        self.wfile.flush()
        with open(path, "rb") as file:
            while first <= last:
                first += os.sendfile(self.connection.fileno(), file.fileno(), first, last - first + 1)

    def list(self, objects, query):
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        delimiter = query.get("delimiter", [""])[0]
        rows, last, more = [], "", False
        for key in (key for key in objects if key.startswith(prefix)):
            folder = ""
            if delimiter and delimiter in key[len(prefix):]:
                folder = prefix + key[len(prefix):].split(delimiter)[0] + delimiter
            name = folder or key
            if name <= after or name == last:
                continue
            if len(rows) == PAGE:
                more = True
                break
            last = name
            if folder:
                rows.append(f"<CommonPrefixes><Prefix>{quote(folder)}</Prefix></CommonPrefixes>")
            else:
                _, size, checksum = objects[key]
                rows.append(
                    f"<Contents><Key>{quote(key)}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified>"
                    f"<ETag>&quot;{checksum}&quot;</ETag><Size>{size}</Size></Contents>"
                )
        token = f"<NextContinuationToken>{quote(last)}</NextContinuationToken>" if more else ""
        truncated = "true" if more else "false"
        self.answer(
            200,
            f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>{token}{''.join(rows)}"
            "</ListBucketResult>".encode(),
        )

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(folder, port):
    """The folder as the bucket `all`, and every fourth of its flow logs as `quarter`."""
    everything = {}
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        content = path.read_bytes()
        checksum = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
        everything[path.relative_to(folder).as_posix()] = (path, len(content), checksum)
    everything = dict(sorted(everything.items()))
    logs = [key for key in everything if key.startswith("flow-logs/")]
    left_out = set(logs) - set(logs[::4])
    Handler.objects = {"all": everything, "quarter": {k: v for k, v in everything.items() if k not in left_out}}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send((server.server_port, len(logs), sum(everything[key][1] for key in logs)))
    server.serve_forever()


def copy(bundle):
    for path in list((bundle / "flow-logs").rglob("*.gz")):
        content = path.read_bytes()
        record = gzip.decompress(content).splitlines()[-1] + b"\n"
        for number in range(1, COPIES):
            name = path.name.replace(".log.gz", f"{number}.log.gz")
            path.with_name(name).write_bytes(content + gzip.compress(record * number))


def measure(binary, bundle, url):
    """The report, CPU seconds, and the peak of memory in MiB."""
    environment = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    with tempfile.TemporaryFile() as out:
        command = [str(binary), "report", bundle, "--no-cache", "--format", "json", "--quiet"]
        child = os.posix_spawn(command[0], command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)])
        _, status, used = os.wait4(child, 0)
        if status != 0:
            sys.exit(f"{' '.join(command)}: status {status}")
        out.seek(0)
        report = json.load(out)
    for row in report["inputs"]:
        del row["source"]
    return report, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--kib", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="where the account is made, or was")
    options = parser.parse_args()
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        bundle = (options.keep or Path(scratch)) / f"{options.objects}-of-{options.kib}"
        if not bundle.exists():
            objects = options.objects // COPIES
            records = objects * options.kib * 1024 // BYTES_A_RECORD
            sizes = ["--records", str(records), "--objects", str(-(-objects // LOGS)), "--clients", "300"]
            command = [str(binary), "simulate", "--to", str(bundle), "--bill-format", "none", *sizes]
            if os.spawnv(os.P_WAIT, command[0], command) != 0:
                sys.exit("the account cannot be made")
            copy(bundle)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(bundle, theirs), daemon=True)
        server.start()
        port, objects, size = ours.recv()
        url = f"http://127.0.0.1:{port}"
        print(f"{objects:,} objects of {size / objects / 1024:.0f} KiB")
        rows = {"folder": str(bundle), "S3": "s3://all", "S3, a quarter": "s3://quarter"}
        found = {name: [] for name in rows}
        for number in range(options.rounds):
            answers = {}
            for name, source in rows.items():
                if name.endswith("quarter") and number > 0:
                    continue
                answers[name], seconds, memory = measure(binary, source, url)
                found[name].append((seconds, memory))
            if answers["folder"] != answers["S3"]:
                sys.exit("the two reports differ")
        server.terminate()
    least = {name: (min(row[0] for row in all), max(row[1] for row in all)) for name, all in found.items()}
    for name, (seconds, memory) in least.items():
        print(f"{name:14} {seconds:7.2f} CPU s  {memory:6.0f} MiB")
    print(f"S3 costs {least['S3'][0] / least['folder'][0]:.2f} times the folder")


if __name__ == "__main__":
    main()
