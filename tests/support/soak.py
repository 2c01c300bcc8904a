"""How long the long tests go on: `SOAK_MINUTES=1 make soak`, as long as each says if it is left out."""

import os


def seconds(minutes: float) -> float:
    """As many seconds as were asked for; as many minutes as given, where nobody has asked."""
    return float(os.environ.get("SOAK_MINUTES") or minutes) * 60.0
