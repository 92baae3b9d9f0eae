-- The dataset of natlens (natlens.export/1) for Amazon Athena. Athena runs one statement at a time.
-- Partitions are projected: nothing has to be added when a month is exported, and neither MSCK REPAIR nor a crawler is needed.
-- Accounts are those of this data. Rows of an account that is not in the list are not found, without an error: where accounts
-- are added, drop the tables and create them again from the new data. Dropping an external table deletes no file.
-- Months before 2025-01 are not found either: projection.month.range says so.
-- Money is decimal(38,12) in the currency that summary.currency names. NULL is not known, which is not zero.

CREATE DATABASE IF NOT EXISTS natlens;

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.summary (
  period_start timestamp COMMENT 'First instant of the period',
  period_end timestamp COMMENT 'First instant after the period',
  observed_start timestamp COMMENT 'Start of the earliest record',
  observed_end timestamp COMMENT 'One second after the start of the latest record',
  partial boolean COMMENT 'Records do not reach from the first day to the last',
  currency string COMMENT 'ISO 4217 code of all money of the month, whatever columns are called',
  cost_basis string COMMENT 'What the costs are: net, unblended or list',
  nat_gateways bigint COMMENT 'NAT gateways known from any source',
  observed_bytes bigint COMMENT 'Bytes attributed from flow logs',
  billed_bytes bigint COMMENT 'Bytes on the bill',
  coverage decimal(38,12) COMMENT 'Observed over billed bytes',
  data_usd decimal(38,12) COMMENT 'Data processing cost on the bill',
  hours_usd decimal(38,12) COMMENT 'Cost of gateway hours on the bill',
  attributed_usd decimal(38,12) COMMENT 'Cost of the observed bytes',
  unobserved_usd decimal(38,12) COMMENT 'Billed data cost that no flow log explains',
  avoidable_usd decimal(38,12) COMMENT 'What the recommended decisions avoid',
  endpoint_usd decimal(38,12) COMMENT 'What their endpoints cost',
  net_saving_usd decimal(38,12) COMMENT 'avoidable_usd less endpoint_usd',
  gateway_saving_usd decimal(38,12) COMMENT 'Sum of the findings on gateways',
  upper_bound_usd decimal(38,12) COMMENT 'The most that endpoints could take off the data charge of NAT gateways',
  ip_ranges_sync_token string COMMENT 'syncToken of the table of address ranges',
  prices_as_of string COMMENT 'Date of the built-in price book',
  version string COMMENT 'Version of natlens'
)
COMMENT 'The headline of the month, one row, and what its numbers are.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/summary/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/summary/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.traffic (
  day date COMMENT 'Day, UTC, of the records start',
  nat_gateway_id string COMMENT 'The gateway',
  region string COMMENT 'Region of the gateway',
  vpc_id string COMMENT 'VPC of the client',
  az_id string COMMENT 'AZ id of the client',
  service string COMMENT 'Endpoint suffix, range:..., domain:..., the name of a rule, internet or private',
  service_region string COMMENT 'Region of the service',
  endpoint string COMMENT 'What could carry it: gateway, interface or none',
  evidence string COMMENT 'What named it: rule, prefix-list, dns, flow-log, ip-ranges or none',
  upload_bytes bigint COMMENT 'Client to remote',
  download_bytes bigint COMMENT 'Remote to client',
  usd decimal(38,12) COMMENT 'Cost, null where no price is known'
)
COMMENT 'Attributed bytes and their cost by day, gateway, client VPC and zone, and service. The days of a month sum to its row of the report.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/traffic/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='000000000001,000000000002,unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/traffic/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.clients (
  client string COMMENT 'Address, (unknown) for logs that tell services without clients',
  kind string COMMENT 'instance, lambda, ... where the inventory knows',
  name string COMMENT 'Name tag, instance id or description',
  vpc_id string COMMENT 'VPC of the client',
  nat_gateway_ids string COMMENT 'Gateways that it used, joined by commas',
  upload_bytes bigint COMMENT 'Client to remote',
  download_bytes bigint COMMENT 'Remote to client',
  usd decimal(38,12) COMMENT 'Cost, null where a price is missing'
)
COMMENT 'All clients of the month, one row for each address and VPC.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/clients/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='000000000001,000000000002,unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/clients/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.nat_gateways (
  nat_gateway_id string COMMENT 'The gateway, the interface id where only that is known',
  name string COMMENT 'Name tag',
  region string COMMENT 'AWS Region',
  vpc_id string COMMENT 'VPC of the gateway',
  az_id string COMMENT 'AZ id of a zonal gateway',
  upload_bytes bigint COMMENT 'Client to remote, null where no log covers it',
  download_bytes bigint COMMENT 'Remote to client',
  observed_bytes bigint COMMENT 'Upload plus download',
  mirror_bytes bigint COMMENT 'The same bytes seen on the other side, never to be added',
  unsolicited_bytes bigint COMMENT 'Inbound that nobody asked for',
  metered_bytes bigint COMMENT 'What CloudWatch counted',
  billed_bytes bigint COMMENT 'What the bill counts',
  coverage decimal(38,12) COMMENT 'Observed over billed bytes',
  usd_per_gb decimal(38,12) COMMENT 'Price of a GB of 2^30 bytes: effective with a bill, else list',
  data_usd decimal(38,12) COMMENT 'Billed data cost',
  hours decimal(38,12) COMMENT 'Billed hours',
  hours_usd decimal(38,12) COMMENT 'Billed cost of the hours',
  unobserved_usd decimal(38,12) COMMENT 'Billed data cost that no flow log explains',
  diagnosis string COMMENT 'Why the sources disagree, in plain words',
  attributed_usd decimal(38,12) COMMENT 'Cost of the observed bytes'
)
COMMENT 'NAT gateways with the reconciliation: what logs, CloudWatch and bill say of each, and why they differ.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/nat_gateways/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='000000000001,000000000002,unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/nat_gateways/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.decisions (
  action string COMMENT 'create, fix, keep-nat, remove or share',
  endpoint_type string COMMENT 'gateway or interface',
  service string COMMENT 'Endpoint suffix',
  endpoint_service_name string COMMENT 'Name of the endpoint service',
  endpoint_id string COMMENT 'The endpoint, where it exists',
  endpoint_vpc_id string COMMENT 'The VPC that holds a shared endpoint',
  region string COMMENT 'Region of both',
  vpc_id string COMMENT 'VPC of the clients',
  az_ids string COMMENT 'AZ ids that send the traffic, joined by commas',
  bytes bigint COMMENT 'Both directions',
  avoided_usd decimal(38,12) COMMENT 'NAT and transfer cost avoided',
  endpoint_hours_usd decimal(38,12) COMMENT 'Endpoint hours over the period',
  endpoint_data_usd decimal(38,12) COMMENT 'Endpoint data cost',
  net_usd decimal(38,12) COMMENT 'avoided_usd less endpoint hours and data',
  break_even_gb decimal(38,12) COMMENT 'GB a month from which the endpoint pays',
  reason string COMMENT 'What to do and why'
)
COMMENT 'What to do about endpoints, one row for each VPC, service and endpoint type.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/decisions/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='000000000001,000000000002,unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/decisions/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.findings (
  kind string COMMENT 'idle, redundant, cross-az or removable',
  nat_gateway_id string COMMENT 'The gateway',
  region string COMMENT 'Region of the gateway',
  route_table_ids string COMMENT 'Route tables to change, joined by commas',
  usd decimal(38,12) COMMENT 'What acting on it saves in the period',
  reason string COMMENT 'What was found and what to do'
)
COMMENT 'What the gateways themselves cost without need, whatever endpoints there are.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/findings/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='000000000001,000000000002,unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/findings/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.prices (
  region string COMMENT 'AWS Region',
  item string COMMENT 'Item of the price book',
  usd decimal(38,12) COMMENT 'Price of one unit, a GB is 2^30 bytes',
  source string COMMENT 'built-in, or own for a row of a price file'
)
COMMENT 'List prices of the Regions that the month is about, as the decisions used them.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/prices/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/prices/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

CREATE EXTERNAL TABLE IF NOT EXISTS natlens.bill_lines (
  x_day date COMMENT 'Day, UTC, of the lines start',
  x_kind string COMMENT 'What it charges for: nat_bytes, nat_hours, endpoint_hours, ...',
  x_class string COMMENT 'usage, discount, credit, refund, tax or other',
  sub_account_id string COMMENT 'Account that used it',
  region_id string COMMENT 'Region',
  resource_id string COMMENT 'Gateway, endpoint or attachment, by its id',
  consumed_quantity decimal(38,12) COMMENT 'Amount in consumed_unit',
  consumed_unit string COMMENT 'GB, Hours or Gbps-Hours, a GB is 2^30 bytes',
  x_bytes bigint COMMENT 'The amount in bytes, rounded line by line',
  billed_cost decimal(38,12) COMMENT 'Net cost',
  list_cost decimal(38,12) COMMENT 'Public on-demand cost',
  x_unblended_cost decimal(38,12) COMMENT 'Cost before discounts that are lines of their own',
  x_cost decimal(38,12) COMMENT 'Cost on the basis of the report, see summary.cost_basis',
  x_lines bigint COMMENT 'Lines of the bill'
)
COMMENT 'Lines of the bill about NAT gateways, endpoints and what goes with them, added up by day. Money of other classes than usage and discount is in no sum of the report.'
PARTITIONED BY (
  account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',
  month string COMMENT 'YYYY-MM'
)
STORED AS PARQUET
LOCATION 's3://bucket/data sets/bill_lines/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.account_id.type'='enum',
  'projection.account_id.values'='000000000001,000000000002,unknown',
  'projection.month.type'='date',
  'projection.month.format'='yyyy-MM',
  'projection.month.range'='2025-01,NOW',
  'projection.month.interval'='1',
  'projection.month.interval.unit'='MONTHS',
  'storage.location.template'='s3://bucket/data sets/bill_lines/account_id=${account_id}/month=${month}',
  'parquet.compression'='ZSTD',
  'natlens.schema'='natlens.export/1'
);

-- What did we pay for, month by month?
CREATE OR REPLACE VIEW natlens.cost_by_service_and_month AS
SELECT month, account_id, service, service_region,
  sum(upload_bytes) AS upload_bytes,
  sum(download_bytes) AS download_bytes,
  CASE WHEN count(*) = count(usd) THEN CAST(sum(usd) AS decimal(38,12)) END AS usd
FROM natlens.traffic
GROUP BY month, account_id, service, service_region;

-- Who caused it? Filter by month and client_rank, for example client_rank <= 20.
CREATE OR REPLACE VIEW natlens.top_clients AS
SELECT month, account_id, client, kind, name, vpc_id, upload_bytes, download_bytes, usd,
  row_number() OVER (PARTITION BY month ORDER BY upload_bytes + download_bytes DESC, client, vpc_id) AS client_rank
FROM natlens.clients;

-- How much of the bill does no flow log explain?
CREATE OR REPLACE VIEW natlens.unobserved_share AS
SELECT month, account_id, nat_gateway_id, name, region, vpc_id,
  data_usd, attributed_usd, unobserved_usd,
  CAST(unobserved_usd AS double) / NULLIF(CAST(data_usd AS double), 0) AS unobserved_share,
  diagnosis
FROM natlens.nat_gateways;

-- Which endpoints would pay, and which that exist do not?
CREATE OR REPLACE VIEW natlens.what_would_pay AS
SELECT month, account_id, action, endpoint_type, service, region, vpc_id, az_ids, bytes,
  avoided_usd, endpoint_hours_usd, endpoint_data_usd, net_usd, break_even_gb, reason
FROM natlens.decisions
WHERE action IN ('create', 'fix', 'share', 'remove');

