"""Falls of what has always been above zero, judged by the factor: a hundredth is far, however wide the noise."""

from __future__ import annotations

from math import exp, inf, log

LEAST_SHARE = 1e-4
"""Share of the forecast below which all is one fall: a ten-thousandth, nothing and less than nothing."""

ALWAYS_FOR = 60
"""So many points above zero in a row, or all so far, are always."""

NEAR = 4.0
"""Standard deviations from the forecast within which zero must lie: farther off, the difference says enough."""

SHARE = 0.5
"""Share of the probability on the lower side that falls by a factor have beside those by a difference."""


def fall(value: float, level: float, spread: float) -> float:
    """Return by how many standard deviations `value` lies below `level` on the scale of logarithms.

    z = -log(value / level) / (spread / level), the spread being that of the logarithm to the first order.

    Parameters
    ----------
    value: what came, on either side of zero.
    level: the forecast, > 0.
    spread: its standard deviation, > 0.

    Examples
    --------
    >>> round(fall(1.0, 100.0, 50.0), 1), fall(-5.0, 100.0, 50.0) == fall(0.01, 100.0, 50.0), fall(100.0, 100.0, 50.0)
    (9.2, True, 0.0)
    """
    return -log(max(value / level, LEAST_SHARE)) * (level / spread)


def fallen(z: float, level: float, spread: float) -> float:
    """Return the value that lies `z` standard deviations below `level`; -inf where none does.

    Examples
    --------
    >>> round(fallen(9.21, 100.0, 50.0), 2), fallen(20.0, 100.0, 50.0)
    (1.0, -inf)
    """
    far = z * (spread / level)
    return level * exp(-far) if far < -log(LEAST_SHARE) else -inf
