"""The topics: their names, how many lanes they have, how long they keep what."""

from __future__ import annotations

from typing import NamedTuple

from kafka.errors import TopicAlreadyExistsError

from pipelines.errors import UsageError
from pipelines.sinks import AUDIT, QUARANTINE, REFERRALS, SUBJECTS
from pipelines.streams import clients

RAW = "incidents.raw.v1"

#: A record over 1 MiB is quarantined by its coordinate, so the broker has to be able to carry it that far.
_LARGEST = 8 * 1024**2
_DAY = 24 * 3600 * 1000


class Topic(NamedTuple):
    """A topic. `keep_days` None keeps for ever; `exact` refuses an existing topic with other partitions."""

    name: str
    partitions: int
    keep_days: int | None
    exact: bool = False


#: What is read is kept for a month, so that a replay finds it; receipts are kept for ever. Enforcement has one
#: partition: how many there are, and which one a message is in, must say nothing, and withdrawals stay in order.
TOPICS = (
    Topic(RAW, 4, 30),
    Topic(REFERRALS, 4, 30),
    Topic(SUBJECTS, 1, 30, exact=True),
    Topic(QUARANTINE, 1, 365),
    Topic(AUDIT, 1, None, exact=True),
)


def create_topics(bootstrap: str, *, raw_topic: str = RAW, raw_partitions: int | None = None) -> list[str]:
    """Creates the topics that are missing; returns their names. Existing ones are left as they are.

    Args:
        bootstrap: the broker's address.
        raw_topic: the name of the input topic.
        raw_partitions: how many lanes the input gets if it is made now.

    Raises:
        UsageError: if an existing topic has more than the one partition it may have.
        UpstreamError: if the broker does not answer, or refuses.
    """
    wanted = [
        t._replace(name=raw_topic, partitions=raw_partitions or t.partitions) if t.name == RAW else t for t in TOPICS
    ]
    try:
        with clients.admin(bootstrap) as admin:
            have = {t["name"]: len(t["partitions"]) for t in admin.describe_topics()}
            missing = [topic for topic in wanted if topic.name not in have]
            if missing:
                try:
                    admin.create_topics({t.name: _configuration(t) for t in missing}, wait_for_metadata=True)
                except TopicAlreadyExistsError:
                    missing = []  # somebody else makes them at this moment
    except clients.FAILURES as error:
        raise clients.translated(error, "create the topics") from None
    for topic in wanted:
        if topic.exact and have.get(topic.name, topic.partitions) != topic.partitions:
            raise UsageError(f"`{topic.name}` must have {topic.partitions} partition and has {have[topic.name]}")
    return [topic.name for topic in missing]


def _configuration(topic: Topic) -> dict[str, object]:
    keep = -1 if topic.keep_days is None else topic.keep_days * _DAY
    return {
        "num_partitions": topic.partitions,
        "replication_factor": -1,  # what the cluster does by default
        "configs": {
            "cleanup.policy": "delete",
            "retention.ms": str(keep),
            "retention.bytes": "-1",
            "max.message.bytes": str(_LARGEST),
        },
    }
