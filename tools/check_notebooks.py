"""Runs the notebooks on a dataset and a report, from top to bottom, as Jupyter would.

    check_notebooks.py NATLENS BUNDLE              # export the bundle, report it, run every notebook on that; then once more
                                                   # with its flow logs alone, and with its bill alone
    check_notebooks.py NATLENS BUNDLE --save DIR   # and keep what they showed: DIR/NAME.html, and each chart as SVG
    check_notebooks.py --pair                      # write each .ipynb anew from its .py

A notebook is two files: NAME.py (jupytext's percent format, to read and to review) and NAME.ipynb (to open). They must hold the
same cells, and the second no outputs: what is committed is the question, not last month's answer.

Needs the packages of notebooks/requirements.txt.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
BEFORE_SPEC = "})("  # how Altair's HTML hands the chart to vega-embed
HEADER = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources() -> list[Path]:
    return [path for path in sorted(NOTEBOOKS.glob("*.py")) if path.name[0].isdigit()]


def from_text(path: Path) -> nbformat.NotebookNode:
    """The notebook that a .py says, with nothing in it that changes from one writing to the next."""
    notebook = jupytext.read(path, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(HEADER)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cell.metadata = nbformat.from_dict({key: value for key, value in cell.metadata.items() if key == "tags"})
    return notebook


def written(notebook: nbformat.NotebookNode) -> str:
    return nbformat.writes(notebook, version=4) + "\n"


def pair() -> None:
    for path in sources():
        path.with_suffix(".ipynb").write_text(written(from_text(path)), encoding="utf-8")


def chart(output: nbformat.NotebookNode) -> dict | None:
    """The Vega-Lite chart in an output, if it is one."""
    html = "".join(output.get("data", {}).get("text/html", ""))
    if "vegaEmbed" not in html:
        return None
    return json.JSONDecoder().raw_decode(html, html.rindex(BEFORE_SPEC) + len(BEFORE_SPEC))[0]


def charts(notebook: nbformat.NotebookNode) -> list[dict]:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [found for found in map(chart, outputs) if found]


def empty(chart: dict) -> bool:
    """Whether a chart has no data at all: it would show axes and nothing else."""
    return not any(chart.get("datasets", {}).values())


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs."""
    place = {"metadata": {"path": str(NOTEBOOKS)}}
    client = NotebookClient(
        from_text(path), timeout=300, kernel_name="python3", resources=place, extra_arguments=["--log-level=ERROR"]
    )
    return client.execute()


def run(path: Path, keep: Path | None, whole: bool) -> str | None:
    """What is wrong with a notebook, if anything. With a whole bundle, every chart must show something."""
    other = path.with_suffix(".ipynb")
    if not other.exists() or other.read_text(encoding="utf-8") != written(from_text(path)):
        return f"{other.name} is not {path.name}, without outputs: python3 tools/check_notebooks.py --pair"
    try:
        notebook = execute(path)
    except CellExecutionError as error:
        return f"{path.name}: {error}"
    if not whole:
        return None
    if keep:
        save(notebook, keep / path.stem)
    drawn = charts(notebook)
    if not drawn or any(empty(chart) for chart in drawn):
        return f"{path.name}: {len(drawn)} charts, {sum(map(empty, drawn))} of them without data"
    if agrees_with(path, spoilt(os.environ["NATLENS_REPORT"])):
        return f"{path.name} takes a report for its own whose every total is another"
    last = [output.get("text", "") for output in notebook.cells[-1].outputs]
    print(f"{path.stem}: {len(drawn)} charts; {''.join(last).strip()}")
    return None


def spoilt(report: str) -> str:
    """The report with a byte and a millionth more in each total."""
    other = Path(report).with_name("spoilt.json")
    values = json.loads(Path(report).read_text(encoding="utf-8"))
    more = {key: value + 1 if isinstance(value, int) else str(Decimal(value) + Decimal("0.000001")) for key, value in values["summary"].items() if value is not None}
    other.write_text(json.dumps(values | {"summary": values["summary"] | more}), encoding="utf-8")
    return str(other)


def agrees_with(path: Path, report: str) -> bool:
    """Whether a notebook runs through beside this report."""
    right = os.environ["NATLENS_REPORT"]
    os.environ["NATLENS_REPORT"] = report
    try:
        execute(path)
    except CellExecutionError as error:
        if "AssertionError" not in str(error):
            raise
        return False
    finally:
        os.environ["NATLENS_REPORT"] = right
    return True


def save(notebook: nbformat.NotebookNode, to: Path) -> None:
    import vl_convert

    to.parent.mkdir(parents=True, exist_ok=True)
    body = []
    numbers = itertools.count(1)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            body.append(f"<pre>{cell.source}</pre>")
            continue
        for output in cell.outputs:
            data = output.get("data", {})
            drawn = chart(output)
            if drawn:
                svg = vl_convert.vegalite_to_svg(json.dumps(drawn))
                to.with_name(f"{to.name}_{next(numbers)}.svg").write_text(svg, encoding="utf-8")
                body.append(svg)
            elif "text/html" in data:
                body.append(data["text/html"])
            else:
                body.append(f"<pre>{output.get('text') or data.get('text/plain', '')}</pre>")
    to.with_suffix(".html").write_text("<meta charset='utf-8'>\n" + "\n".join(body), encoding="utf-8")


def prepare(natlens: str, bundle: str, part: str | None, scratch: Path) -> None:
    """Dataset and report of a bundle, or of one of its parts, where the notebooks will look for them."""
    if part:
        (scratch / "bundle").mkdir()
        (scratch / "bundle" / part).symlink_to(Path(bundle, part).resolve())
        bundle = str(scratch / "bundle")
    export, report = scratch / "export", scratch / "report.json"
    subprocess.run([natlens, "export", bundle, "--to", export, "-q"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([natlens, "report", bundle, "--format", "json", "-o", report, "-q"], check=True)
    os.environ |= {"NATLENS_EXPORT": str(export), "NATLENS_REPORT": str(report), "IPYTHONDIR": str(scratch / "ipython")}
    os.environ.pop("NATLENS_MONTH", None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("natlens", nargs="?", help="the binary")
    parser.add_argument("bundle", nargs="?", help="the bundle that is exported")
    parser.add_argument("--save", type=Path, help="folder for what the notebooks show")
    parser.add_argument("--pair", action="store_true", help="write the .ipynb files and run nothing")
    arguments = parser.parse_args()
    if arguments.pair:
        pair()
        return
    if not arguments.natlens or not arguments.bundle:
        parser.error("NATLENS and BUNDLE are needed")
    found = []
    for parts in (None, "flow-logs", "billing"):
        with tempfile.TemporaryDirectory() as scratch:
            prepare(arguments.natlens, arguments.bundle, parts, Path(scratch))
            for path in sources():
                found.append(run(path, arguments.save if parts is None else None, whole=parts is None))
    # A bill that names no gateway.
    with tempfile.TemporaryDirectory() as scratch:
        bundle = str(Path(scratch, "simulated"))
        options = ["--records", "2000", "--objects", "2", "--bill-format", "cost-explorer"]
        subprocess.run([arguments.natlens, "simulate", "--to", bundle, *options], check=True, capture_output=True)
        prepare(arguments.natlens, bundle, None, Path(scratch))
        found += [run(path, None, whole=False) for path in sources()]
    wrong = [what for what in found if what]
    if wrong or not found:
        sys.exit("\n".join(wrong) or "no notebooks")


main()
