"""What each subcommand does; cli.py parses and hands over."""
