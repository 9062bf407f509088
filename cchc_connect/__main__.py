"""`python -m cchc_connect`: the command line `cchc-connect`; a module of its own because Python looks for this name."""

import sys

from cchc_connect.cli import main

if __name__ == "__main__":
    sys.exit(main())
