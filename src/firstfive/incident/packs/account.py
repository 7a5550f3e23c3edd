"""Disables one account in MongoDB: exactly one, named by a value that can never be read as a query.

Asked by whoever offers it to a person, in place of a page's own line for it. Counts first, and changes nothing unless one document
matches; the shell in the container ends by itself.
"""

from __future__ import annotations

import re
from datetime import timedelta

from firstfive.errors import FirstfiveError, Refused
from firstfive.incident.packs.packed import STRICT, Packed, quoted
from firstfive.shell.bind import ParamType, check_value

TIMEOUT = timedelta(seconds=60)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,3}", re.ASCII)
_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_ID = re.compile(r"[0-9a-fA-F]{24}", re.ASCII)

# Values come through the environment, as text: nothing of them is ever JavaScript. The password is the container's own and stays in it.
_FIND = """
const kept = (path) => (path ? require("fs").readFileSync(path, "utf8").trim() : "");
const told = (name) => process.env[name] || kept(process.env[name + "_FILE"]);
if (told("MONGO_INITDB_ROOT_USERNAME"))
  db.getSiblingDB("admin").auth(told("MONGO_INITDB_ROOT_USERNAME"), told("MONGO_INITDB_ROOT_PASSWORD"));
const users = db.getSiblingDB(process.env.FF_DATABASE).getCollection(process.env.FF_COLLECTION);
const by = process.env.FF_BY, field = process.env.FF_FIELD, value = process.env.FF_VALUE;
const who = { [by]: by === "_id" && process.env.FF_OBJECT_ID ? ObjectId(value) : value };
const matching = users.countDocuments(who);
if (matching !== 1) { print(matching + " accounts match, not exactly 1: nothing was changed"); quit(3); }
const set = () => users.countDocuments({ ...who, [field]: true }) === 1;
"""
_DISABLE = """
if (set()) print("it was disabled already");
else { users.updateOne(who, { $set: { [field]: true } }); print(set() ? "disabled" : "it did not take the change"); }
quit(set() ? 0 : 4);
"""
_ENABLE = """
users.updateOne({ ...who, [field]: true }, { $set: { [field]: false } });
print(set() ? "it did not take the change" : "enabled");
quit(set() ? 4 : 0);
"""
_LOOK = """
print(set() ? "disabled" : "not disabled");
quit(set() ? 0 : 1);
"""


def disable(
    value: str,
    *,
    container: str,
    database: str,
    by: str = "email",
    collection: str = "users",
    field: str = "disabled",
) -> Packed:
    """Set `field` of the one document of `collection` whose `by` is `value` (an object id when it looks like one and `by` is `_id`).

    `container` runs MongoDB and has mongosh; it signs in with the container's own MONGO_INITDB_ROOT variables, where it has them.

    Raises:
        Refused: for a value, a name or a field that is not of its form.
    """
    _named(container=container, database=database, collection=collection, by=by, field=field)
    value, object_id = _valued(by, value)
    given = {"DATABASE": database, "COLLECTION": collection, "BY": by, "FIELD": field, "VALUE": value}
    if object_id:
        given["OBJECT_ID"] = "1"
    words = " ".join(f"--env {quoted(f'FF_{name}={text}')}" for name, text in given.items())
    call = f"docker exec --interactive {words} {container} mongosh --quiet --norc --eval"

    def script(then: str) -> str:
        return f"{STRICT}\n{call} '{_FIND}{then}' </dev/null\n"

    return Packed(
        name="disable-account",
        script=script(_DISABLE),
        undo=script(_ENABLE),
        verify=script(_LOOK),
        why=f"sets {field} of the one account in {database}.{collection} whose {by} is {value}; with none or several it changes nothing",
        timeout=TIMEOUT,
        warnings=(
            f"the application must look at {field} itself: try to sign in as the account afterwards",
            "sessions and refresh tokens that were given out before stay good until they end or are revoked",
        ),
    )


def _named(*, container: str, database: str, collection: str, by: str, field: str) -> None:
    for what, text, form in (
        ("container", container, _CONTAINER),
        ("database", database, _NAME),
        ("collection", collection, _NAME),
        ("field", by, _FIELD),
        ("field", field, _FIELD),
    ):
        if not form.fullmatch(text):
            raise Refused(
                f"{text!a} is no name of a {what}", remedy="give letters, digits, - and _, as MongoDB and Docker do"
            )
    if field == by:
        raise Refused(f"{field} cannot both name the account and be changed", remedy="name another field to set")


def _valued(by: str, value: str) -> tuple[str, bool]:
    try:
        checked = check_value(ParamType.EMAIL if by == "email" else ParamType.TEXT, value)
    except FirstfiveError as error:
        raise Refused(f"no account is named so: {error.what}", remedy=error.remedy) from None
    return checked, by == "_id" and _ID.fullmatch(checked) is not None
