"""What the notebooks share: where the dataset is, its tables as Polars frames, and the report that they must agree with.

`NATLENS_EXPORT` names the folder that `natlens export --to` wrote, `NATLENS_MONTH` the month (else the newest one there), and
`NATLENS_REPORT` the JSON report of the same bundle and month. Without them, `natlens` is asked for both, of `sample-data/`;
`NATLENS_BINARY` says which natlens. The month must be of one export: where accounts were exported one by one, the summary is the last one's.
"""

import json
import os
import subprocess
import tempfile
from decimal import Decimal
from functools import cache
from pathlib import Path

import altair as alt
import polars as pl

GB = 2**30  # as AWS bills it
COLOURS = ["#2563a8", "#e08a2c", "#3f9b6d", "#b5495b", "#7a68b3", "#5aa7c7", "#a08a5b", "#c96fa4"]
REST, GAIN, LOSS = "#b9c0c7", "#3f9b6d", "#b5495b"


@alt.theme.register("natlens", enable=True)
def _theme() -> alt.theme.ThemeConfig:
    quiet = {"labelColor": "#444", "titleColor": "#444", "gridColor": "#e6e8ea", "domainColor": "#b9c0c7", "tickColor": "#b9c0c7"}
    return {
        "config": {
            "view": {"continuousWidth": 640, "continuousHeight": 260, "stroke": None},
            "axis": quiet | {"labelFontSize": 11, "titleFontSize": 11, "labelLimit": 260},
            "legend": {"labelColor": "#444", "titleColor": "#444", "symbolType": "square"},
            "title": {"anchor": "start", "fontSize": 14, "subtitleColor": "#666", "offset": 12},
            "range": {"category": COLOURS},
            "bar": {"color": COLOURS[0]},
        }
    }


def _natlens(*arguments: str) -> str:
    binary = os.environ.get("NATLENS_BINARY", "natlens")
    return subprocess.run([binary, *arguments], check=True, capture_output=True, text=True).stdout


def _sample() -> str:
    here = next(p for p in [Path.cwd(), *Path.cwd().parents] if (p / "sample-data").is_dir())
    return str(here / "sample-data")


@cache
def folder() -> Path:
    """The dataset's folder."""
    named = os.environ.get("NATLENS_EXPORT")
    if named:
        return Path(named)
    made = Path(tempfile.mkdtemp(prefix="natlens-export-"))
    _natlens("export", _sample(), "--to", str(made))
    return made


@cache
def month() -> str:
    """The month that is looked at, `YYYY-MM`."""
    months = sorted(path.name.removeprefix("month=") for path in (folder() / "summary").glob("account_id=*/month=*"))
    wanted = os.environ.get("NATLENS_MONTH", months[-1] if months else "any")
    if wanted not in months:
        raise SystemExit(f"{folder()} has no month {wanted}, only {months}: natlens export BUNDLE --month {wanted} --to {folder()}")
    manifest = json.loads((folder() / "_natlens" / f"month={wanted}.json").read_text(encoding="utf-8"))
    if manifest.get("kept"):
        raise SystemExit(f"{folder()}: {wanted} was exported account by account, and its summary is of the last: export them together")
    return wanted


@cache
def report() -> dict:
    """The JSON report that the dataset must agree with."""
    named = os.environ.get("NATLENS_REPORT")
    if named:
        return json.loads(Path(named).read_text(encoding="utf-8"))
    return json.loads(_natlens("report", _sample(), "--month", month(), "--format", "json"))


def files(name: str) -> str:
    """A pattern for the files of a table: all accounts of the month."""
    return str(folder() / name / "account_id=*" / f"month={month()}" / "*.parquet")


def table(name: str) -> pl.DataFrame:
    """A table of the month. Account and month are texts: an account may begin with a zero."""
    parts = {"account_id": pl.String, "month": pl.String}
    return pl.read_parquet(files(name), hive_partitioning=True, hive_schema=parts)


def total(frame: pl.DataFrame, column: str) -> Decimal | int:
    """The sum of a column without its nulls, exact: money is a Decimal and no float."""
    return sum(frame[column].drop_nulls().to_list())


def agree(found: Decimal | int | None, *names: str) -> None:
    """Fails unless a sum of the tables is that number of the report's summary. What the report does not know has no rows."""
    said = report()["summary"]
    for name in names:
        expected = Decimal(said[name] or 0)
        assert (found or 0) == expected, f"{name}: {found} in the tables, {said[name]} in the report"


def billed_by_name(gateways: pl.DataFrame) -> bool:
    """Whether the bill's sums are in the gateways' rows: one that names no gateway (Cost Explorer) has them in the summary alone."""
    known = report()["summary"]["data_usd"] is not None or report()["summary"]["hours_usd"] is not None
    return not known or any(gateways[name].null_count() < len(gateways) for name in ["data_usd", "hours_usd"])


def per_gb(column: str) -> pl.Expr:
    """Bytes as GB, to look at."""
    return (pl.col(column) / GB).alias(column.removesuffix("bytes") + "gb")


def as_float(column: str, to: str | None = None) -> pl.Expr:
    """Money or a ratio as a float: for charts, never for sums."""
    return pl.col(column).cast(pl.Float64).alias(to or column)


def show(value: Decimal | str | None) -> str:
    """Money as people read it."""
    return "n/a" if value is None else f"{Decimal(value):,.2f}"


def few(frame: pl.DataFrame, name: str, by: str, top: int = 8) -> pl.DataFrame:
    """The same rows with all but the `top` largest names, by the sum of `by`, under `(other)`."""
    order = frame.group_by(name).agg(pl.col(by).sum()).sort(by, name, descending=[True, False])[name].to_list()
    return frame.with_columns(pl.when(pl.col(name).is_in(order[:top])).then(pl.col(name)).otherwise(pl.lit("(other)")).alias(name))
