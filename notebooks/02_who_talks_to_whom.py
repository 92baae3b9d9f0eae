# %% [markdown]
# # Who talks to whom
#
# Which clients, VPCs and zones the bytes come from, and which services they go to.

# %%
from collections import Counter

import altair as alt
import polars as pl
from dataset import COLOURS, REST, agree, few, month, per_gb, report, table, total

traffic, clients = table("traffic"), table("clients")
traffic = traffic.with_columns((pl.col("upload_bytes") + pl.col("download_bytes")).alias("bytes"))
clients = clients.with_columns((pl.col("upload_bytes") + pl.col("download_bytes")).alias("bytes"))
month()

# %% [markdown]
# ## VPCs and services
#
# A VPC is the client's own, not the gateway's. `unknown` is where the inventory does not say.

# %%
pairs = (
    few(traffic, "service", "bytes", 14)
    .with_columns(pl.col("vpc_id").fill_null("unknown"))
    .group_by("vpc_id", "service")
    .agg(pl.col("bytes").sum())
    .with_columns(per_gb("bytes"))
)
base = alt.Chart(pairs, title="GB by client VPC and service", width=alt.Step(150)).encode(
    x=alt.X("vpc_id:N", title=None, axis=alt.Axis(labelAngle=0)),
    y=alt.Y("service:N", title=None, sort=alt.EncodingSortField("gb", op="sum", order="descending")),
)
cells = base.mark_rect().encode(
    color=alt.Color("gb:Q", title="GB", scale=alt.Scale(type="sqrt", scheme="blues")),
    tooltip=["vpc_id", "service", alt.Tooltip("gb:Q", format=",.2f")],
)
middle = pairs["gb"].max() / 3 if len(pairs) else 0
cells + base.mark_text(fontSize=10).encode(
    text=alt.Text("gb:Q", format=",.1f"), color=alt.condition(f"datum.gb > {middle}", alt.value("white"), alt.value("#333"))
)

# %% [markdown]
# ## The largest clients
#
# Nearly always a few clients are most of it.

# %%
largest = clients.sort("bytes", "client", descending=[True, False]).head(15)
ways = (
    largest.with_columns(
        pl.concat_str([pl.coalesce("name", "client"), pl.lit("  "), pl.coalesce("kind", pl.lit(""))]).str.strip_chars().alias("who"),
        per_gb("upload_bytes"),
        per_gb("download_bytes"),
    )
    .rename({"upload_gb": "upload", "download_gb": "download"})
    .unpivot(["upload", "download"], index=["who", "client", "vpc_id"], variable_name="direction", value_name="gb")
)
alt.Chart(ways, title="GB of the largest clients").mark_bar().encode(
    x=alt.X("gb:Q", title=None),
    y=alt.Y("who:N", title=None, sort=alt.EncodingSortField("gb", op="sum", order="descending")),
    color=alt.Color("direction:N", title=None, scale=alt.Scale(domain=["download", "upload"], range=COLOURS[:2])),
    tooltip=["client", "vpc_id", "direction", alt.Tooltip("gb:Q", format=",.2f")],
)

# %%
ranked = clients.sort("bytes", descending=True).with_columns(
    (pl.int_range(pl.len()) + 1).alias("clients"), (pl.col("bytes").cum_sum() / pl.col("bytes").sum()).alias("share")
)
few_of_all = int((ranked["share"] < 0.8).sum()) + 1
curve = alt.Chart(ranked.select("clients", "share"), title=f"{min(few_of_all, len(ranked))} of {len(ranked)} clients are 80 % of the bytes")
curve.mark_line(color=COLOURS[0], point=True).encode(
    x=alt.X("clients:Q", title="clients, largest first"), y=alt.Y("share:Q", title="share of bytes", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
) + alt.Chart(pl.DataFrame({"at": [0.8]})).mark_rule(color=REST, strokeDash=[4, 4]).encode(y="at:Q")

# %% [markdown]
# ## When
#
# A service that comes every day is a candidate for an endpoint; one that came once is a migration.

# %%
days = (
    few(traffic, "service", "bytes", 12).group_by("day", "service").agg(pl.col("bytes").sum()).with_columns(per_gb("bytes"))
)
alt.Chart(days, title="GB by day (UTC) and service").mark_rect().encode(
    x=alt.X("yearmonthdate(day):O", title=None, axis=alt.Axis(format="%d", labelAngle=0)),
    y=alt.Y("service:N", title=None, sort=alt.EncodingSortField("gb", op="sum", order="descending")),
    color=alt.Color("gb:Q", title="GB", scale=alt.Scale(type="sqrt", scheme="blues")),
    tooltip=["day", "service", alt.Tooltip("gb:Q", format=",.2f")],
)

# %% [markdown]
# ## How the names are known
#
# `rule` is your own; `none` is an address that nothing names.

# %%
known = traffic.group_by("evidence").agg(pl.col("bytes").sum(), pl.col("service").n_unique().alias("services")).with_columns(per_gb("bytes"))
alt.Chart(known, title="GB by evidence").mark_bar().encode(
    x=alt.X("gb:Q", title=None), y=alt.Y("evidence:N", title=None, sort="-x"), tooltip=["evidence", "services", alt.Tooltip("gb:Q", format=",.2f")]
).properties(height=160)

# %% [markdown]
# ## Does it add up?
#
# Clients and traffic are the same bytes twice over, and both are those of the report.

# %%
agree(total(traffic, "bytes"), "observed_bytes")
agree(total(clients, "bytes"), "observed_bytes")

services = Counter()
for row in report()["traffic"]:
    services[row["service"]] += row["upload_bytes"] + row["download_bytes"]
found = dict(traffic.group_by("service").agg(pl.col("bytes").sum()).iter_rows())
assert found == dict(services), "a service has other bytes than in the report"

named = {(row["client"], row["vpc_id"]): row["upload_bytes"] + row["download_bytes"] for row in report()["clients"]}
named.pop(("(other)", None), None)
for client, vpc, size in clients.select("client", "vpc_id", "bytes").iter_rows():
    assert named.pop((client, vpc), size) == size, f"{client} has other bytes than in the report"
assert not named, f"clients of the report that the table lacks: {named}"
print("equal to the report, byte for byte")
