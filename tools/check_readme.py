"""Checks that the output shown in Markdown files is what natlens prints.

A comment `<!-- natlens: ARGS -->` vouches for the fenced block that follows it: the block must equal the standard
output of `natlens ARGS`, run in the root of the repository, but for spaces at line ends and blank lines at the end.

`<!-- natlens 1-30: ARGS -->` vouches for lines 1 to 30 of the output only.

    check_readme.py [--update] BINARY FILE...

--update rewrites the blocks instead. A file without such a comment is an error: it would check nothing.
"""

import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"^<!-- natlens(?: (?P<first>[0-9]+)-(?P<last>[0-9]+))?:(?P<args>[^\n]*?)-->[ \t]*\n"
    r"\s*?^(?P<fence>`{3,})[^\n`]*\n(?P<body>.*?)^(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"^<!-- natlens\b", re.MULTILINE)


class Failure(Exception):
    """What stops the check of a file."""


def output(binary: str, args: str) -> str:
    """What the command prints on a machine whose settings nobody touched."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("NATLENS_", "XDG_CONFIG_"))}
    mine |= {"NO_COLOR": "1", "LC_ALL": "C.UTF-8", "HOME": os.devnull, "NATLENS_NO_CACHE": "true"}
    run = subprocess.run(
        [binary, *shlex.split(args)],
        cwd=ROOT, env=mine, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=600, check=False,
    )
    if run.returncode != 0:
        raise Failure(f"natlens{args}: exit code {run.returncode}\n{run.stderr}")
    return tidy(run.stdout)


def tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)


def check(path: Path, binary: str, update: bool) -> bool:
    """Whether the file's blocks are true; with `update`, makes them so."""
    text = path.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    if len(blocks) != len(MARK.findall(text)):
        raise Failure(f"{path}: a `<!-- natlens: ARGS -->` comment has no fenced block after it")
    if not blocks:
        raise Failure(f"{path}: no `<!-- natlens: ARGS -->` comment, so nothing was checked")
    parts, end, same = [], 0, True
    for block in blocks:
        args = " " + block["args"].strip()
        expected, shown = output(binary, args), tidy(block["body"])
        if block["first"]:
            first, last = int(block["first"]), int(block["last"])
            expected = tidy("\n".join(expected.splitlines()[first - 1 : last]))
        parts += [text[end:block.start("body")], expected]
        end = block.end("body")
        if expected != shown and not update:
            line = text.count("\n", 0, block.start("body")) + 1
            diff = difflib.unified_diff(
                shown.splitlines(), expected.splitlines(), f"{path}:{line}", f"natlens{args}", lineterm="", n=1
            )
            print("\n".join(diff), file=sys.stderr)
            same = False
    if update:
        path.write_text("".join(parts) + text[end:], encoding="utf-8")
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="rewrite the blocks")
    parser.add_argument("binary", metavar="BINARY")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    given = parser.parse_args()
    same = [check(path, str(Path(given.binary).resolve()), given.update) for path in given.files]
    if not all(same):
        print("hint: tools/check_readme.py --update BINARY FILE rewrites the blocks", file=sys.stderr)
    return 0 if all(same) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"error: {error}")
