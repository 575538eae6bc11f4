"""Practice: chains of steps that the comment tells."""
