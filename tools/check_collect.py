"""`natlens collect` against moto, a second and independent AWS: each file it writes is what boto3 reads from the same server.

Usage: check_collect.py PATH-TO-NATLENS. Starts moto on loopback and stops it. moto cannot speak CloudWatch's protocol of today, so
metrics are left to the tests in Rust.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.config import Config

REGION = "eu-west-1"
EMPTY = {"ResponseMetadata", "NextToken"}
# What moto has nothing of.
NOTHING = {"describe-vpc-endpoint-services"}
COMMANDS = {
    "describe-nat-gateways": "describe_nat_gateways",
    "describe-network-interfaces": "describe_network_interfaces",
    "describe-instances": "describe_instances",
    "describe-vpcs": "describe_vpcs",
    "describe-subnets": "describe_subnets",
    "describe-route-tables": "describe_route_tables",
    "describe-vpc-endpoints": "describe_vpc_endpoints",
    "describe-vpc-endpoint-services": "describe_vpc_endpoint_services",
    "describe-managed-prefix-lists": "describe_managed_prefix_lists",
    "describe-flow-logs": "describe_flow_logs",
    "describe-transit-gateway-attachments": "describe_transit_gateway_attachments",
}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(url, server):
    for _ in range(200):
        if server.poll() is not None:
            sys.exit("error: moto does not start")
        try:
            urllib.request.urlopen(url + "/moto-api/", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("error: moto does not answer")


def client(url, service):
    return boto3.client(
        service, region_name=REGION, endpoint_url=url, aws_access_key_id="k", aws_secret_access_key="s", config=Config(retries={"max_attempts": 0})
    )


def seed(url):
    """An account with something of each kind."""
    ec2 = client(url, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    tags = [{"Key": "Name", "Value": 'a & b <c> "d" é'}, {"Key": "team", "Value": ""}]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24", AvailabilityZone=REGION + "a")["Subnet"]["SubnetId"]
    ec2.create_tags(Resources=[vpc, subnet], Tags=tags)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(
        SubnetId=subnet, AllocationId=address, TagSpecifications=[{"ResourceType": "natgateway", "Tags": tags}]
    )["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=[table])
    ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.sqs", VpcEndpointType="Interface", SubnetIds=[subnet], PrivateDnsEnabled=True
    )
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.run_instances(
        ImageId=image, MinCount=3, MaxCount=3, SubnetId=subnet, InstanceType="t3.micro",
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    prefixes = ec2.create_managed_prefix_list(
        PrefixListName="mine", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "203.0.113.0/24", "Description": "x"}]
    )
    ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="cloud-watch-logs", LogGroupName="flows",
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/flow", LogFormat="${srcaddr} ${dstaddr} ${bytes} ${start} ${interface-id}",
    )
    transit = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=transit, VpcId=vpc, SubnetIds=[subnet])
    page = {
        "GroupDefinitions": [{"Type": "DIMENSION", "Key": "USAGE_TYPE"}, {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}],
        "ResultsByTime": [{
            "TimePeriod": {"Start": "2026-10-01", "End": "2026-10-02"}, "Total": {}, "Estimated": False,
            "Groups": [{"Keys": ["EU-NatGateway-Bytes", "123456789012"], "Metrics": {
                name: {"Amount": amount, "Unit": unit}
                for name, amount, unit in [("NetUnblendedCost", "0.48", "USD"), ("UnblendedCost", "0.48", "USD"), ("UsageQuantity", "10", "GB")]
            }}],
        }],
        "DimensionValueAttributes": [],
    }
    body = json.dumps({"results": [page]}).encode()
    request = urllib.request.Request(url + "/moto-api/static/ce/cost-and-usage-results", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
    logs = client(url, "logs")
    logs.create_log_group(logGroupName="flows")
    # Without events: moto refuses those of another month.
    logs.create_log_stream(logGroupName="flows", logStreamName="eni-1-all")
    return page, prefixes["PrefixList"]["PrefixListId"]


def plain(value):
    """boto3 reads times; natlens leaves them as AWS wrote them."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in EMPTY}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if hasattr(value, "timestamp"):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    return value


def same(name, ours, theirs):
    """Whether both are equal, but for the form of times."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        if ours.keys() != theirs.keys():
            sys.exit(f"error: {name}: {sorted(ours.keys() ^ theirs.keys())} only in one of the two")
        for key in theirs:
            same(f"{name}.{key}", ours[key], theirs[key])
    elif isinstance(theirs, list) and isinstance(ours, list):
        if len(ours) != len(theirs):
            sys.exit(f"error: {name}: {len(ours)} elements, and boto3 has {len(theirs)}")
        for at, (one, other) in enumerate(zip(ours, theirs)):
            same(f"{name}[{at}]", one, other)
    elif ours != theirs and not (name.endswith(("Time", "Timestamp")) and str(ours).startswith(str(theirs))):
        sys.exit(f"error: {name}: {ours!r}, and boto3 has {theirs!r}")


def collect(natlens, url, folder, *more):
    variables = {
        "PATH": os.environ.get("PATH", ""), "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_EC2_METADATA_DISABLED": "true", "NATLENS_NOW": "2026-11-05",
    }
    command = [natlens, "collect", "--to", folder, "--month", "2026-10", "--region", REGION, "--no-metrics", "--log-group", "flows", *more]
    run = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        sys.exit(f"error: exit code {run.returncode}\n{run.stderr}")
    if "filter-log-events of flows" not in run.stderr:
        sys.exit(f"error: the log group was not read\n{run.stderr}")


def in_bucket(natlens, url, folder):
    """Whether a collection into a bucket, and a second one in its place, are the files of the folder."""
    s3 = client(url, "s3")
    s3.create_bucket(Bucket="collected", CreateBucketConfiguration={"LocationConstraint": REGION})
    for _ in range(2):
        collect(natlens, url, "s3://collected/a/b", "--replace")
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket="collected")["Contents"]]
        theirs = {key.removeprefix("a/b/"): s3.get_object(Bucket="collected", Key=key)["Body"].read() for key in keys}
        ours = {}
        for path, _, files in os.walk(folder):
            for file in files:
                name = os.path.relpath(os.path.join(path, file), folder)
                with open(os.path.join(folder, name), "rb") as text:
                    ours[name] = text.read()
        del ours[".natlens-collect.lock"]
        if ours != theirs:
            differ = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
            sys.exit(f"error: in the bucket and in the folder these differ: {differ}")


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return json.load(file)


def check(natlens, url):
    page, prefix_list = seed(url)
    ec2 = client(url, "ec2")
    with tempfile.TemporaryDirectory() as folder:
        collect(natlens, url, folder)
        inventory = os.path.join(folder, "inventory", "123456789012", REGION)
        for command, method in COMMANDS.items():
            theirs = plain(getattr(ec2, method)())
            if not any(theirs.values()) and command not in NOTHING:
                sys.exit(f"error: {command}: moto has nothing to compare")
            same(command, read(inventory, command + ".json"), theirs)
        entries = plain(ec2.get_managed_prefix_list_entries(PrefixListId=prefix_list))
        same("entries", read(inventory, f"get-managed-prefix-list-entries-{prefix_list}.json"), entries)
        costs = read(folder, "billing", "cost-explorer", "2026-10", "123456789012", "get-cost-and-usage.json")
        same("costs", costs, [page])
        in_bucket(natlens, url, folder)
    print(f"{len(COMMANDS) + 2} kinds of files are what boto3 reads")


def main():
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(url, server)
        check(sys.argv[1], url)
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    main()
