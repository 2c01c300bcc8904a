"""Numbers that tests measured, shown at the end of the run whether they passed or not."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Measured:
    """Collects lines; `tests/conftest.py` prints them under the heading `measured`."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, name: str, value: float, unit: str, limit: float) -> None:
        """Note one number; `limit` is the most that the test allows, in the same unit."""
        self.lines.append(f"{name}: {value:.3g} {unit} (limit {limit:g} {unit})")
