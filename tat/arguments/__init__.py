"""The arguments of each subcommand; its work is in tat/commands, under the same name."""
