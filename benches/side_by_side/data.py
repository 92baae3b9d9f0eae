"""The data of the comparison: what `natlens simulate` writes, and what is made of it."""

import gzip
import json
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from . import measure

COPIES = 10
"""How many times the records of the text case come in the large one, over the same keys."""
SMALL_OBJECTS = 100_000
SMALL_RECORDS = 10
"""Records of a small object."""
BILL_PARTS = 4


@dataclass(frozen=True)
class Bundle:
    """A folder to read, and what is in it."""

    folder: Path
    truth: dict
    files: int
    stored: int
    """Bytes on disk of the logs or the bill."""
    copies: int = 1
    """How often the simulated lines are repeated; every sum is the truth's times this."""


class Maker:
    """Makes bundles in a folder, each once: what an earlier run left there is used again if it was made the same way."""

    def __init__(self, binary: str, scratch: Path, records: int) -> None:
        self.binary, self.scratch, self.records = binary, scratch, records

    def _once(self, name: str, how: list, make: Callable[[Path], None]) -> Path:
        folder, stamp = self.scratch / name, self.scratch / f"{name}.made.json"
        said = json.dumps(how)
        if not (stamp.exists() and stamp.read_text(encoding="utf-8") == said):
            stamp.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            stamp.write_text(said, encoding="utf-8")
        return folder

    def _simulated(self, name: str, options: list[str]) -> Path:
        def make(folder: Path) -> None:
            subprocess.run([self.binary, "simulate", "--to", str(folder), *options], check=True, env=measure.environment())

        return self._once(name, options, make)

    def flow_logs(self, form: str, fields: str = "full", vantage: str = "nat") -> Bundle:
        """A month of flow logs of 2,000 clients behind six gateways, sixteen objects a flow log."""
        options = ["--records", str(self.records), "--objects", "16", "--fields", fields, "--seed", "7", "--clients", "2000"]
        options += ["--logs-only", "--log-file-format", form, "--vantage", vantage]
        return bundle(self._simulated(form, options), "flow-logs")

    def joined(self, of: Bundle) -> Path:
        """The gzip objects of a bundle one after the other: igzip takes one file, and one start of Python is what it should cost."""

        def make(folder: Path) -> None:
            folder.mkdir()
            with open(folder / "all.gz", "wb") as out:
                for path in objects(of.folder):
                    out.write(path.read_bytes())

        return self._once("joined", [self.records], make) / "all.gz"

    def repeated(self, of: Bundle) -> Bundle:
        """Every object of a gzip bundle ten times, told apart by one NODATA line at its end: ten times the records, the same keys."""

        start = int(datetime.fromisoformat(of.truth["period"]["start"]).timestamp())

        def make(folder: Path) -> None:
            _with_inventory(of, folder)
            for path in objects(of.folder):
                stored = path.read_bytes()
                names, record = _columns_and_first(path)
                if not record:
                    continue
                values = {"version": "5", "start": str(start), "log-status": "NODATA", **dict(list(zip(names, record))[1:3])}
                for copy in range(COPIES):
                    line = " ".join(str(start + copy) if name == "end" else values.get(name, "-") for name in names)
                    into = folder / path.relative_to(of.folder).with_name(_renamed(path, copy))
                    into.parent.mkdir(parents=True, exist_ok=True)
                    into.write_bytes(stored + gzip.compress(f"{line}\n".encode(), mtime=0))

        folder = self._once("repeated", [self.records, COPIES], make)
        return bundle(folder, "flow-logs", of.truth, COPIES)

    def small(self, of: Bundle) -> tuple[Bundle, Bundle, int]:
        """The same records in many small objects and in few, and how many there are of the small ones."""
        wanted = min(SMALL_OBJECTS, self.records // SMALL_RECORDS)
        few, many = self.scratch / "few", self.scratch / "many"

        def make(folder: Path) -> None:
            shutil.rmtree(few, ignore_errors=True)
            _with_inventory(of, few)
            _with_inventory(of, folder)
            left = wanted
            for path in objects(of.folder):
                if left == 0:
                    break
                left -= _split(path, path.relative_to(of.folder), few, folder, left)

        self._once("many", [self.records, wanted, SMALL_RECORDS], make)
        made = bundle(many, "flow-logs", {})
        return made, bundle(few, "flow-logs", {}), made.files

    def bill(self, lines: int) -> Bundle:
        """A CUR in parts whose lines are those of a simulated one, repeated under line item ids of their own."""
        options = ["--records", "20000", "--objects", "2", "--seed", "7", "--clients", "200"]
        options += ["--bill-format", "cur-legacy", "--bill-parts", str(BILL_PARTS)]
        one = self._simulated("bill-once", options)
        truth = json.loads((one / "truth.json").read_text(encoding="utf-8"))
        copies = -(-lines // truth["billing"]["lines"])

        def make(folder: Path) -> None:
            shutil.copytree(one / "billing", folder / "billing")
            first = 0
            for path in sorted((folder / "billing").rglob("*.csv.gz")):
                head, *rest = gzip.decompress(path.read_bytes()).decode().splitlines()
                if any('"\n' in line or not line[0].isdigit() for line in rest):
                    raise measure.Failed(f"{path}: a line of the bill does not begin with its line item id")
                tails = [line.split(",", 1)[1] for line in rest]
                with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="") as out:
                    out.write(head + "\n")
                    for _ in range(copies):
                        out.write("".join(f"{first + at:020d},{tail}\n" for at, tail in enumerate(tails)))
                        first += len(tails)

        folder = self._once("bill", [options, copies], make)
        return bundle(folder, "billing", truth, copies)


def objects(folder: Path) -> list[Path]:
    """The flow log objects of a bundle, in order."""
    return sorted(path for path in (folder / "flow-logs").rglob("*") if path.is_file())


def bundle(folder: Path, part: str, truth: dict | None = None, copies: int = 1) -> Bundle:
    """Looks at what is in a folder."""
    if truth is None:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    sizes = [path.stat().st_size for path in (folder / part).rglob("*") if path.is_file() and path.suffix != ".json"]
    return Bundle(folder, truth, len(sizes), sum(sizes), copies)


def inflated(of: Bundle) -> int:
    """Bytes of text in a bundle of gzip objects of one member each, from what gzip writes at the end of each."""
    return sum(int.from_bytes(path.read_bytes()[-4:], "little") for path in objects(of.folder))


def _with_inventory(of: Bundle, folder: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copytree(of.folder / "inventory", folder / "inventory")


def _renamed(path: Path, copy: int) -> str:
    """The object's key with another suffix, in the place where AWS puts a random one."""
    stem, ending = path.name.removesuffix(".log.gz").rsplit("_", 1)
    return f"{stem}_{(zlib.crc32(ending.encode()) + copy) % 2**32:08x}.log.gz"


def _columns_and_first(path: Path) -> tuple[list[str], list[str]]:
    """The header of an object and its first line, in fields. The second and third are account and interface."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return lines.readline().split(), lines.readline().split()


def _parts(lines: list[str]) -> Iterator[list[str]]:
    rest = iter(lines)
    while part := list(islice(rest, SMALL_RECORDS)):
        yield part


def _split(path: Path, key: Path, few: Path, many: Path, most: int) -> int:
    """Writes at most so many small objects of an object, and one object of the same records. Says how many small ones."""
    head, *lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    parts = list(islice(_parts(lines), most))
    for folder in (few, many):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts):
        (many / key).with_name(_renamed(key, number)).write_bytes(gzip.compress((head + "".join(part)).encode(), 1, mtime=0))
    whole = head + "".join(line for part in parts for line in part)
    (few / key).write_bytes(gzip.compress(whole.encode(), 1, mtime=0))
    return len(parts)
