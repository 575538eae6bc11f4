"""The arguments of every command; tat/commands does the work."""
