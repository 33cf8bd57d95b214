"""How long a gate takes: `python bench/gates.py [ROWS]`. Medians of seven; the engine is imported ahead."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "expectations"))

from sound_frames import SOUND  # type: ignore[import-not-found]

from expectations import gate


def main(rows: int) -> None:
    """Prints the seconds each gate needs for sound rows, and with one row in a thousand broken."""
    started = time.perf_counter()
    gate.warm()
    print(f"import and compile: {time.perf_counter() - started:.2f} s, once per process")
    print(f"{'gate':22}{'rules':>6}{'sound':>9}{'1 in 1000 broken':>19}   at {rows:,} rows")
    breaks = {
        "landed_incidents": ("version", 0),
        "landed_persons": ("roles", 0),
        "tagged_persons": ("evidence", 9),
        "outgoing_referrals": ("refuge_hits", 1),
        "outgoing_subjects": ("dob", "1 May"),
    }
    for name, (column, value) in breaks.items():
        sound = SOUND[name](rows)
        broken = sound.copy()
        broken.loc[::1000, column] = value
        times = []
        for frame in (sound, broken):
            taken = []
            for _ in range(7):
                started = time.perf_counter()
                gate.judge(name, frame, expected_rows=rows)
                taken.append(time.perf_counter() - started)
            times.append(statistics.median(taken))
        rules = len(gate.judge(name, sound, expected_rows=rows).results)
        print(f"{name:22}{rules:>6}{times[0]:>8.3f}s{times[1]:>18.3f}s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15_000)
