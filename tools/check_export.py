#!/usr/bin/env python3
"""Opens every file that `natlens export` writes in pyarrow, DuckDB and Polars: equal sums in all of them and in the JSON report, and no
type that another engine could not read.

    check_export.py BINARY BUNDLE
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import polars
import pyarrow.dataset
import pyarrow.parquet

from checking import Failure, main, natlens, same

# Physical type and logical type: what Athena, Trino, Spark, DuckDB, Polars and pandas read alike.
ALLOWED = {
    ("BOOLEAN", "None"),
    ("INT32", "None"),
    ("INT64", "None"),
    ("INT32", "Date"),
    ("INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds, is_from_converted_type=false, force_set_converted_type=false)"),
    ("FIXED_LEN_BYTE_ARRAY", "Decimal(precision=38, scale=12)"),
    ("BYTE_ARRAY", "String"),
}
PARTITIONS = {"account_id": polars.String, "month": polars.String}


def walk(file: Path) -> None:
    """The types of a file, by its own schema."""
    metadata = pyarrow.parquet.ParquetFile(file).metadata
    for at in range(metadata.num_columns):
        column = metadata.schema.column(at)
        kind = (column.physical_type, str(column.logical_type))
        if kind not in ALLOWED:
            raise Failure(f"{file}: {column.name}: {kind} is not read alike everywhere")
        if column.physical_type == "FIXED_LEN_BYTE_ARRAY" and column.length != 16:
            raise Failure(f"{file}: {column.name}: {column.length} bytes")
    for group in range(metadata.num_row_groups):
        for at in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(at)
            same(f"{file}: {chunk.path_in_schema}: compression", chunk.compression, "ZSTD")
            if metadata.num_rows and not chunk.is_stats_set:
                raise Failure(f"{file}: {chunk.path_in_schema}: no statistics")


def by_arrow(folder: Path, columns: list[str]) -> list:
    # Without a schema of its own, pyarrow would read the accounts as numbers.
    schema = pyarrow.schema([(name, pyarrow.string()) for name in PARTITIONS])
    rows = pyarrow.dataset.dataset(folder, partitioning=pyarrow.dataset.HivePartitioning(schema)).to_table()
    for name in PARTITIONS:
        same(f"{folder}: pyarrow: {name}", rows.schema.field(name).type, pyarrow.string())
    found = [sum((value for value in rows[column].to_pylist() if value is not None), 0) for column in columns]
    return [rows.num_rows, *found]


def by_duckdb(folder: Path, columns: list[str]) -> list:
    sums = "".join(f", coalesce(sum({column}), 0)" for column in columns)
    types = "{'account_id': VARCHAR, 'month': VARCHAR}"
    query = f"SELECT count(*){sums} FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true, hive_types = {types})"
    return list(duckdb.connect().execute(query).fetchone())


def by_polars(folder: Path, columns: list[str]) -> list:
    frame = polars.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True, hive_schema=PARTITIONS)
    # Polars wraps sums of 64 bits in silence.
    wide = [polars.col(column).cast(polars.Decimal(38, 12)).sum() for column in columns]
    return list(frame.select(polars.len(), *wide).collect().row(0))


def check(binary: str, bundle: Path, scratch: Path) -> None:
    target = scratch / "dataset"
    manifest = json.loads(natlens(binary, "export", str(bundle), "--to", str(target), "--format", "json"))
    report = json.loads(natlens(binary, "report", str(bundle), "--top", "1000000", "--format", "json"))
    files = sorted(target.rglob("*.parquet"))
    same("files", [str(file.relative_to(target)) for file in files],
         sorted(file["path"] for table in manifest["tables"] for file in table["files"]))
    for file in files:
        walk(file)
    for table in manifest["tables"]:
        name, columns = table["table"], list(table["sums"])
        expect = [Decimal(table["rows"]), *(Decimal(value) for value in table["sums"].values())]
        for engine in (by_arrow, by_duckdb, by_polars):
            found = [Decimal(value or 0) for value in engine(target / name, columns)]
            same(f"{name}: {engine.__name__}: {columns}", found, expect)
    # The manifest's sums are those of the files; now they are those of the report.
    sums = {table["table"]: table["sums"] for table in manifest["tables"]}
    for name, columns in {
        "traffic": ["upload_bytes", "download_bytes", "usd"],
        "clients": ["upload_bytes", "download_bytes", "usd"],
        "nat_gateways": ["observed_bytes", "billed_bytes", "data_usd", "hours_usd", "unobserved_usd"],
        "decisions": ["bytes", "avoided_usd", "endpoint_hours_usd", "endpoint_data_usd", "net_usd"],
        "findings": ["usd"],
    }.items():
        for column in columns:
            expect = sum((Decimal(row[column]) for row in report[name] if row[column] is not None), Decimal(0))
            same(f"{name}.{column}", Decimal(sums[name][column]), expect)
    same("summary.data_usd", Decimal(sums["summary"]["data_usd"]), Decimal(report["summary"]["data_usd"] or 0))
    print(f"{len(files)} files, {len(manifest['tables'])} tables: pyarrow, DuckDB, Polars and the report agree", file=sys.stderr)


if __name__ == "__main__":
    main(__doc__, check)
