"""Set up before any test module is imported."""

from cli_harness import bench  # noqa: F401  a fixture of several modules
from hypothesis import settings

import tat  # noqa: F401  it sets the number of BLAS threads, which numpy reads when first imported

settings.register_profile("tat", deadline=None)  # a slow machine is no failure
settings.load_profile("tat")
