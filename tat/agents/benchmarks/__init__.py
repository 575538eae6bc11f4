"""What AutoBench times: workloads of the product, each proven right before it is timed."""
