"""MetricsAgent and ReportAgent (`tat report`): figures of a run, and of tat beside targets."""
