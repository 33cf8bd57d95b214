"""Sends units under one mark until told number `last`: what tests kill. Run as a script, with nothing but arguments."""

from __future__ import annotations

import sys

from pipelines.errors import CordonError
from pipelines.sinks import Message
from pipelines.streams.producer import KafkaSink


def main() -> None:
    """`sender.py BOOTSTRAP GROUP RAW OUT LAST`: unit n holds three messages, `n.0` to `n.2`."""
    bootstrap, group, raw, out, last = sys.argv[1:]
    mark = f"lane/{raw}/0"
    with KafkaSink(bootstrap, group=group) as sink:
        while True:
            try:
                number = (sink.committed(mark) or 0) + 1
                if number > int(last):
                    return
                messages = [Message(out, b"k", f"{number}.{n}".encode(), (), 0) for n in range(3)]
                sink.send(mark, number, messages)
            except CordonError as error:
                if not error.retriable:
                    raise


if __name__ == "__main__":
    main()
