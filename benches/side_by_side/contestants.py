"""What DuckDB and Polars are asked: nothing but the bare sums, told every column and type beforehand.

    contestants.py ENGINE QUESTION FOLDER ANSWER [--full TABLE FROM TO]

ENGINE is duckdb, duckdb-defaults or polars. QUESTION is text, parquet or bill. Writes the totals to ANSWER as JSON. With --full it also writes
the whole table, and by whether a record starts inside the window FROM to TO (Unix seconds): that is never measured.
"""

import gzip
import json
import sys
from pathlib import Path

NUMBERS = {"version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "tcp-flags", "traffic-path"}
# Exact in 64 bits for the ten digits after the point that a bill has.
AMOUNTS = {"lineItem/UsageAmount": "DECIMAL(18,10)", "lineItem/UnblendedCost": "DECIMAL(18,10)"}


def files(folder: Path, question: str) -> list[str]:
    ending = {"text": (".log.gz", ".log"), "parquet": (".parquet",), "bill": (".csv.gz",)}[question]
    return sorted(str(path) for path in folder.rglob("*") if path.name.endswith(ending))


def header(path: str, separator: str) -> list[str]:
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as lines:
        return lines.readline().rstrip("\n").split(separator)


def duckdb_flows(question: str, paths: list[str], window: tuple[int, int] | None, tuned: bool):
    """`tuned`: told everything that makes it faster. Otherwise as one would type it: told only what it cannot find out itself."""
    import duckdb

    connection = duckdb.connect()
    if tuned:
        connection.execute("SET preserve_insertion_order = false")
    if question == "parquet":
        source, hyphen = f"read_parquet({paths})", "_"
    else:
        types = {name: "BIGINT" if name in NUMBERS else "VARCHAR" for name in header(paths[0], " ")}
        told = f"columns = {types}, quote = '', escape = '', auto_detect = false" if tuned else f"types = {types}"
        # A line that is no record is left out, as natlens does.
        source = f"read_csv({paths}, delim = ' ', header = true, nullstr = '-', ignore_errors = true, {told})"
        hyphen = "-"
    inside = f', ("start" >= {window[0]} AND "start" < {window[1]}) AS inside' if window else ""
    connection.execute(
        f'CREATE TEMP TABLE pairs AS SELECT "pkt{hyphen}srcaddr" AS source, "pkt{hyphen}dstaddr" AS destination{inside},'
        f" sum(bytes)::BIGINT AS bytes, count(*) AS records FROM {source} WHERE action = 'ACCEPT' GROUP BY ALL"
    )
    pairs = "count(DISTINCT (source, destination))" if window else "count(*)"
    records, total, number = connection.execute(f"SELECT sum(records), sum(bytes), {pairs} FROM pairs").fetchone()
    all_ = "SELECT source, destination, inside, bytes, records FROM pairs"
    rows = sorted(connection.execute(all_).fetchall()) if window else []
    return {"records": int(records), "bytes": int(total), "pairs": number}, rows


def polars_flows(question: str, paths: list[str], window: tuple[int, int] | None):
    import polars as pl

    if question == "parquet":
        frame, hyphen = pl.scan_parquet(paths), "_"
    else:
        types = {name: pl.Int64 if name in NUMBERS else pl.String for name in header(paths[0], " ")}
        frame = pl.scan_csv(paths, separator=" ", schema=types, null_values="-", quote_char=None, ignore_errors=True)
        hyphen = "-"
    keys = [f"pkt{hyphen}srcaddr", f"pkt{hyphen}dstaddr"]
    if window:
        frame = frame.with_columns(inside=pl.col("start").is_between(*window, closed="left"))
    # A line without a number of bytes is no record.
    kept = frame.filter((pl.col("action") == "ACCEPT") & pl.col("bytes").is_not_null())
    grouped = kept.group_by(keys + (["inside"] if window else []))
    pairs = grouped.agg(pl.col("bytes").sum(), pl.len().alias("records")).collect(engine="streaming")
    number = pairs.select(keys).n_unique() if window else pairs.height
    totals = {"records": int(pairs["records"].sum()), "bytes": int(pairs["bytes"].sum()), "pairs": number}
    return totals, sorted(pairs.select([*keys, "inside", "bytes", "records"]).rows()) if window else []


def duckdb_bill(paths: list[str], full: bool):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    columns = {name: AMOUNTS.get(name, "VARCHAR") for name in header(paths[0], ",")}
    connection.execute(
        "CREATE TEMP TABLE sums AS SELECT \"lineItem/UsageType\" AS usage_type, \"lineItem/ResourceId\" AS resource,"
        ' sum("lineItem/UsageAmount") AS amount, sum("lineItem/UnblendedCost") AS cost, count(*) AS lines'
        f" FROM read_csv({paths}, delim = ',', quote = '\"', escape = '\"', header = true, auto_detect = false, columns = {columns})"
        " WHERE \"lineItem/LineItemType\" = 'Usage' GROUP BY ALL"
    )
    lines, cost = connection.execute("SELECT sum(lines), sum(cost) FROM sums").fetchone()
    columns_ = "usage_type, resource, amount::VARCHAR, cost::VARCHAR, lines"
    rows = connection.execute(f"SELECT {columns_} FROM sums ORDER BY ALL").fetchall() if full else []
    return {"lines": int(lines), "cost": str(cost)}, rows


def main(engine: str, question: str, folder: str, answer: str, *more: str) -> None:
    paths = files(Path(folder), question)
    window = (int(more[2]), int(more[3])) if more else None
    if question == "bill":
        totals, rows = duckdb_bill(paths, bool(more))
    elif engine == "polars":
        totals, rows = polars_flows(question, paths, window)
    else:
        totals, rows = duckdb_flows(question, paths, window, tuned=engine == "duckdb")
    Path(answer).write_text(json.dumps(totals), encoding="utf-8")
    if more:
        Path(more[1]).write_text(json.dumps(rows, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
