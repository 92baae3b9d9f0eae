"""Whether the comparison would notice a wrong answer. Measures nothing, starts nothing: `python3 -m unittest discover -s benches`."""

import copy
import tempfile
import unittest
from pathlib import Path

from side_by_side import answers, measure, table

CLIENTS = [{"client": "10.0.0.1", "upload_bytes": 10, "download_bytes": 20}]
RECORDS = {"read": 9, "counted": 3, "mirror": 1, "not_nat": 0, "out_of_window": 1, "duplicate": 0}
RECORDS |= {"rejected": 1, "nodata": 1, "skipdata": 1, "malformed": 1}
RECORD_BYTES = {"counted": 30, "mirror": 30, "not_nat": 0, "rejected": 5, "out_of_window": 7, "duplicate": 0}
GATEWAY = {"nat_gateway_id": "nat-1", "upload_bytes": 10, "download_bytes": 20, "mirror_bytes": 30, "unsolicited_bytes": 0}
REPORT = {"records": RECORDS, "record_bytes": RECORD_BYTES, "clients": CLIENTS, "nat_gateways": [GATEWAY]}
TRUTH = REPORT | {"nat_gateways": [GATEWAY | {"logged": True}]}
TOTALS = {"records": 5, "bytes": 67, "pairs": 3}
# Source, destination, inside the period, bytes, records.
PAIRS = [
    ["10.0.0.1", "52.0.0.1", True, 10, 1],
    ["52.0.0.1", "10.0.0.1", True, 20, 2],
    ["10.0.0.1", "52.0.0.1", False, 7, 1],
    ["10.9.0.1", "52.0.0.1", True, 30, 1],
]
BILLED = {"nat_gateway_id": "nat-1", "billed_bytes": 100, "data_usd": "0.3", "hours_usd": "2"}
BILL = {"nat_gateways": [BILLED]}
BILL_TRUTH = {
    "billing": {"nat_gateways": [BILLED | {"billed_bytes": 50, "data_usd": {"unblended": "0.15"}, "hours_usd": {"unblended": "1"}}]}
}
SUMS = [
    ["USE1-NatGateway-Bytes", "arn:aws:ec2:natgateway/nat-1", "1", "0.30", 4],
    ["USE1-NatGateway-Hours", "arn:aws:ec2:natgateway/nat-1", "1", "2.0", 2],
    ["BoxUsage", None, "1", "7", 1],
]
BILL_TOTALS = {"lines": 7, "cost": "9.3000"}


class Answers(unittest.TestCase):
    def wrong(self, check, *arguments: object) -> None:
        with self.assertRaises(measure.Failed):
            check(*arguments)

    def test_right_answers_pass(self) -> None:
        answers.report_of_flow_logs(REPORT, TRUTH)
        answers.totals(TOTALS, REPORT)
        answers.pairs(PAIRS, TOTALS, REPORT)
        answers.report_of_bill(BILL, BILL_TRUTH, 2)
        answers.bill_sums(SUMS, BILL_TOTALS, BILL)

    def test_every_number_of_a_report_counts(self) -> None:
        for part, name in [("records", "counted"), ("records", "malformed"), ("record_bytes", "mirror")]:
            report = copy.deepcopy(REPORT)
            report[part][name] += 1
            self.wrong(answers.report_of_flow_logs, report, TRUTH)
        for part, name in [("nat_gateways", "mirror_bytes"), ("clients", "download_bytes")]:
            report = copy.deepcopy(REPORT)
            report[part][0][name] += 1
            self.wrong(answers.report_of_flow_logs, report, TRUTH)
        self.wrong(answers.report_of_flow_logs, REPORT, TRUTH, 2)
        self.wrong(answers.report_of_flow_logs, REPORT | {"clients": []}, TRUTH)

    def test_totals_are_those_of_accepted_records(self) -> None:
        self.wrong(answers.totals, TOTALS | {"records": 6}, REPORT)
        self.wrong(answers.totals, TOTALS | {"bytes": 72}, REPORT)

    def test_bytes_of_the_wrong_pair_are_noticed(self) -> None:
        moved = copy.deepcopy(PAIRS)
        moved[0][3], moved[3][3] = moved[3][3], moved[0][3]
        self.wrong(answers.pairs, moved, TOTALS, REPORT)
        self.wrong(answers.pairs, PAIRS[:-1], TOTALS, REPORT)
        self.wrong(answers.pairs, PAIRS, TOTALS | {"pairs": 4}, REPORT)

    def test_bills_are_compared_to_the_last_digit(self) -> None:
        self.wrong(answers.report_of_bill, {"nat_gateways": [BILLED | {"data_usd": "0.300000000001"}]}, BILL_TRUTH, 2)
        self.wrong(answers.report_of_bill, BILL, BILL_TRUTH, 1)
        for row, number, value in [(0, 3, "0.31"), (1, 3, "1.9"), (0, 4, 5)]:
            sums = copy.deepcopy(SUMS)
            sums[row][number] = value
            self.wrong(answers.bill_sums, sums, BILL_TOTALS, BILL)


class Table(unittest.TestCase):
    def test_a_target_is_met_at_its_limit_and_not_past_it(self) -> None:
        self.assertEqual([table.at_most("", found, 2).met for found in (1.9, 2, 2.1)], [True, True, False])
        self.assertEqual([table.at_least("", found, 2, "").met for found in (1.9, 2, 2.1)], [False, True, True])

    def test_only_what_lies_between_the_marks_is_replaced(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "page.md")
            path.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
            table.write(path, "new\n")
            self.assertEqual(path.read_text(encoding="utf-8"), f"before\n{table.BEGIN}\nnew\n{table.END}\nafter\n")
            path.write_text("no marks", encoding="utf-8")
            with self.assertRaises(measure.Failed):
                table.write(path, "new\n")


if __name__ == "__main__":
    unittest.main()
