"""The four phases (`tat phase`): each proves a part of this build on what the one before proved."""
