"""Draws what `natlens` prints, colours included, as an SVG picture for the README.

    make_picture.py BINARY LINES ARGS... > picture.svg

LINES is the number of lines to draw. The same output gives the same picture, byte for byte.
"""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHAR, LINE, MARGIN = 7.83, 18, 16
STYLES = {"1": 'font-weight="bold"', "2": 'opacity="0.6"', "32": 'fill="#3fb950"', "33": 'fill="#d29922"'}
ANSI = re.compile("\x1b\\[([0-9;]*)m")


def spans(line: str) -> str:
    """A line's text with its ANSI styles as tspans."""
    out, style, at = [], [], 0
    for mark in [*ANSI.finditer(line), None]:
        text = html.escape(line[at : mark.start() if mark else len(line)], quote=False)
        if text:
            out.append(f'<tspan {" ".join(style)}>{text}</tspan>' if style else text)
        if mark:
            codes = [code for code in mark[1].split(";") if code not in ("", "0")]
            style = style + [STYLES[code] for code in codes if code in STYLES] if codes else []
            at = mark.end()
    return "".join(out)


def main() -> None:
    binary, count, *args = sys.argv[1:]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("NATLENS_", "XDG_CONFIG_"))}
    env |= {"LC_ALL": "C.UTF-8", "HOME": os.devnull, "NATLENS_NO_CACHE": "true"}
    command = [str(Path(binary).resolve()), *args, "--color", "always"]
    run = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    if run.returncode != 0:
        sys.exit(run.stderr)
    lines = run.stdout.splitlines()[: int(count)]
    width = max(len(ANSI.sub("", line)) for line in lines) * CHAR + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">')
    print("<title>The output of natlens report in a terminal</title>")
    print(f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>')
    print('<g fill="#e6edf3" font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">')
    for row, line in enumerate(lines, start=1):
        plain = len(ANSI.sub("", line).rstrip())
        if plain:
            length = f'textLength="{plain * CHAR:.1f}" lengthAdjust="spacingAndGlyphs"'
            print(f'<text x="{MARGIN}" y="{MARGIN + row * LINE - 5}" {length}>{spans(line.rstrip())}</text>')
    print("</g>\n</svg>")


main()
