"""python3 -m install demo | test: what a new machine needs, and then the job itself."""

from __future__ import annotations

import sys

from install import demo, environment, test

JOBS = {"demo": demo.run, "test": test.run}

USAGE = """usage: python3 -m install demo [--out DIR]   denoise the sample frames on a real server
       python3 -m install test [...]         every check and test; words after it go to pytest"""


def main(words: list[str]) -> int:
    if not words or words[0] not in JOBS:
        print(USAGE)
        return 0 if words and words[0] in ("-h", "--help") else 2
    try:
        python = environment.prepare()
        return JOBS[words[0]](python, words[1:])
    except environment.MissingError as error:
        print("install: %s\n  %s" % (error, error.remedy), file=sys.stderr)
        return 7
    except KeyboardInterrupt:
        print("install: interrupted; run the same command again to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
