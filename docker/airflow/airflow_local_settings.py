"""Loaded by every Airflow process. The scheduler imports the heavy libraries once, and its task processes are forks.

A task that imports Great Expectations by itself takes 2.5 s to start; one that inherits it, 0.6 s.
"""

from __future__ import annotations

import logging
import os
import sys

os.environ.setdefault("TQDM_DISABLE", "1")
logging.getLogger("great_expectations").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)
logging.getLogger("kafka").setLevel(logging.WARNING)

if "scheduler" in sys.argv[1:2]:
    from importlib import import_module

    for _name in ("cedarpy", "pipelines.operation"):
        import_module(_name)
    from expectations.gate import warm

    warm()
