"""python3 -m install demo | test | nuke | houdini | wheelhouse: what a machine needs, and then the job itself."""

from __future__ import annotations

import io
import sys

from install import demo, environment, houdini, nuke, test, wheelhouse

HERE = {"demo": demo.run, "test": test.run}  # in .venv
ELSEWHERE = {"nuke": nuke.run, "houdini": houdini.run, "wheelhouse": wheelhouse.run}

USAGE = """usage: python3 -m install demo [--out DIR]   denoise the sample frames on a real server
       python3 -m install test [...]         every check and test; words after it go to pytest
       python3 -m install nuke [...]         the panel in Nuke, with an engine of its own
       python3 -m install houdini [...]      the same in Houdini
       python3 -m install wheelhouse DIR     all packages in a folder, for machines without internet"""


def main(words: list[str]) -> int:
    job = words[0] if words else ""
    if job not in HERE and job not in ELSEWHERE:
        print(USAGE)
        return 0 if job in ("-h", "--help") else 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show is no error
            stream.reconfigure(errors="backslashreplace")
    try:
        if job in ELSEWHERE:
            return ELSEWHERE[job](words[1:])
        return HERE[job](environment.prepare(), words[1:])
    except environment.MissingError as error:
        print("install: %s\n  %s" % (error, error.remedy), file=sys.stderr)
        return 7
    except OSError as error:
        print("install: %s" % error, file=sys.stderr)
        print("  Mend that, then run the same command again.", file=sys.stderr)
        return 7
    except KeyboardInterrupt:
        print("install: interrupted; run the same command again to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
