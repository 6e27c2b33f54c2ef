"""`python -m shared_router`: the command `routellm`."""

import sys

from shared_router.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
