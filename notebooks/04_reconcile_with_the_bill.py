# %% [markdown]
# # Reconcile with the bill
#
# Three witnesses saw the same bytes: flow logs, CloudWatch and the bill. Where do they agree, and what of the bill does no
# flow log explain?

# %%
from decimal import Decimal

import altair as alt
import polars as pl
from dataset import COLOURS, REST, agree, as_float, billed_by_name, month, per_gb, show, table, total

summary = table("summary").row(0, named=True)
gateways, traffic, bill = table("nat_gateways"), table("traffic"), table("bill_lines")
currency = summary["currency"]
month()

# %% [markdown]
# ## Gateway by gateway
#
# A missing bar is a witness that was not there, not a zero.

# %%
witness = {"observed_bytes": "flow logs", "metered_bytes": "CloudWatch", "billed_bytes": "bill"}
seen = (
    gateways.select(pl.coalesce("name", "nat_gateway_id").alias("gateway"), *witness)
    .unpivot(list(witness), index="gateway", variable_name="witness", value_name="bytes")
    .with_columns(pl.col("witness").replace(witness), per_gb("bytes"))
    .drop_nulls("gb")
)
alt.Chart(seen, title="GB of each gateway, by witness").mark_bar().encode(
    x=alt.X("gb:Q", title=None),
    y=alt.Y("gateway:N", title=None, sort="-x"),
    yOffset=alt.YOffset("witness:N", sort=list(witness.values())),
    color=alt.Color("witness:N", title=None, scale=alt.Scale(domain=list(witness.values()), range=COLOURS[:3])),
    tooltip=["gateway", "witness", alt.Tooltip("gb:Q", format=",.2f")],
)

# %%
gateways.select(
    pl.coalesce("name", "nat_gateway_id").alias("gateway"),
    pl.col("coverage").cast(pl.Float64).round(4),
    *[pl.col(name).cast(pl.Float64).round(2) for name in ["data_usd", "attributed_usd", "unobserved_usd", "hours_usd"]],
    "diagnosis",
).sort("data_usd", descending=True, nulls_last=True)

# %% [markdown]
# ## Day by day
#
# A day on which the line leaves the bars is a day with a gap in the flow logs.

# %%
observed = traffic.group_by("day").agg((pl.col("upload_bytes") + pl.col("download_bytes")).sum().alias("bytes"))
nat_usage = bill.filter(pl.col("x_kind") == "nat_bytes", pl.col("x_class") == "usage")
billed = nat_usage.group_by(pl.col("x_day").alias("day")).agg(pl.col("x_bytes").sum().alias("bytes"))


def by_day(frame, witness):
    """A chart of GB by day, not yet drawn."""
    points = frame.drop_nulls("bytes").select("day", per_gb("bytes"), pl.lit(witness).alias("witness")).sort("day")
    return alt.Chart(points, title="GB by day (UTC): what the logs hold, on what was billed").encode(
        x=alt.X("yearmonthdate(day):O", title=None, axis=alt.Axis(format="%d", labelAngle=0)),
        y=alt.Y("gb:Q", title="GB"),
        color=alt.Color("witness:N", title=None, scale=alt.Scale(domain=["bill", "flow logs"], range=[REST, COLOURS[0]])),
        tooltip=["day", "witness", alt.Tooltip("gb:Q", format=",.2f")],
    )


by_day(billed, "bill").mark_bar() + by_day(observed, "flow logs").mark_line(point=True)

# %% [markdown]
# ## What the bill charges for
#
# Of the classes, `usage` and `discount` are in the report's sums; credits, refunds and tax are apart.

# %%
charged = (
    bill.group_by("x_kind", "x_class")
    .agg(pl.col("x_cost").sum(), pl.col("x_lines").sum())
    .select("x_kind", "x_class", "x_lines", as_float("x_cost", "cost"))
)
alt.Chart(charged, title=f"Lines about NAT gateways and endpoints, {currency}, {summary['cost_basis']}").mark_bar().encode(
    x=alt.X("cost:Q", title=None, axis=alt.Axis(format=",.0f")),
    y=alt.Y("x_kind:N", title=None, sort="-x"),
    color=alt.Color("x_class:N", title=None),
    tooltip=["x_kind", "x_class", alt.Tooltip("cost:Q", format=",.2f"), "x_lines"],
).properties(height=180)

# %% [markdown]
# ## Does it add up?
#
# Attributed and unobserved are the bill, to the last digit: of every gateway and of the month.

# %%
for row in gateways.iter_rows(named=True):
    if row["data_usd"] is not None and row["unobserved_usd"] is not None:
        parts = (row["attributed_usd"] or Decimal(0)) + row["unobserved_usd"]
        assert parts == row["data_usd"], f"{row['nat_gateway_id']}: {parts} of {row['data_usd']}"

attributed, unobserved = total(traffic, "usd"), total(gateways, "unobserved_usd")
agree(attributed, "attributed_usd")
if billed_by_name(gateways):
    agree(unobserved, "unobserved_usd")
    if summary["data_usd"] is not None:
        agree(attributed + unobserved, "data_usd")
counted = bill.filter(pl.col("x_class").is_in(["usage", "discount"]))
agree(total(counted.filter(pl.col("x_kind") == "nat_bytes"), "x_cost"), "data_usd")
agree(total(counted.filter(pl.col("x_kind") == "nat_hours"), "x_cost"), "hours_usd")
agree(total(nat_usage, "x_bytes"), "billed_bytes")
print(f"{show(attributed)} explained, {show(summary['unobserved_usd'])} unobserved, {show(summary['data_usd'])} on the bill")
