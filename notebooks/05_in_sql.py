# %% [markdown]
# # The same in SQL
#
# DuckDB reads the exported files where they are. The queries run in Amazon Athena as they stand, on the tables that
# `natlens export --ddl` declares: here a view takes the place of each table.

# %%
from decimal import Decimal

import altair as alt
import duckdb
from dataset import COLOURS, GAIN, REST, agree, folder, month, report

con = duckdb.connect()
for path in sorted(folder().iterdir()):
    if path.is_dir() and not path.name.startswith(("_", ".")):
        con.execute(
            f"CREATE VIEW {path.name} AS SELECT * FROM read_parquet('{path}/*/*/*.parquet', "
            "hive_partitioning = true, hive_types = {'account_id': VARCHAR, 'month': VARCHAR})"
        )


def ask(sql):
    """A query about the month, as a Polars frame."""
    return con.sql(sql.replace("${month}", month())).pl()


month()

# %% [markdown]
# ## What are we paying for?

# %%
services = ask("""
SELECT service, endpoint,
       CAST(sum(upload_bytes) AS BIGINT) AS upload_bytes,
       CAST(sum(download_bytes) AS BIGINT) AS download_bytes,
       CAST(sum(usd) AS DECIMAL(38, 12)) AS usd
FROM traffic
WHERE month = '${month}'
GROUP BY service, endpoint
ORDER BY usd DESC, service
""")
services.head(10)

# %%
chart = services.with_columns(usd=services["usd"].cast(float)).head(10)
alt.Chart(chart, title="Cost of the observed bytes, the ten largest services").mark_bar().encode(
    x=alt.X("usd:Q", title=None, axis=alt.Axis(format=",.0f")),
    y=alt.Y("service:N", title=None, sort="-x"),
    color=alt.Color("endpoint:N", title="Endpoint", scale=alt.Scale(domain=["gateway", "interface", "none"], range=[GAIN, COLOURS[0], REST])),
    tooltip=["service", "endpoint", alt.Tooltip("usd:Q", format=",.2f")],
)

# %% [markdown]
# ## Which endpoints pay, and from how many GB on?

# %%
ask("""
SELECT account_id, region, vpc_id, service, action, bytes / 1073741824 AS gb, break_even_gb,
       avoided_usd, endpoint_hours_usd + endpoint_data_usd AS endpoint_usd, net_usd
FROM decisions
WHERE month = '${month}'
ORDER BY net_usd DESC NULLS LAST, vpc_id, service
""")

# %% [markdown]
# ## What does no flow log explain?

# %%
ask("""
SELECT nat_gateway_id, name, coverage, data_usd, attributed_usd, unobserved_usd, diagnosis
FROM nat_gateways
WHERE month = '${month}'
ORDER BY unobserved_usd DESC NULLS LAST, nat_gateway_id
""")

# %% [markdown]
# ## Which clients?

# %%
ask("""
SELECT client, name, kind, vpc_id, upload_bytes + download_bytes AS bytes, usd
FROM clients
WHERE month = '${month}'
ORDER BY bytes DESC, client
LIMIT 15
""")

# %% [markdown]
# ## How did it go, month by month?
#
# One month as long as there is one; each export adds its own.

# %%
ask("""
SELECT month, data_usd, attributed_usd, unobserved_usd, hours_usd, net_saving_usd
FROM summary
ORDER BY month
""")

# %% [markdown]
# ## Does it add up?

# %%
found = ask("""
SELECT CAST(sum(upload_bytes + download_bytes) AS BIGINT) AS bytes, CAST(sum(usd) AS DECIMAL(38, 12)) AS usd
FROM traffic
WHERE month = '${month}'
""")
agree(found["bytes"][0], "observed_bytes")
agree(found["usd"][0], "attributed_usd")
saved = ask("SELECT CAST(sum(net_usd) AS DECIMAL(38, 12)) AS usd FROM decisions WHERE month = '${month}' AND action <> 'keep-nat'")
agree(saved["usd"][0], "net_saving_usd")

expected = {}
for row in report()["traffic"]:
    key = row["service"], row["endpoint"]
    old = expected.get(key, (0, 0, None))
    # As SQL does: what has no price adds nothing, and of such rows alone there is no sum.
    usd = old[2] if row["usd"] is None else (old[2] or Decimal(0)) + Decimal(row["usd"])
    expected[key] = (old[0] + row["upload_bytes"], old[1] + row["download_bytes"], usd)
assert {(row[0], row[1]): row[2:] for row in services.rows()} == expected, "a service has other sums than in the report"
print("equal to the report, to the last digit")
