"""AutoBench (`tat bench`): workloads that prove their result before they are timed."""
