"""The gates: Great Expectations suites over the batches' frames."""
