"""`python -m shared_router`: the command `routellm`."""

import sys

from shared_router.cli import main

sys.exit(main())
