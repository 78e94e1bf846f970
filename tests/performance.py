"""The README's performance section, measured anew.

    python tests/performance.py

runs `answerprint bench` and writes what it prints, and its plot, into the README. Nothing else
should run on the machine: the benchmark says in each row what others had of it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
README = PROJECT / "README.md"
PLOT = PROJECT / ".github" / "bench.png"
BLOCK = re.compile(r"(```text\n\$ answerprint bench --plot bench\.png\n).*?(```)", re.DOTALL)


def main() -> int:
    words = [sys.executable, "-m", "answerprint.cli", "bench", "--plot", str(PLOT)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout)
    if done.returncode:
        return done.returncode
    told = re.sub(r"/\S*/answerprint-bench-\w+", "/tmp/answerprint-bench", done.stdout)
    told = told.replace(str(PLOT), "bench.png")
    text = README.read_text(encoding="utf-8")
    assert BLOCK.search(text), "the README has no place for what the benchmark prints"
    README.write_text(BLOCK.sub(lambda held: held[1] + told + held[2], text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
