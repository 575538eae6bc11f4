"""MetricsAgent and ReportAgent (`tat report`): a run summed up, figures beside targets."""
