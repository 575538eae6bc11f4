"""Practice: chains of steps that the comment tells, and well-typed statements of no purpose."""
