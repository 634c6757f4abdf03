"""`python -m dget`."""

import sys

from dget.cli.main import main

sys.exit(main())
