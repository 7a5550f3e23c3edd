"""A report from outside through a served program: without an account, behind a foreign name, and on to the incident."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlencode

import pytest

from intake.serving import serving

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("intake-door")]

SETTINGS = """
[status_page]
name = "Example Shop"
url = "https://status.example.com"
report = "https://status.example.com/status/report"
"""


def test_it_ends_where_every_report_ends_and_a_second_click_counts_once(tmp_path: Path) -> None:
    with serving(tmp_path / "vault", SETTINGS) as served:

        def send(text: str, once: str) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
            headers = {"Host": "status.example.com", "Sec-Fetch-Site": "same-origin"}
            sent = urlencode({"text": text, "once": once})
            connection.request("POST", "/status/report", sent, headers)
            status = connection.getresponse().status
            connection.close()
            return status

        assert send("the shop is down, redis://app:hunter2hunter2@redis", "a" * 20) == 303
        assert send("the shop is down, redis://app:hunter2hunter2@redis", "a" * 20) == 303
        assert send("the shop is down for me too", "b" * 20) == 303
        incident = served.until(lambda: served.get("/incidents")["incidents"])[0]["id"]
        both = served.until(lambda: served.get(f"/incidents/{incident}")["reports"] == 2)
        assert both
        lines = [one["text"] for one in served.get(f"/incidents/{incident}/timeline")["timeline"]]
        assert sum("somebody outside reports: the shop is down" in one for one in lines) == 2
        assert "hunter2" not in " ".join(lines)
        assert {one["source"] for one in served.get("/signals")["signals"]} == {"report"}
