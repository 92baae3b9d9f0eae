"""Runs the code cells of a notebook in order, as Jupyter would from top to bottom, and fails where one fails.

    run_notebook.py NOTEBOOK...

A notebook with outputs is refused: what is committed is the question, not last month's answer.
"""

import json
import sys
from pathlib import Path


def run(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    scope: dict = {"__name__": "__main__"}
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] != "code":
            continue
        if cell["outputs"] or cell["execution_count"] is not None:
            sys.exit(f"{path}: cell {number} has outputs; clear them")
        exec(compile("".join(cell["source"]), f"{path}, cell {number}", "exec"), scope)


for name in sys.argv[1:]:
    run(Path(name))
