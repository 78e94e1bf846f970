"""python -m answerprint.cli: the command line without its script."""

import sys

from answerprint.cli import main

if __name__ == "__main__":
    sys.exit(main())
