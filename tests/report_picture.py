"""`make report-picture`: the picture in README.md, the top of the report that the last `make demo` wrote.

A headless Chromium draws the page, and Pillow reduces it to the few colours that it has. Another report can be given:
`.venv/bin/python tests/report_picture.py out/mine/report/report.html`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

REPO = Path(__file__).parents[1]
PICTURE = REPO / "pipeline" / "report" / "report.png"
REPORT = REPO / "out" / "demo" / "report" / "report.html"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1180, 1620
COLOURS = 256
"""Enough for smooth letters in the report's few tones, at a third of the size."""


def main(report: Path) -> int:
    """Write the picture of a report; return 4 where the report or a browser is missing."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.stderr.write(
            f"None of {', '.join(BROWSERS)} is on PATH. Install one, and a font as wide as Arial "
            f"(Debian: chromium-headless-shell, fonts-liberation).\n"
        )
        return 4
    if not report.is_file():
        sys.stderr.write(f"There is no {report}. Run `make demo` first.\n")
        return 4
    with tempfile.TemporaryDirectory(prefix="awqctl-picture-") as folder:
        drawn = Path(folder) / "report.png"
        # The page is our own file, which fetches nothing; Chromium's sandbox does not start for root.
        line = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}"]
        line += [f"--user-data-dir={folder}/profile", f"--screenshot={drawn}", report.resolve().as_uri()]
        subprocess.run(line, check=True, timeout=120, stderr=subprocess.DEVNULL)
        with Image.open(drawn) as image:
            reduced = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    reduced.save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(REPO)}: {PICTURE.stat().st_size / 1000:.0f} kB of {report}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPORT))
