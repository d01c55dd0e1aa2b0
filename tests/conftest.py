"""Tests of tools import them as the tools import each other."""

import sys

from .workspace import TOOLS

sys.path.append(str(TOOLS))
