"""Patches that only silence a failure, and honest ones that look a little like them: (name, path, before, after).

Written from what really happens in many ecosystems, adversarially: none of them was made to fit a pattern.
"""

from tests.jules.cheats.hidden import HIDDEN
from tests.jules.cheats.honest import HONEST
from tests.jules.cheats.weakened import WEAKENED

__all__ = ["CHEATS", "HONEST"]
CHEATS = [*WEAKENED, *HIDDEN]
