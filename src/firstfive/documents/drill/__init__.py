"""What a drill showed: its card, and the table of many.

Called by `app.practice` and by the command line. Pure: it reads an incident as data and never judges people.
"""

from firstfive.documents.drill.card import Card as Card
from firstfive.documents.drill.card import Mark as Mark
from firstfive.documents.drill.card import Read as Read
from firstfive.documents.drill.card import Times as Times
from firstfive.documents.drill.card import Wanted as Wanted
from firstfive.documents.drill.card import card as card
from firstfive.documents.drill.card import card_from as card_from
from firstfive.documents.drill.card import markdown as markdown
from firstfive.documents.drill.schedule import Turn as Turn
from firstfive.documents.drill.schedule import as_ical as as_ical
from firstfive.documents.drill.schedule import schedule as schedule
from firstfive.documents.drill.table import table as table
from firstfive.documents.drill.table import trend as trend
