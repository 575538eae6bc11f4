"""Models leave the house: a page that runs in a browser, and the formats of other engines."""
