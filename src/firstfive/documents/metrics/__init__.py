"""Numbers over many incidents, each with its definition, how many it stands on, and how many could not be known.

`row_of` reads one incident, `summarise` groups rows, `table`, `as_json`, `as_csv`, `exposition` and `dot_plot` show them.
"""

from __future__ import annotations

from firstfive.documents.metrics.exposition import OwnState as OwnState
from firstfive.documents.metrics.exposition import exposition as exposition
from firstfive.documents.metrics.exposition import incident_families as incident_families
from firstfive.documents.metrics.exposition import own_families as own_families
from firstfive.documents.metrics.figures import Figures as Figures
from firstfive.documents.metrics.figures import Group as Group
from firstfive.documents.metrics.figures import summarise as summarise
from firstfive.documents.metrics.plot import dot_plot as dot_plot
from firstfive.documents.metrics.rows import DEFINITIONS as DEFINITIONS
from firstfive.documents.metrics.rows import MetricRow as MetricRow
from firstfive.documents.metrics.rows import row_of as row_of
from firstfive.documents.metrics.show import as_csv as as_csv
from firstfive.documents.metrics.show import as_json as as_json
from firstfive.documents.metrics.show import rows_in as rows_in
from firstfive.documents.metrics.show import span as span
from firstfive.documents.metrics.show import table as table
