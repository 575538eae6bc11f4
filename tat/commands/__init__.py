"""The work of each subcommand; cli.py parses its arguments and calls `run`."""
