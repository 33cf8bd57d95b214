"""`cordon run`: incidents per second and core, and peak memory, at two sizes. Time per incident must not grow.

    python -m bench.run [--sizes 5000,50000] [--profile] [--kilobytes 3]

Each size is a process of its own and one JSON line. Start-up (imports, the policy's proof, rules and word lists made
ready; `start_cpu_s`) is measured apart: a service pays it once. What a run itself needs before its first record (a new
database, above all) is the stage `open`. CPU seconds are those of the process; still, a neighbour on the same core
slows each of them down.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NOW = "2026-11-24T09:00:00+00:00"


def _start(folder: Path) -> float:
    """Makes ready what a service makes ready once; returns the CPU seconds of this process so far."""
    from expectations.gate import warm
    from pipelines.context import open_context
    from pipelines.settings import Settings
    from pipelines.tagging.narrative import signals

    warm()
    signals([""])
    with open_context(Settings.from_env({"CORDON_HOME": str(folder / "start")}), seed=1):
        return time.process_time()


def measure(size: int, folder: Path, profile: bool, kilobytes: float) -> None:
    """Runs one size in this process and prints a JSON line."""
    from collections.abc import Iterator
    from datetime import datetime

    start = _start(folder)

    from pipelines import flow
    from pipelines.settings import Settings
    from pipelines.sources.synthetic import generate

    source = folder / f"in{size}.jsonl"
    with source.open("wb") as file:
        file.writelines(line + b"\n" for line in generate(size, 1, faults=0.01, kilobytes=kilobytes))
    stages: dict[str, float] = {}
    last = time.process_time()

    def tell(stage: str, _batch: str, _counts: dict[str, int]) -> None:
        nonlocal last
        now = time.process_time()
        stages[stage] = stages.get(stage, 0.0) + now - last
        last = now

    cut = flow.batches

    def batches(*given: Any) -> Iterator[Any]:
        tell("open", "", {})
        return cut(*given)

    flow.batches = batches
    settings = Settings.from_env({"CORDON_HOME": str(folder / f"state{size}")})
    profiler = None
    if profile:
        import cProfile

        profiler = cProfile.Profile()
        profiler.enable()
    wall = time.perf_counter()
    started_cpu = last = time.process_time()
    summary = flow.run(settings, source, folder / f"out{size}", now=datetime.fromisoformat(NOW), seed=1, progress=tell)
    cpu, wall = time.process_time() - started_cpu, time.perf_counter() - wall
    stages["outputs"] = time.process_time() - last
    if profiler is not None:
        import pstats

        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    print(
        json.dumps(
            {
                "incidents": summary["landed"],
                "bytes_each": source.stat().st_size // max(1, summary["landed"]),
                "start_cpu_s": round(start, 2),
                "cpu_s": round(cpu, 2),
                "wall_s": round(wall, 2),
                "per_second_and_core": round(summary["landed"] / cpu),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "cpu_us_per_incident_by_stage": {
                    name: round(seconds / summary["landed"] * 1e6, 1) for name, seconds in stages.items()
                },
            }
        )
    )


def main() -> None:
    """Runs every size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="5000,50000")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--kilobytes", type=float, default=3)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        measure(asked.one, Path(asked.folder), asked.profile, asked.kilobytes)
        return
    with tempfile.TemporaryDirectory(prefix="cordon-bench-") as folder:
        for size in asked.sizes.split(","):
            command = [sys.executable, "-m", "bench.run", "--one", size, "--folder", folder]
            command += ["--kilobytes", str(asked.kilobytes)]
            subprocess.run([*command, *(["--profile"] if asked.profile else [])], check=True)


if __name__ == "__main__":
    main()
