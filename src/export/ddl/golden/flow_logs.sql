-- Your own flow logs, as they were delivered: records and not traffic. The same bytes may be in several of them, on both sides of
-- a gateway and in logs of interface, subnet and VPC; `natlens report` counts each once. Folders go by time of delivery: look a
-- day further than the time that `start` is compared with. Accounts, Regions and the first day are those of this data: what is of
-- others is not found, without an error.

-- s3://logs/vpc/AWSLogs/: text with a header line of fl-1.
CREATE EXTERNAL TABLE IF NOT EXISTS natlens.flow_logs_1 (
  `interface_id` string,
  `pkt_srcaddr` string,
  `end` bigint,
  `column_4` string,
  `future_field` string,
  `column_6` string
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

-- s3://hourly/AWSLogs/: text without a header line of fl-1.
CREATE EXTERNAL TABLE IF NOT EXISTS natlens.flow_logs_2 (
  `interface_id` string,
  `pkt_srcaddr` string,
  `end` bigint
)
PARTITIONED BY (`aws_account` string, `aws_region` string, `hour` string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '
STORED AS TEXTFILE
LOCATION 's3://hourly/AWSLogs/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.aws_account.type'='enum',
  'projection.aws_account.values'='012345678901,123456789012',
  'projection.aws_region.type'='enum',
  'projection.aws_region.values'='us-east-1',
  'projection.hour.type'='date',
  'projection.hour.format'='yyyy/MM/dd/HH',
  'projection.hour.range'='2026/09/30/23,NOW',
  'projection.hour.interval'='1',
  'projection.hour.interval.unit'='HOURS',
  'storage.location.template'='s3://hourly/AWSLogs/${aws_account}/vpcflowlogs/${aws_region}/${hour}'
);

-- s3://hive/AWSLogs/: Parquet of fl-1.
CREATE EXTERNAL TABLE IF NOT EXISTS natlens.flow_logs_3 (
  `interface_id` string,
  `pkt_srcaddr` string,
  `end` bigint
)
PARTITIONED BY (`aws_account` string, `aws_region` string, `year` string, `month` string, `day` string, `hour` string)
STORED AS PARQUET
LOCATION 's3://hive/AWSLogs/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.aws_account.type'='enum',
  'projection.aws_account.values'='012345678901,123456789012',
  'projection.aws_region.type'='enum',
  'projection.aws_region.values'='us-east-1',
  'projection.year.type'='integer',
  'projection.year.range'='2026,2040',
  'projection.year.digits'='4',
  'projection.month.type'='integer',
  'projection.month.range'='1,12',
  'projection.month.digits'='2',
  'projection.day.type'='integer',
  'projection.day.range'='1,31',
  'projection.day.digits'='2',
  'projection.hour.type'='integer',
  'projection.hour.range'='0,23',
  'projection.hour.digits'='2',
  'storage.location.template'='s3://hive/AWSLogs/aws-account-id=${aws_account}/aws-service=vpcflowlogs/aws-region=${aws_region}/year=${year}/month=${month}/day=${day}/hour=${hour}'
);

-- s3://firehose/: JSON of fl-1. No table: natlens reads it, Athena needs it as text or Parquet.

-- s3://exports/task/stream/: an export of CloudWatch Logs.
CREATE EXTERNAL TABLE IF NOT EXISTS natlens.flow_logs_4 (
  `exported_at` string,
  `version` int
)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '
STORED AS TEXTFILE
LOCATION 's3://exports/task/stream/';

