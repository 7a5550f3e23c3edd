"""Listens on Slack's own socket: a pressed button comes in, is answered within Slack's three seconds, and its message shows the answer.

Built by `app` for a Slack notifier with an app token. API: `apps.connections.open`, then envelopes over a WebSocket, each to be sent back
by its id; `chat.update` and `chat.postEphemeral` for the answer. Slack sends an envelope again that it got no word of, so one that was
done is only answered once more. Decides nothing itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from firstfive.errors import FirstfiveError
from firstfive.notifiers.answers.press import Press, Pressed
from firstfive.notifiers.posting import part, send_json
from firstfive.notifiers.slack import Slack, escaped

LARGEST = 1024 * 1024
HELLO_WITHIN = 10.0
ANSWER_WITHIN = 2.0  # Slack waits three seconds
FIRST_PAUSE, LONGEST_PAUSE, HOPELESS = 1.0, 60.0, 300.0
LASTED = 30.0  # a socket that stood this long ended well
REMEMBERED = 1000
LEAVE = 1.0
# Errors of apps.connections.open that only a person can mend, and how.
HOPELESS_WHY = {
    "invalid_auth": "the app token is not valid",
    "not_authed": "the app token is empty",
    "not_allowed_token_type": "the token is not an app token; those begin with xapp-",
    "missing_scope": "the app token lacks the scope connections:write",
    "token_revoked": "the app token was revoked",
    "account_inactive": "the app was removed from the workspace",
    "forbidden_team": "the workspace does not let this app in",
    "link_disabled": "Socket Mode is switched off in the settings of the Slack app",
}


class Ended(Exception):
    """A socket ended; `hopeless` when only a person can mend it, `told` when Slack asked for a new one."""

    def __init__(self, why: str, *, hopeless: bool = False, told: bool = False) -> None:
        super().__init__(why)
        self.hopeless, self.told = hopeless, told


@dataclass(slots=True, kw_only=True)
class SlackAnswers:
    """Brings what is pressed under messages of `slack` to `heard`. Raises nothing; a Slack that is away is asked again."""

    slack: Slack
    heard: Callable[[Press], Awaitable[Pressed]]
    log: Callable[[str], None]
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict, init=False)
    _showing: set[asyncio.Task[Any]] = field(default_factory=set, init=False)
    _logged: str = field(default="", init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        ending = asyncio.create_task(stop.wait())
        pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
        while not stop.is_set():
            began = loop.time()
            listening = asyncio.create_task(self._socket())
            await asyncio.wait({listening, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                listening.cancel()
                await asyncio.wait({listening}, timeout=LEAVE)
                break
            ended = listening.result()
            lasted = loop.time() - began > LASTED
            if lasted:
                self._logged = ""
            if not ended.told:
                self._say(str(ended))
            if ended.told and lasted:
                continue
            pause = HOPELESS if ended.hopeless else FIRST_PAUSE if lasted else min(2 * pause, LONGEST_PAUSE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause * (1 + random.random() / 4))  # noqa: S311 - spread, no secret
        ending.cancel()
        for task in self._showing:
            task.cancel()

    def _say(self, why: str) -> None:
        """Each trouble once, until another comes or a socket has stood for a while."""
        if why != self._logged:
            self._logged = why
            self.log(f"notifier {self.slack.name}: buttons in Slack do not reach us: {why}")

    async def _socket(self) -> Ended:
        """One socket from its opening to its end."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            address = await self._address()
            async with connect(
                address,
                max_size=LARGEST,
                open_timeout=HELLO_WITHIN,
                ping_interval=20,
                ping_timeout=20,
                close_timeout=LEAVE,
            ) as socket:
                await self._follow(socket)
        except Ended as ended:
            return ended
        except (OSError, WebSocketException, ValueError) as problem:
            return Ended(f"the socket ended ({type(problem).__name__})")
        except Exception as problem:  # whatever Slack sends must not end the program
            return Ended(f"what Slack sent could not be read ({type(problem).__name__})")
        return Ended("Slack closed the socket")

    async def _address(self) -> str:
        """Where to connect, good for one socket. Raises Ended with what Slack says instead."""
        headers = {"Authorization": f"Bearer {self.slack.app_token}"}
        answer = await send_json("POST", f"{self.slack.url}/apps.connections.open", {}, headers=headers)
        told = answer.json()
        address = told.get("url")
        if told.get("ok") is not True or not isinstance(address, str):
            why = str(told.get("error") or answer.problem or f"it answers {answer.status}")[:80]
            raise Ended(HOPELESS_WHY.get(why, f"Slack opens no socket: {why}"), hopeless=why in HOPELESS_WHY)
        return sheltered(address, self.slack.url)

    async def _follow(self, socket: Any) -> None:
        """Frame after frame. Raises Ended when Slack wants another socket, or none."""
        greeted = False
        while True:
            try:
                frame = await asyncio.wait_for(socket.recv(), None if greeted else HELLO_WITHIN)
            except TimeoutError:
                raise Ended("Slack opened a socket and did not say hello") from None
            told = _object(frame)
            match told.get("type"):
                case "hello":
                    greeted = True
                case "disconnect":
                    why = str(told.get("reason"))
                    raise Ended(
                        HOPELESS_WHY.get(why, why[:80]), hopeless=why in HOPELESS_WHY, told=why not in HOPELESS_WHY
                    )
                case _ if isinstance(told.get("envelope_id"), str):
                    await self._envelope(socket, told)
                case _:
                    continue  # a kind of frame that nobody knows yet asks for no answer

    async def _envelope(self, socket: Any, told: dict[str, Any]) -> None:
        """Do what it asks, then say that it came. One that could not be written down is not confirmed: Slack sends it again."""
        envelope = told["envelope_id"]
        payload = told.get("payload")
        asked = _asked(payload) if told.get("type") == "interactive" and isinstance(payload, dict) else None
        if asked is not None and envelope not in self._seen:
            self._seen[envelope] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            doing = asyncio.create_task(self._done(asked, envelope))
            self._showing.add(doing)
            doing.add_done_callback(self._showing.discard)
            await asyncio.wait({doing}, timeout=ANSWER_WITHIN)
            if doing.done() and not doing.result():
                return
        await socket.send(json.dumps({"envelope_id": envelope}))

    async def _done(self, asked: Asked, envelope: str) -> bool:
        try:
            said = await self.heard(asked.press)
        except FirstfiveError as problem:
            self._seen.pop(envelope, None)
            self.log(f"notifier {self.slack.name}: what {asked.press.user} pressed was not taken: {problem.what}")
            return False
        except Exception as problem:  # nor what somebody presses
            self.log(f"notifier {self.slack.name}: a press could not be understood ({type(problem).__name__})")
            return True
        showing = asyncio.create_task(self._shown(asked, said))
        self._showing.add(showing)
        showing.add_done_callback(self._showing.discard)
        return True

    async def _shown(self, asked: Asked, said: Pressed) -> None:
        """The answer below the message, where everybody sees it; a refusal only to whoever pressed."""
        value: dict[str, object] = {"channel": asked.channel, "text": escaped(said.text)}
        if said.done or said.settled:
            path = "chat.update"
            value |= {"ts": asked.message, "blocks": _blocks(asked.blocks, said)}
        else:
            path = "chat.postEphemeral"
            value |= {"user": asked.press.user}
        headers = {"Authorization": f"Bearer {self.slack.token}"}
        answer = await send_json("POST", f"{self.slack.url}/{path}", value, headers=headers)
        if answer.json().get("ok") is not True:
            why = answer.json().get("error") or answer.problem or f"it answers {answer.status}"
            self.log(f"notifier {self.slack.name}: Slack does not show an answer ({path}): {str(why)[:80]}")


def sheltered(address: str, api: str) -> str:
    """The socket's address, which has TLS where the API has it. Raises Ended for one that would show presses to the network."""
    if not address.startswith("wss://") and not api.startswith("http://"):
        raise Ended("Slack named an address without TLS", hopeless=True)
    return address


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A press with where it happened: the channel, the message's `ts`, and what the message showed."""

    press: Press
    channel: str
    message: str
    blocks: tuple[dict[str, Any], ...]


def _object(frame: str | bytes) -> dict[str, Any]:
    """The frame as an object; empty when it is none."""
    try:
        told = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _asked(payload: dict[str, Any]) -> Asked | None:
    """The press in a payload, None when it is something else."""
    actions, user = payload.get("actions"), part(payload, "user")
    if payload.get("type") != "block_actions" or not isinstance(actions, list) or not actions:
        return None
    word = actions[0].get("value") if isinstance(actions[0], dict) else None
    if not isinstance(word, str) or not isinstance(user.get("id"), str):
        return None
    held, message = part(payload, "container"), part(payload, "message")
    blocks = message.get("blocks")
    return Asked(
        press=Press(user=user["id"], called=str(user.get("name") or user.get("username") or ""), sealed=word),
        channel=str(held.get("channel_id") or part(payload, "channel").get("id") or ""),
        message=str(held.get("message_ts") or message.get("ts") or ""),
        blocks=tuple(b for b in blocks if isinstance(b, dict)) if isinstance(blocks, list) else (),
    )


def _blocks(shown: tuple[dict[str, Any], ...], said: Pressed) -> list[dict[str, Any]]:
    """What the message showed, with the answer below and without buttons that are used up."""
    kept = [block for block in shown if block.get("type") != "actions" or not said.settled]
    answer = {"type": "context", "elements": [{"type": "plain_text", "text": said.text[:2000] or "done"}]}
    return [*kept[:40], answer]
