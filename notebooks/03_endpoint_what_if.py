# %% [markdown]
# # What if
#
# The decisions of the report under other assumptions: more traffic, more or fewer AZs, another price of an endpoint hour. Every
# figure is an exported one times a ratio; there are no prices in here but those of the `prices` table.
#
# What scales with what: the NAT cost avoided and the endpoint's data cost go with bytes, the endpoint's hours with AZs and with
# the price of an hour. So it holds below 1 PB a month and Region, from where on AWS charges less for a GB of endpoint data.

# %% tags=["parameters"]
growth = 1.5  # bytes next year, over those of the month
azs = None  # AZs of each new endpoint; None: those that send the traffic
hour_price = None  # price of an endpoint's hour in an AZ; None: the list price of the Region

# %%
from decimal import Decimal

import altair as alt
import polars as pl
from dataset import COLOURS, GAIN, REST, agree, month, per_gb, report, table, total

currency = table("summary")["currency"][0]
decisions = table("decisions")
prices = {(region, item): usd for region, item, usd in table("prices").select("region", "item", "usd").iter_rows()}
month()


# %%
def parts(row, growth=1, azs=None, hour_price=None):
    """What a decision avoids, and what its endpoint costs by hour and by GB, under these assumptions; None without a price."""
    avoided, hours, data = row["avoided_usd"], row["endpoint_hours_usd"], row["endpoint_data_usd"]
    if avoided is None or hours is None or data is None:
        return None
    growth = Decimal(str(growth))
    today = len(row["az_ids"].split(",")) if row["az_ids"] else 0
    if azs is not None and today and row["action"] in ("create", "keep-nat"):
        hours = hours * azs / today
    if hour_price is not None and row["endpoint_type"] == "interface":
        hours = hours * Decimal(str(hour_price)) / prices[row["region"], "interface_endpoint_hour"]
    return avoided * growth, hours, data * growth


def net(row, **assumed):
    """Saving of a decision under these assumptions."""
    found = parts(row, **assumed)
    return found and found[0] - found[1] - found[2]


# `share` rows have hours that depend on each other, `remove` is about endpoints that exist: both stay as they are.
movable = [row for row in decisions.iter_rows(named=True) if row["action"] in ("create", "keep-nat", "fix")]
names = {id(row): f"{row['service']} in {row['vpc_id']}" for row in movable}

# %% [markdown]
# ## When does an endpoint begin to pay?
#
# Above zero it saves. A gateway endpoint costs nothing, so it begins above zero and stays there.

# %%
interface = sorted((row for row in movable if row["endpoint_type"] == "interface" and net(row) is not None), key=lambda row: -row["bytes"])[:8]
scales = [Decimal(step) / 4 for step in range(1, 25)]
points = pl.DataFrame(
    [{"decision": names[id(row)], "growth": float(scale), "net": float(net(row, growth=scale))} for row in interface for scale in scales],
    schema={"decision": pl.String, "growth": pl.Float64, "net": pl.Float64},
)
zero = alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(color="#666").encode(y="at:Q")
now = alt.Chart(pl.DataFrame({"now": [1.0]})).mark_rule(color=REST, strokeDash=[4, 4]).encode(x="now:Q")
lines = (
    alt.Chart(points, title=alt.Title(f"Net saving a month, {currency}, by traffic", subtitle="1 is the month of the report"))
    .mark_line()
    .encode(
        x=alt.X("growth:Q", title="traffic, times that of the month", scale=alt.Scale(zero=False)),
        y=alt.Y("net:Q", title=None, axis=alt.Axis(format=",.0f")),
        color=alt.Color("decision:N", title=None, sort=[names[id(row)] for row in interface]),
        tooltip=["decision", "growth", alt.Tooltip("net:Q", format=",.2f")],
    )
)
zero + now + lines

# %% [markdown]
# ## How far is each from break-even?
#
# `break_even_gb` is what natlens exports; the bar is the traffic of the month beside it.

# %%
distance = (
    decisions.filter(pl.col("break_even_gb") > 0)
    .with_columns(
        (pl.col("service") + " in " + pl.col("vpc_id")).alias("decision"),
        per_gb("bytes"),
        pl.col("break_even_gb").cast(pl.Float64),
    )
    .with_columns(pl.when(pl.col("gb") > pl.col("break_even_gb")).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("pays"))
    .select("decision", "gb", "break_even_gb", "pays")
    .sort("gb", descending=True)
    .head(15)
)
shape = alt.Chart(distance, title="GB a month (bar) and where it breaks even (mark)").encode(
    y=alt.Y("decision:N", title=None, sort=distance["decision"].to_list())
)
shape.mark_bar().encode(
    x=alt.X("gb:Q", title=None),
    color=alt.Color("pays:N", title="Pays", scale=alt.Scale(domain=["yes", "no"], range=[GAIN, REST])),
    tooltip=["decision", alt.Tooltip("gb:Q", format=",.1f"), alt.Tooltip("break_even_gb:Q", format=",.1f")],
) + shape.mark_tick(color="#333", thickness=3, size=16).encode(x="break_even_gb:Q")

# %% [markdown]
# ## How many AZs?
#
# Each AZ of an interface endpoint costs its hours; with fewer, traffic crosses AZs, which is not in these figures.

# %%
by_azs = pl.DataFrame(
    [
        {"decision": names[id(row)], "AZs": count, "net": float(net(row, azs=count))}
        for row in interface
        if row["action"] in ("create", "keep-nat")
        for count in (1, 2, 3)
    ],
    schema={"decision": pl.String, "AZs": pl.Int64, "net": pl.Float64},
)
alt.Chart(by_azs, title=f"Net saving a month by the number of AZs, {currency}").mark_bar().encode(
    x=alt.X("net:Q", title=None, axis=alt.Axis(format=",.0f")),
    y=alt.Y("decision:N", title=None),
    yOffset="AZs:N",
    color=alt.Color("AZs:N", scale=alt.Scale(range=COLOURS[:3])),
    tooltip=["decision", "AZs", alt.Tooltip("net:Q", format=",.2f")],
)

# %% [markdown]
# ## With the assumptions of the first cell

# %%
rows = []
for row in movable:
    before, after = net(row), net(row, growth=growth, azs=azs, hour_price=hour_price)
    turns = before is not None and after is not None and (before > 0) != (after > 0)
    rows.append(
        {
            "decision": names[id(row)],
            "today": row["action"],
            "net today": before and round(before, 2),
            "net then": after and round(after, 2),
            "changes": ("begins to pay" if after > 0 else "no longer pays") if turns else "",
        }
    )
pl.DataFrame(rows, schema={"decision": pl.String, "today": pl.String, "net today": pl.Decimal(38, 2), "net then": pl.Decimal(38, 2), "changes": pl.String}).sort(
    "net then", descending=True, nulls_last=True
)

# %% [markdown]
# ## Does it add up?
#
# With nothing changed, the arithmetic of this notebook must be that of the report.

# %%
for row in decisions.iter_rows(named=True):
    if row["action"] in ("create", "keep-nat", "fix"):
        assert net(row) == row["net_usd"], f"{row['service']} in {row['vpc_id']}: {net(row)}, not {row['net_usd']}"
acted = decisions.filter(pl.col("action") != "keep-nat")
agree(total(acted, "avoided_usd"), "avoidable_usd")
agree(total(acted, "net_usd"), "net_saving_usd")
assert sorted(decisions["net_usd"].cast(pl.String).fill_null("n/a")) == sorted(
    "n/a" if row["net_usd"] is None else f"{Decimal(row['net_usd']):.12f}" for row in report()["decisions"]
)
print("equal to the report, to the last digit")
