"""Builds the released file; BUILD_AND_PACKAGING.md describes it step by step."""
