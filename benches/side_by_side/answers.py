"""Whether what a contestant answered is right. A wrong answer ends the comparison: its time would mean nothing."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from .measure import Failed

ACCEPTED = ("counted", "mirror", "not_nat", "out_of_window", "duplicate")
"""The kinds of record in a report's sums of bytes that flow logs call ACCEPT."""
NOT_ACCEPTED = ("rejected", "nodata", "skipdata", "malformed")


def same(what: str, left: object, right: object) -> None:
    """Fails, saying what differs, unless the two are equal."""
    if left != right:
        raise Failed(f"wrong answer: {what}: {str(left)[:300]} is not {str(right)[:300]}")


def accepted(of: dict, record_bytes: dict) -> tuple[int, int]:
    """ACCEPT records and their bytes, from the counts by kind of a report or a truth."""
    return of["read"] - sum(of[kind] for kind in NOT_ACCEPTED), sum(record_bytes[kind] for kind in ACCEPTED)


def clients_of_report(report: dict) -> dict[str, tuple[int, int]]:
    """Bytes sent and received by each client."""
    return {row["client"]: (row["upload_bytes"], row["download_bytes"]) for row in report["clients"]}


def clients_of_truth(truth: dict, copies: int = 1) -> dict[str, tuple[int, int]]:
    """The same from the truth, where a client has a row for each gateway."""
    sums: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in truth["clients"]:
        up, down = sums[row["client"]]
        sums[row["client"]] = up + row["upload_bytes"] * copies, down + row["download_bytes"] * copies
    return dict(sums)


def clients_of_pairs(pairs: Iterable[list], clients: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The same from pairs inside the period: what a client sent under its own address, and what came back to it."""
    sums = {client: [0, 0] for client in clients}
    for source, destination, inside, total, _ in pairs:
        if inside:
            for address, direction in ((source, 0), (destination, 1)):
                if address in sums:
                    sums[address][direction] += total
    return {client: (up, down) for client, (up, down) in sums.items()}


def report_of_flow_logs(report: dict, truth: dict, copies: int = 1) -> None:
    """A report against the truth: records and bytes of every kind, every gateway, every client."""
    for kind, count in report["records"].items():
        # A repeated object has one NODATA line more than what it repeats.
        if kind not in ("read", "nodata") or copies == 1:
            same(f"{kind} records", count, truth["records"][kind] * copies)
    for kind, count in report["record_bytes"].items():
        same(f"bytes of {kind} records", count, truth["record_bytes"][kind] * copies)
    sums = ("upload_bytes", "download_bytes", "mirror_bytes", "unsolicited_bytes")
    expected = {row["nat_gateway_id"]: [row[name] * copies for name in sums] for row in truth["nat_gateways"] if row["logged"]}
    found = {row["nat_gateway_id"]: [row[name] for name in sums] for row in report["nat_gateways"] if row["nat_gateway_id"] in expected}
    same("bytes of the gateways", found, expected)
    same("bytes of the clients", clients_of_report(report), clients_of_truth(truth, copies))


def totals(answer: dict, report: dict) -> None:
    """A contestant's totals against a report's."""
    records, total = accepted(report["records"], report["record_bytes"])
    same("ACCEPT records", answer["records"], records)
    same("ACCEPT bytes", answer["bytes"], total)


def pairs(rows: list, totals_: dict, report: dict) -> None:
    """Every pair that a contestant found: they sum to its totals, and client by client to the report."""
    same("records of the pairs", sum(row[4] for row in rows), totals_["records"])
    same("bytes of the pairs", sum(row[3] for row in rows), totals_["bytes"])
    same("number of pairs", len({(row[0], row[1]) for row in rows}), totals_["pairs"])
    expected = clients_of_report(report)
    same("bytes of the clients", clients_of_pairs(rows, expected), expected)


def report_of_bill(report: dict, truth: dict, copies: int) -> None:
    """A report on a bill alone against the truth: bytes, data dollars and hour dollars of every gateway."""

    def row(of: dict, data: str, hours: str, times: int) -> tuple[int, Decimal, Decimal]:
        return of["billed_bytes"] * times, Decimal(data) * times, Decimal(hours) * times

    expected = {
        of["nat_gateway_id"]: row(of, of["data_usd"]["unblended"], of["hours_usd"]["unblended"], copies)
        for of in truth["billing"]["nat_gateways"]
    }
    found = {of["nat_gateway_id"]: row(of, of["data_usd"], of["hours_usd"], 1) for of in report["nat_gateways"]}
    same("bytes and dollars of the gateways", found, expected)


def bill_sums(rows: list, answer: dict, report: dict) -> None:
    """Every sum by usage type and resource: they add up to the total, and gateway by gateway to the report."""
    same("lines of the sums", sum(row[4] for row in rows), answer["lines"])
    same("cost of the sums", sum(Decimal(row[3]) for row in rows), Decimal(answer["cost"]))
    found = {}
    for of in report["nat_gateways"]:
        mine = [row for row in rows if (row[1] or "").endswith(f"/{of['nat_gateway_id']}")]
        found[of["nat_gateway_id"]] = [
            sum((Decimal(row[3]) for row in mine if row[0].endswith(kind)), Decimal(0))
            for kind in ("NatGateway-Bytes", "NatGateway-Hours")
        ]
    expected = {of["nat_gateway_id"]: [Decimal(of["data_usd"]), Decimal(of["hours_usd"])] for of in report["nat_gateways"]}
    same("dollars of the gateways", found, expected)
