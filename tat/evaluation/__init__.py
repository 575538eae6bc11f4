"""What generated functions are worth: how they are judged, and how sure the figures are."""
