#!/bin/sh
# Copies what natlens reads into a folder. It reads only. Needs version 2 of the AWS CLI.
set -eu
START=2026-02-01 END=2026-03-01
export AWS_PROFILE='audit'\''s'

# Folders of days, for what is delivered by the day
set -- --exclude '*' \
  --include '*2026/01/31/*' --include '*year=2026/month=01/day=31/*' \
  --include '*2026/02/01/*' --include '*year=2026/month=02/day=01/*' \
  --include '*2026/02/02/*' --include '*year=2026/month=02/day=02/*' \
  --include '*2026/02/03/*' --include '*year=2026/month=02/day=03/*' \
  --include '*2026/02/04/*' --include '*year=2026/month=02/day=04/*' \
  --include '*2026/02/05/*' --include '*year=2026/month=02/day=05/*' \
  --include '*2026/02/06/*' --include '*year=2026/month=02/day=06/*' \
  --include '*2026/02/07/*' --include '*year=2026/month=02/day=07/*' \
  --include '*2026/02/08/*' --include '*year=2026/month=02/day=08/*' \
  --include '*2026/02/09/*' --include '*year=2026/month=02/day=09/*' \
  --include '*2026/02/10/*' --include '*year=2026/month=02/day=10/*' \
  --include '*2026/02/11/*' --include '*year=2026/month=02/day=11/*' \
  --include '*2026/02/12/*' --include '*year=2026/month=02/day=12/*' \
  --include '*2026/02/13/*' --include '*year=2026/month=02/day=13/*' \
  --include '*2026/02/14/*' --include '*year=2026/month=02/day=14/*' \
  --include '*2026/02/15/*' --include '*year=2026/month=02/day=15/*' \
  --include '*2026/02/16/*' --include '*year=2026/month=02/day=16/*' \
  --include '*2026/02/17/*' --include '*year=2026/month=02/day=17/*' \
  --include '*2026/02/18/*' --include '*year=2026/month=02/day=18/*' \
  --include '*2026/02/19/*' --include '*year=2026/month=02/day=19/*' \
  --include '*2026/02/20/*' --include '*year=2026/month=02/day=20/*' \
  --include '*2026/02/21/*' --include '*year=2026/month=02/day=21/*' \
  --include '*2026/02/22/*' --include '*year=2026/month=02/day=22/*' \
  --include '*2026/02/23/*' --include '*year=2026/month=02/day=23/*' \
  --include '*2026/02/24/*' --include '*year=2026/month=02/day=24/*' \
  --include '*2026/02/25/*' --include '*year=2026/month=02/day=25/*' \
  --include '*2026/02/26/*' --include '*year=2026/month=02/day=26/*' \
  --include '*2026/02/27/*' --include '*year=2026/month=02/day=27/*' \
  --include '*2026/02/28/*' --include '*year=2026/month=02/day=28/*' \
  --include '*2026/03/01/*' --include '*year=2026/month=03/day=01/*'

# billing: from s3://bill-bucket, which account 999988887777 has to own
aws s3 sync s3://bill-bucket/cur bundle/billing/bill-bucket/cur --request-payer requester

# dns: from s3://dns-bucket, which account 999988887777 has to own
aws s3 sync s3://dns-bucket bundle/dns/dns-bucket --request-payer requester

# flow-logs: from s3://logs-bucket, which account 999988887777 has to own
aws s3 sync s3://logs-bucket/vpc/AWSLogs bundle/flow-logs/logs-bucket/vpc/AWSLogs --request-payer requester "$@"

# prices: from s3://bill-bucket, which account 999988887777 has to own
aws s3 cp s3://bill-bucket/prices.csv bundle/prices.csv --request-payer requester

# Account 444455556666: a profile of this name in ~/.aws/config, with role_arn = arn:aws:iam::444455556666:role/natlens
# and external_id, which its trust policy asks for
export AWS_PROFILE=natlens-444455556666

# inventory
mkdir -p bundle/inventory/444455556666/eu-west-1
aws ec2 describe-nat-gateways --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-nat-gateways.json
aws ec2 describe-network-interfaces --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-network-interfaces.json
aws ec2 describe-instances --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-instances.json
aws ec2 describe-vpcs --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-vpcs.json
aws ec2 describe-subnets --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-subnets.json
aws ec2 describe-route-tables --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-route-tables.json
aws ec2 describe-vpc-endpoints --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-vpc-endpoints.json
aws ec2 describe-vpc-endpoint-services --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-vpc-endpoint-services.json
aws ec2 describe-managed-prefix-lists --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-managed-prefix-lists.json
aws ec2 describe-flow-logs --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-flow-logs.json
aws ec2 describe-transit-gateway-attachments --region eu-west-1 --output json > bundle/inventory/444455556666/eu-west-1/describe-transit-gateway-attachments.json
for list in $(aws ec2 describe-managed-prefix-lists --region eu-west-1 --query 'PrefixLists[].PrefixListId' --output text); do
  aws ec2 get-managed-prefix-list-entries --region eu-west-1 --prefix-list-id "$list" --output json > bundle/inventory/444455556666/eu-west-1/get-managed-prefix-list-entries."$list".json
done

# metrics: gateways and endpoints that CloudWatch's search finds, those with data in the last two weeks
mkdir -p bundle/metrics/444455556666/eu-west-1
aws cloudwatch get-metric-data --region eu-west-1 --start-time "${START}T00:00:00Z" --end-time "${END}T00:00:00Z" \
  --output json --metric-data-queries '[{"Id": "in", "Expression": "SEARCH('\''{AWS/NATGateway,NatGatewayId} MetricName=(\"BytesInFromSource\" OR \"BytesInFromDestination\")'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.NatGatewayId'\'')} ${PROP('\''MetricName'\'')}"}, {"Id": "zones", "Expression": "SEARCH('\''{AWS/NATGateway,AvailabilityZone,NatGatewayId} MetricName=(\"BytesInFromSource\" OR \"BytesInFromDestination\")'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.NatGatewayId'\'')} ${PROP('\''Dim.AvailabilityZone'\'')} ${PROP('\''MetricName'\'')}"}, {"Id": "endpoints", "Expression": "SEARCH('\''{AWS/PrivateLinkEndpoints,\"Endpoint Type\",\"Service Name\",\"VPC Endpoint Id\",\"VPC Id\"} MetricName=\"BytesProcessed\"'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.VPC Endpoint Id'\'')} ${PROP('\''MetricName'\'')}"}]' > bundle/metrics/444455556666/eu-west-1/get-metric-data.json

# flow logs in CloudWatch Logs
mkdir -p bundle/flow-logs/444455556666/eu-west-1
aws logs filter-log-events --region eu-west-1 --log-group-name '/vpc/flow logs' \
  --start-time "$(date -u -d "$START" +%s)000" --end-time "$(date -u -d "$END" +%s)000" \
  --output json > bundle/flow-logs/444455556666/eu-west-1/_vpc_flow_logs.json

# inventory
mkdir -p bundle/inventory/444455556666/us-east-1
aws ec2 describe-nat-gateways --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-nat-gateways.json
aws ec2 describe-network-interfaces --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-network-interfaces.json
aws ec2 describe-instances --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-instances.json
aws ec2 describe-vpcs --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-vpcs.json
aws ec2 describe-subnets --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-subnets.json
aws ec2 describe-route-tables --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-route-tables.json
aws ec2 describe-vpc-endpoints --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-vpc-endpoints.json
aws ec2 describe-vpc-endpoint-services --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-vpc-endpoint-services.json
aws ec2 describe-managed-prefix-lists --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-managed-prefix-lists.json
aws ec2 describe-flow-logs --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-flow-logs.json
aws ec2 describe-transit-gateway-attachments --region us-east-1 --output json > bundle/inventory/444455556666/us-east-1/describe-transit-gateway-attachments.json
for list in $(aws ec2 describe-managed-prefix-lists --region us-east-1 --query 'PrefixLists[].PrefixListId' --output text); do
  aws ec2 get-managed-prefix-list-entries --region us-east-1 --prefix-list-id "$list" --output json > bundle/inventory/444455556666/us-east-1/get-managed-prefix-list-entries."$list".json
done

# metrics: gateways and endpoints that CloudWatch's search finds, those with data in the last two weeks
mkdir -p bundle/metrics/444455556666/us-east-1
aws cloudwatch get-metric-data --region us-east-1 --start-time "${START}T00:00:00Z" --end-time "${END}T00:00:00Z" \
  --output json --metric-data-queries '[{"Id": "in", "Expression": "SEARCH('\''{AWS/NATGateway,NatGatewayId} MetricName=(\"BytesInFromSource\" OR \"BytesInFromDestination\")'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.NatGatewayId'\'')} ${PROP('\''MetricName'\'')}"}, {"Id": "zones", "Expression": "SEARCH('\''{AWS/NATGateway,AvailabilityZone,NatGatewayId} MetricName=(\"BytesInFromSource\" OR \"BytesInFromDestination\")'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.NatGatewayId'\'')} ${PROP('\''Dim.AvailabilityZone'\'')} ${PROP('\''MetricName'\'')}"}, {"Id": "endpoints", "Expression": "SEARCH('\''{AWS/PrivateLinkEndpoints,\"Endpoint Type\",\"Service Name\",\"VPC Endpoint Id\",\"VPC Id\"} MetricName=\"BytesProcessed\"'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.VPC Endpoint Id'\'')} ${PROP('\''MetricName'\'')}"}]' > bundle/metrics/444455556666/us-east-1/get-metric-data.json

# flow logs in CloudWatch Logs
mkdir -p bundle/flow-logs/444455556666/us-east-1
aws logs filter-log-events --region us-east-1 --log-group-name '/vpc/flow logs' \
  --start-time "$(date -u -d "$START" +%s)000" --end-time "$(date -u -d "$END" +%s)000" \
  --output json > bundle/flow-logs/444455556666/us-east-1/_vpc_flow_logs.json

# Account 777788889999: a profile of this name in ~/.aws/config, with role_arn = arn:aws:iam::777788889999:role/natlens
export AWS_PROFILE=natlens-777788889999

# inventory
mkdir -p bundle/inventory/777788889999/ap-south-1
aws ec2 describe-nat-gateways --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-nat-gateways.json
aws ec2 describe-network-interfaces --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-network-interfaces.json
aws ec2 describe-instances --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-instances.json
aws ec2 describe-vpcs --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-vpcs.json
aws ec2 describe-subnets --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-subnets.json
aws ec2 describe-route-tables --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-route-tables.json
aws ec2 describe-vpc-endpoints --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-vpc-endpoints.json
aws ec2 describe-vpc-endpoint-services --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-vpc-endpoint-services.json
aws ec2 describe-managed-prefix-lists --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-managed-prefix-lists.json
aws ec2 describe-flow-logs --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-flow-logs.json
aws ec2 describe-transit-gateway-attachments --region ap-south-1 --output json > bundle/inventory/777788889999/ap-south-1/describe-transit-gateway-attachments.json
for list in $(aws ec2 describe-managed-prefix-lists --region ap-south-1 --query 'PrefixLists[].PrefixListId' --output text); do
  aws ec2 get-managed-prefix-list-entries --region ap-south-1 --prefix-list-id "$list" --output json > bundle/inventory/777788889999/ap-south-1/get-managed-prefix-list-entries."$list".json
done

# metrics: gateways and endpoints that CloudWatch's search finds, those with data in the last two weeks
mkdir -p bundle/metrics/777788889999/ap-south-1
aws cloudwatch get-metric-data --region ap-south-1 --start-time "${START}T00:00:00Z" --end-time "${END}T00:00:00Z" \
  --output json --metric-data-queries '[{"Id": "in", "Expression": "SEARCH('\''{AWS/NATGateway,NatGatewayId} MetricName=(\"BytesInFromSource\" OR \"BytesInFromDestination\")'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.NatGatewayId'\'')} ${PROP('\''MetricName'\'')}"}, {"Id": "zones", "Expression": "SEARCH('\''{AWS/NATGateway,AvailabilityZone,NatGatewayId} MetricName=(\"BytesInFromSource\" OR \"BytesInFromDestination\")'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.NatGatewayId'\'')} ${PROP('\''Dim.AvailabilityZone'\'')} ${PROP('\''MetricName'\'')}"}, {"Id": "endpoints", "Expression": "SEARCH('\''{AWS/PrivateLinkEndpoints,\"Endpoint Type\",\"Service Name\",\"VPC Endpoint Id\",\"VPC Id\"} MetricName=\"BytesProcessed\"'\'', '\''Sum'\'', 3600)", "Label": "${PROP('\''Dim.VPC Endpoint Id'\'')} ${PROP('\''MetricName'\'')}"}]' > bundle/metrics/777788889999/ap-south-1/get-metric-data.json

# flow logs in CloudWatch Logs
mkdir -p bundle/flow-logs/777788889999/ap-south-1
aws logs filter-log-events --region ap-south-1 --log-group-name '/vpc/flow logs' \
  --start-time "$(date -u -d "$START" +%s)000" --end-time "$(date -u -d "$END" +%s)000" \
  --output json > bundle/flow-logs/777788889999/ap-south-1/_vpc_flow_logs.json
