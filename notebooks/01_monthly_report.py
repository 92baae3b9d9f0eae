# %% [markdown]
# # The monthly NAT report
#
# What the NAT gateways cost in a month, what it was spent on, and what to do about it. It reads what
# `natlens export BUNDLE --to DIR` wrote; nothing is priced or decided here.
#
# `NATLENS_EXPORT` names DIR; without it, the notebook looks at `sample-data/`.

# %%
from decimal import Decimal

import altair as alt
import polars as pl
from dataset import COLOURS, GAIN, LOSS, REST, agree, as_float, billed_by_name, few, month, per_gb, report, show, table, total

summary = table("summary").row(0, named=True)
traffic, gateways, decisions, findings = (table(name) for name in ["traffic", "nat_gateways", "decisions", "findings"])
currency = summary["currency"]
month()

# %% [markdown]
# ## The month in one table
#
# `n/a` is a number that the inputs cannot give. It is not zero.

# %%
lines = [
    ("Data processing on the bill", summary["data_usd"]),
    ("… of which flow logs explain", summary["attributed_usd"]),
    ("… of which no flow log explains", summary["unobserved_usd"]),
    ("Gateway hours", summary["hours_usd"]),
    ("Endpoints would avoid", summary["avoidable_usd"]),
    ("… and would cost", summary["endpoint_usd"]),
    ("Net saving by endpoints", summary["net_saving_usd"]),
    ("Saving on the gateways themselves", summary["gateway_saving_usd"]),
]
pl.DataFrame({"": [name for name, _ in lines], f"{currency}, {summary['cost_basis']}": [show(usd) for _, usd in lines]})

# %% [markdown]
# ## What the bytes were for
#
# Both directions are billed; downloads are usually most of it.

# %%
by_service = traffic.group_by("service", "endpoint").agg(
    pl.col("upload_bytes", "download_bytes").sum(), pl.col("usd").sum(), pl.col("usd").is_null().any().alias("unpriced")
)
carried = {"gateway": "gateway endpoint (free)", "interface": "interface endpoint (paid)", "none": "no endpoint"}
top = (
    few(by_service, "service", "usd", 12)
    .with_columns(pl.col("endpoint").replace(carried))
    .group_by("service", "endpoint")
    .agg(pl.col("usd", "upload_bytes", "download_bytes").sum())
    .with_columns(as_float("usd"), per_gb("upload_bytes"), per_gb("download_bytes"))
)
alt.Chart(top, title=f"Cost of the observed bytes by service, {currency}").mark_bar().encode(
    x=alt.X("usd:Q", title=None, axis=alt.Axis(format=",.0f")),
    y=alt.Y("service:N", title=None, sort="-x"),
    color=alt.Color("endpoint:N", title="Could go through", scale=alt.Scale(domain=list(carried.values()), range=[GAIN, COLOURS[0], REST])),
    tooltip=[
        "service",
        "endpoint",
        alt.Tooltip("usd:Q", format=",.2f"),
        alt.Tooltip("upload_gb:Q", format=",.1f"),
        alt.Tooltip("download_gb:Q", format=",.1f"),
    ],
)

# %% [markdown]
# ## Day by day

# %%
daily = (
    few(traffic.with_columns((pl.col("upload_bytes") + pl.col("download_bytes")).alias("bytes")), "service", "bytes", 6)
    .group_by("day", "service")
    .agg(pl.col("bytes").sum())
    .with_columns(per_gb("bytes"))
    .sort("day", "service")
)
alt.Chart(daily, title="GB through NAT gateways, by day (UTC) and service").mark_bar().encode(
    x=alt.X("yearmonthdate(day):T", title=None, axis=alt.Axis(format="%d %b")),
    y=alt.Y("gb:Q", title="GB"),
    color=alt.Color("service:N", title=None, sort=alt.EncodingSortField("gb", op="sum", order="descending")),
    tooltip=["day", "service", alt.Tooltip("gb:Q", format=",.1f")],
)

# %% [markdown]
# ## The gateways
#
# What the logs explain of each gateway's data cost, and what they do not.

# %%
called = pl.coalesce("name", "nat_gateway_id").alias("gateway")
parts = {"attributed_usd": "explained by flow logs", "unobserved_usd": "unobserved"}
costs = (
    gateways.select(called, as_float("coverage"), "diagnosis", *[as_float(part, name) for part, name in parts.items()])
    .unpivot(index=["gateway", "coverage", "diagnosis"], variable_name="part", value_name="usd")
    .drop_nulls("usd")
)
alt.Chart(costs, title=f"Data cost of each gateway, {currency}").mark_bar().encode(
    x=alt.X("usd:Q", title=None, axis=alt.Axis(format=",.0f")),
    y=alt.Y("gateway:N", title=None, sort="-x"),
    color=alt.Color("part:N", title=None, scale=alt.Scale(domain=list(parts.values()), range=[COLOURS[0], REST])),
    tooltip=["gateway", "part", alt.Tooltip("usd:Q", format=",.2f"), "coverage", "diagnosis"],
)

# %% [markdown]
# ## What to do
#
# Endpoints that pay, and with the same arithmetic those that do not (`keep-nat`).

# %%
figures = ["avoided_usd", "endpoint_hours_usd", "endpoint_data_usd", "net_usd", "break_even_gb"]
decisions.sort("net_usd", descending=True, nulls_last=True).select(
    "action", "service", "vpc_id", per_gb("bytes").round(1), *[pl.col(name).cast(pl.Float64).round(2) for name in figures]
)

# %%
acted = decisions.filter(pl.col("action") != "keep-nat")
steps = [
    ("data processing", summary["data_usd"] if summary["data_usd"] is not None else summary["attributed_usd"], "level"),
    ("avoided by endpoints", -summary["avoidable_usd"], "gain"),
    ("endpoints cost", summary["endpoint_usd"], "cost"),
]
edges, at = [], Decimal(0)
for name, usd, kind in steps:
    if usd is not None:
        edges.append({"step": name, "from": float(at), "to": float(at + usd), "usd": float(usd), "kind": kind})
        at += usd
edges.append({"step": "what remains", "from": 0.0, "to": float(at), "usd": float(at), "kind": "level"})
alt.Chart(pl.DataFrame(edges), title=f"From the bill to what remains, {currency}").mark_bar(size=46).encode(
    x=alt.X("step:N", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
    y=alt.Y("from:Q", title=None, axis=alt.Axis(format=",.0f")),
    y2="to:Q",
    color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["gain", "cost", "level"], range=[GAIN, LOSS, COLOURS[0]])),
    tooltip=["step", alt.Tooltip("usd:Q", format=",.2f")],
).properties(width=520)

# %% [markdown]
# Gateways that need not be, whatever endpoints there are:

# %%
findings.select("kind", "nat_gateway_id", pl.col("usd").cast(pl.Float64).round(2), "reason")

# %% [markdown]
# ## Does it add up?
#
# The tables must equal the JSON report of the command line to the last digit.

# %%
agree(total(traffic, "upload_bytes") + total(traffic, "download_bytes"), "observed_bytes")
agree(total(traffic, "usd"), "attributed_usd")
agree(total(acted, "avoided_usd"), "avoidable_usd")
agree(total(acted, "net_usd"), "net_saving_usd")
agree(total(findings, "usd"), "gateway_saving_usd")
if billed_by_name(gateways):
    for name in ["data_usd", "hours_usd", "unobserved_usd", "billed_bytes"]:
        agree(total(gateways, name), name)
for name in set(summary) & set(report()["summary"]):
    agree(summary[name], name)
assert len(decisions) == len(report()["decisions"]) and len(gateways) == len(report()["nat_gateways"])
print("equal to the report, to the last digit")
