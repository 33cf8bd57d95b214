"""`make bench`: `cordon run` at two sizes, and topic to topic beside a plain copy, in one go."""

from __future__ import annotations

import subprocess
import sys

for module in ("bench.run", "bench.topics"):
    subprocess.run([sys.executable, "-m", module, *sys.argv[1:]], check=True)
