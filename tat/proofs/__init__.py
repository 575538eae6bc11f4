"""The four phases (`tat phase`): each proves a part of a build, on the manifest before it."""
