"""What may be said outside the team: the four words, a draft, the check of wording, and the public status page.

Read by the engine, the web and the command line. Nothing here is ever sent by itself. The status page is not imported by this
package, since most of the program does without it.
"""

from __future__ import annotations

from firstfive.documents.public.draft import customer_notice as customer_notice
from firstfive.documents.public.words import PublicStatus as PublicStatus
from firstfive.documents.public.words import public_status as public_status
from firstfive.documents.public.words import word_of as word_of
