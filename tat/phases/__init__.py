"""The four phases that prove a build, one on the other, and the agents that may follow them."""
