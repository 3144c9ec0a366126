"""Where tests find the checkout, and the real data and weights beside it."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("PUGMARK_SHARED", ROOT.parent / "shared"))
