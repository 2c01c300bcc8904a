"""Pure functions: a read record in, a Plotly figure as a plain dict out (or an SVG path for small marks).

Colours are tokens (``var(--held)``): the browser draws them in the reader's theme, and
``dashboards.theme.resolve`` does it elsewhere. Fonts, margins and grid lines are the client's template and
not repeated in each figure.
"""

from dashboards.figures.compared import compared
from dashboards.figures.decomposed import decomposed
from dashboards.figures.gantt import gantt
from dashboards.figures.heatmap import null_heatmap
from dashboards.figures.history import history
from dashboards.figures.run_times import run_times
from dashboards.figures.sparkline import Sparkline, sparkline

__all__ = ["Sparkline", "compared", "decomposed", "gantt", "history", "null_heatmap", "run_times", "sparkline"]
