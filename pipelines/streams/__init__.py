"""Kafka: topics, reading by offset, transactional writing, and the doorbell that starts a run."""
