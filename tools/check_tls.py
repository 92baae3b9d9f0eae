#!/usr/bin/env python3
"""natlens asks AWS's own addresses by TLS and by the proxy that the environment names, and nobody else.

    python3 tools/check_tls.py BINARY FOLDER

Starts moto with a certificate of an authority of its own, and a proxy that wants a password and leads every address to it: what would
be AWS is on this machine. `SSL_CERT_FILE` names the authority, `HTTPS_PROXY` the proxy, `NO_PROXY` who is not reached by it.
"""

import base64
import datetime
import json
import logging
import pathlib
import select
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

REGION, BUCKET = "us-east-1", "natlens-check"
NAMES = ["localhost", "*.amazonaws.com", f"*.{REGION}.amazonaws.com", f"*.s3.{REGION}.amazonaws.com"]
KEYS = {"aws_access_key_id": "check", "aws_secret_access_key": "check-secret"}
PASSWORD = "proxy-password-canary"


def certificates(folder):
    """An authority, and a server's certificate and key by it, as PEM files."""
    def named(name):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def certificate(subject, key, issuer, issuer_key, *extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer)).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    is_authority = (x509.BasicConstraints(ca=True, path_length=0), True)
    names = (x509.SubjectAlternativeName([x509.DNSName(name) for name in NAMES]), False)
    authority = certificate("natlens-check authority", authority_key, "natlens-check authority", authority_key, is_authority)
    server = certificate("natlens-check server", key, "natlens-check authority", authority_key, names)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for name, content in {"authority.pem": authority, "server.pem": server, "key.pem": pem}.items():
        folder.joinpath(name).write_bytes(content)


class Proxy(socketserver.StreamRequestHandler):
    """Leads every address to one server, for who has the password."""

    target = ("127.0.0.1", 0)
    asked = []
    refused = []

    def handle(self):
        line = self.rfile.readline().decode().split()
        headers = {}
        while (header := self.rfile.readline().decode().strip()):
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        expect = "Basic " + base64.b64encode(f"natlens:{PASSWORD}".encode()).decode()
        if line[0] != "CONNECT" or headers.get("proxy-authorization") != expect:
            self.refused.append(line[1])
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        self.asked.append(line[1])
        with socket.create_connection(self.target) as server:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            ends = [self.connection, server]
            while True:
                for ready in select.select(ends, [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    (server if ready is self.connection else self.connection).sendall(data)


def run(binary, arguments, variables, expect):
    command = [binary, *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode not in expect or PASSWORD in done.stdout + done.stderr:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}, not of {expect}: {done.stderr}")
    return done


def report(done):
    answer = json.loads(done.stdout)
    for row in answer["inputs"]:
        del row["source"]
    return answer


def check(binary, folder, scratch, moto, proxy):
    url = f"https://localhost:{moto.server_port}"
    s3 = boto3.client("s3", endpoint_url=url, region_name=REGION, verify=str(scratch / "authority.pem"), **KEYS)
    s3.create_bucket(Bucket=BUCKET)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        s3.put_object(Bucket=BUCKET, Key=f"bundle/{file.relative_to(folder).as_posix()}", Body=file.read_bytes())
    arguments = ["report", "--no-cache", "--format", "json"]
    local = report(run(binary, [*arguments, str(folder)], {}, {0}))
    remote = [*arguments, f"s3://{BUCKET}/bundle"]
    trusted = {name.upper(): value for name, value in KEYS.items()}
    trusted |= {"AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "SSL_CERT_FILE": str(scratch / "authority.pem")}
    proxied = trusted | {"HTTPS_PROXY": f"http://natlens:{PASSWORD}@127.0.0.1:{proxy.server_address[1]}"}
    # TLS to an address of the user's own, then AWS's own addresses by the proxy.
    for variables in [trusted | {"AWS_ENDPOINT_URL_S3": url}, proxied]:
        found = report(run(binary, remote, variables, {0}))
        for part in local:
            if found[part] != local[part]:
                sys.exit(f"`{part}` of the report differs between {folder} and the bucket")
    if set(Proxy.asked) != {f"{BUCKET}.s3.{REGION}.amazonaws.com:443"}:
        sys.exit(f"the proxy was asked for {set(Proxy.asked)}")
    # Every client: our own (EC2, STS), and those of the SDK (Cost Explorer).
    run(binary, ["collect", "--to", str(scratch / "bundle"), "--no-metrics"], proxied, {0, 3})
    missing = {f"{service}.{REGION}.amazonaws.com:443" for service in ["sts", "ec2", "ce"]} - set(Proxy.asked)
    if missing or Proxy.refused:
        sys.exit(f"the proxy was not asked for {missing}, and refused {Proxy.refused}")
    # Past the proxy, and to whom nobody vouches for, nothing goes.
    before, once = len(Proxy.asked), {"AWS_MAX_ATTEMPTS": "1"}
    run(binary, remote, proxied | once | {"NO_PROXY": ".amazonaws.com"}, {5})
    if len(Proxy.asked) != before:
        sys.exit("NO_PROXY was not obeyed")
    stranger = {name: value for name, value in proxied.items() if name != "SSL_CERT_FILE"}
    refusal = run(binary, remote, stranger | once, {5})
    if "certificate" not in refusal.stderr:
        sys.exit(f"an unknown authority: {refusal.stderr}")
    wrong = {"HTTPS_PROXY": proxied["HTTPS_PROXY"].replace("natlens:", "other:")}
    run(binary, remote, proxied | once | wrong, {5})


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        certificates(scratch)
        context = (str(scratch / "server.pem"), str(scratch / "key.pem"))
        moto = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, ssl_context=context)
        socketserver.ThreadingTCPServer.daemon_threads = True
        proxy = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
        Proxy.target = ("127.0.0.1", moto.server_port)
        for server in [moto, proxy]:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        check(sys.argv[1], pathlib.Path(sys.argv[2]), scratch, moto, proxy)


if __name__ == "__main__":
    main()
