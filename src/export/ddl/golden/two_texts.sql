-- Your own flow logs, as they were delivered: records and not traffic. The same bytes may be in several of them, on both sides of
-- a gateway and in logs of interface, subnet and VPC; `natlens report` counts each once. Folders go by time of delivery: look a
-- day further than the time that `start` is compared with. Accounts, Regions and the first day are those of this data: what is of
-- others is not found, without an error.

-- s3://logs/vpc/AWSLogs/: text with a header line of fl-1.
-- Objects of another format lie in the same folders: query flow_logs_1_only, which leaves them out.
CREATE EXTERNAL TABLE IF NOT EXISTS natlens.flow_logs_1 (
  `interface_id` string,
  `pkt_srcaddr` string
)
PARTITIONED BY (`aws_account` string, `aws_region` string, `day` string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '
STORED AS TEXTFILE
LOCATION 's3://logs/vpc/AWSLogs/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.aws_account.type'='enum',
  'projection.aws_account.values'='012345678901,123456789012',
  'projection.aws_region.type'='enum',
  'projection.aws_region.values'='us-east-1',
  'projection.day.type'='date',
  'projection.day.format'='yyyy/MM/dd',
  'projection.day.range'='2026/09/30,NOW',
  'projection.day.interval'='1',
  'projection.day.interval.unit'='DAYS',
  'storage.location.template'='s3://logs/vpc/AWSLogs/${aws_account}/vpcflowlogs/${aws_region}/${day}',
  'skip.header.line.count'='1'
);

CREATE OR REPLACE VIEW natlens.flow_logs_1_only AS
SELECT *, "$path" AS object_path FROM natlens.flow_logs_1
WHERE regexp_extract("$path", 'fl-[0-9a-f]+', 0) IN ('fl-1');

-- s3://logs/vpc/AWSLogs/: text with a header line of fl-2, fl-3.
-- Objects of another format lie in the same folders: query flow_logs_2_only, which leaves them out.
CREATE EXTERNAL TABLE IF NOT EXISTS natlens.flow_logs_2 (
  `interface_id` string,
  `pkt_srcaddr` string,
  `end` bigint
)
PARTITIONED BY (`aws_account` string, `aws_region` string, `day` string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '
STORED AS TEXTFILE
LOCATION 's3://logs/vpc/AWSLogs/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.aws_account.type'='enum',
  'projection.aws_account.values'='012345678901,123456789012',
  'projection.aws_region.type'='enum',
  'projection.aws_region.values'='us-east-1',
  'projection.day.type'='date',
  'projection.day.format'='yyyy/MM/dd',
  'projection.day.range'='2026/09/30,NOW',
  'projection.day.interval'='1',
  'projection.day.interval.unit'='DAYS',
  'storage.location.template'='s3://logs/vpc/AWSLogs/${aws_account}/vpcflowlogs/${aws_region}/${day}',
  'skip.header.line.count'='1'
);

CREATE OR REPLACE VIEW natlens.flow_logs_2_only AS
SELECT *, "$path" AS object_path FROM natlens.flow_logs_2
WHERE regexp_extract("$path", 'fl-[0-9a-f]+', 0) IN ('fl-2', 'fl-3');

