"""The shop's payment gateway: it takes every charge and gives a receipt number.

Started by keeper beside web; asked by web's checkout. Moves no money.
"""

from __future__ import annotations

import itertools
import os

from talk import Answer, serve

receipts = itertools.count(1)

if __name__ == "__main__":
    serve(
        "pay",
        int(os.environ.get("SHOP_PAY_PORT", "8481")),
        {
            "/api/health": lambda: Answer(body={"status": "ok"}),
            "/api/charge": lambda: Answer(body={"receipt": f"R{next(receipts):06d}"}),
        },
    )
