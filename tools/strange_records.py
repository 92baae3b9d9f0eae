"""Records that AWS writes seldom or never, for accounts that engines roll up: every engine must read them as natlens does."""

import gzip
import re

import pyarrow as pa
import pyarrow.parquet as pq

NO_ADDRESS = ["1.2.3", "1.2.3.4.5", "256.1.1.1", "0001.2.3.4", "1..2.3", "1.2.3.-1", "1.2.3.4/32", "a.b.c.d", "x:y", "fe80::1%eth0", ":::", "1::2::3",
              "1::2::3:4:5:6:7", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7::8", "1:2:3:4:5:6:7:8:9", "12345::", "::", "0:0:0:0:0:0:0:0", "::ffff:1.2.3.4", "::ffff:102:304",
              "64:ff9b::01.2.3.4", "64:ff9b::1.2.3.256", "-1", "?"]
SPELLED = ["01.2.3.4", "0.0.0.0", "255.255.255.255", "10.0.0.09", "::1", "1::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "2001:DB8::1", "2001:0db8:0:0::1",
           "64:ff9b::1.2.3.4", "64:FF9B::102:304", "64:ff9b:0:0:0:0:102:304", "64:ff9b::", "64:ff9b:1::5", "fd00::1", "fe80::1", "1:0:0:2::3"]
NO_NUMBER = ["abc", "12x4", "-5", "+7", "1.5", "1e3", "0x10", "1_000", "99999999999999999999999", "18446744073709551615", "9223372036854775807", "4611686018427387904",
             "72057594037927937"]
NUMBER = ["007", "00000000000000000000042", "1125899906842624", "0"]
NO_START = ["abc", "-1", "1e9", "1790812800.5", "+1791000000", "17908128000000000", "179081280000000000000"]
START = ["0", "01791000000", "1791000000000", "99999999999", "100000000001", "1790812800000000"]
PORT = ["abc", "-5", "70000", "1e3", "443.0", "0443", "000443", "+443", "-"]
# Ends in two VPCs that have IPv6 blocks, and what is near them.
SIX, OTHER = "2600:1f18:1020:ab00::", "2600:1f18:1030:ab00::"
PAIRS = [
    (SIX + "1", SIX + "2", "45000", "5432"),
    (SIX + "1", OTHER + "9", "45000", "5432"),
    (OTHER + "9", SIX + "1", "5432", "45000"),
    (SIX + "1", "2600:1f18:74aa:bbcc::77", "45000", "443"),
    (SIX + "1", "2600:1f18:1020:ac00::1", "45000", "443"),
    (SIX + "1", "2600:1f18:1030:abff:ffff:ffff:ffff:ffff", "45000", "443"),
    (SIX + "1", OTHER + "9", "45000", "50000"),
    (OTHER + "9", SIX + "1", "50000", "45000"),
    (SIX + "1", OTHER + "9", "0", "7"),
    (OTHER + "9", SIX + "1", "-", "-"),
    (OTHER + "9", SIX + "1", "443", "443"),
    ("10.20.0.9", OTHER + "9", "40000", "50000"),
    (OTHER + "9", "10.20.0.9", "40000", "50000"),
    ("10.20.0.9", SIX + "1", "40000", "443"),
]
# Of a gateway: which of the two addresses it shows, and what stood there.
MIXED = [(SIX + "1", "203.0.113.9"), ("203.0.113.9", SIX + "1"), ("2a00::5", "10.20.0.9"), ("10.20.0.9", "2a00::5"), ("2a00::5", "2a00::6"), ("fe80::5", "203.0.113.9")]


def changes(odd_numbers):
    """Fields and what they become."""
    for field in ("srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"):
        for value in NO_ADDRESS + SPELLED:
            yield {field: value}
    for value in SPELLED:
        yield {"srcaddr": value, "pkt-srcaddr": value}
        yield {"dstaddr": value, "pkt-dstaddr": value}
    for src, dst, src_port, dst_port in PAIRS:
        yield {"srcaddr": src, "pkt-srcaddr": src, "dstaddr": dst, "pkt-dstaddr": dst, "srcport": src_port, "dstport": dst_port}
    yield {"version": "3"}
    yield {"account-id": "-"}
    for src, dst in MIXED:
        yield {"pkt-srcaddr": src, "srcaddr": src, "pkt-dstaddr": dst}
        yield {"pkt-srcaddr": src, "dstaddr": dst, "pkt-dstaddr": dst}
    if odd_numbers:
        for field, values in [("bytes", NO_NUMBER + NUMBER), ("start", NO_START + START), ("srcport", PORT), ("dstport", PORT)]:
            for value in values:
                yield {field: value}


def add(file, columns_of, odd_numbers):
    """Adds such records of up to three interfaces to an object, and says whether it has any; `odd_numbers` whether numbers that are none, too."""
    return add_to_parquet(file, odd_numbers) if file.suffix == ".parquet" else add_to_text(file, columns_of(file), odd_numbers)


def add_to_text(file, columns, odd_numbers):
    packed = file.suffix == ".gz"
    text = (gzip.decompress(file.read_bytes()) if packed else file.read_bytes()).decode()
    columns = [column.replace("_", "-") for column in columns]
    records = likely(dict(zip(columns, line.split(" "))) for line in text.splitlines())
    for record in records:
        for change in changes(odd_numbers):
            for action in ("ACCEPT", "REJECT"):
                text += " ".join({**record, "action": action, **change}[column] for column in columns) + "\n"
    file.write_bytes(gzip.compress(text.encode(), 1, mtime=0) if packed else text.encode())
    return bool(records)


def add_to_parquet(file, odd_numbers):
    """As far as its columns can hold it."""
    table = pq.read_table(file)
    rows, integers = table.to_pylist(), {field.name: field.type.bit_width for field in table.schema if pa.types.is_integer(field.type)}

    def held(name, value):
        bits = integers.get(name.replace("-", "_"))
        return value if bits is None else int(value) if re.fullmatch("-?[0-9]{1,19}", value) and -(2 ** (bits - 1)) <= int(value) < 2 ** (bits - 1) else None

    as_texts = [{name.replace("_", "-"): str(value) for name, value in row.items()} | {"row": row} for row in rows]
    records = likely(as_texts)
    for record in records:
        for change in changes(odd_numbers):
            for action in ("ACCEPT", "REJECT"):
                values = {name.replace("-", "_"): held(name, value) for name, value in change.items()}
                rows.append({name: value for name, value in {**record["row"], "action": action, **values}.items() if name in table.schema.names})
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file, compression="snappy")
    return bool(records)


def likely(records):
    """Accepted records of up to three interfaces."""
    found = {}
    for record in records:
        if record.get("action") == "ACCEPT" and record.get("log-status") == "OK" and record.get("bytes", "").isdigit():
            found.setdefault(record.get("interface-id"), record)
    return list(found.values())[:3]
