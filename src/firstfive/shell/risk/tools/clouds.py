"""Cloud command lines: thousands of commands whose verb says what they do.

Called by `calls`. Only listed verbs of listed services read; what gives out a secret or opens a session is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from firstfive.shell.risk.inner.lists import listed
from firstfive.shell.risk.options import Manner, scan, shown
from firstfive.shell.risk.table import Spec
from firstfive.shell.risk.verdict import Ruling, changing, destructive, harmless, unknown, worst
from firstfive.shell.risk.walk import Call, Judge

_AWS_SERVICES = listed("aws", "services")
_AWS_READS = re.compile(
    r"describe-[a-z0-9-]+|list-[a-z0-9-]+|head-(?:object|bucket)|lookup-events|filter-log-events|simulate-principal-policy"
    r"|get-(?:caller-identity|metric-(?:statistics|data)|log-events|log-record|log-group-fields|bucket-[a-z-]+|function|function-configuration|policy|policy-version"
    r"|role|role-policy|user|group|queue-attributes|topic-attributes|hosted-zone|health-check(?:-status)?|distribution|cost-and-usage|metric-widget-image"
    r"|pipeline-state|pipeline-execution|deployment|account-(?:settings|summary|limit)|console-output|work-group|job-runs?|send-quota|send-statistics"
    r"|service-quota|trail-status|event-selectors|dashboard|lifecycle-policy|repository-policy|template|change|resource-config-history|account)"
)
_GONE = re.compile(r"(?:delete|terminate|remove|destroy|purge|rm|rb|deregister|revoke)(?:-|$)")
_CHANGES = re.compile(
    r"(?:create|update|put|modify|start|stop|reboot|restart|run|set|add|attach|detach|associate|disassociate|enable|disable|register|restore|copy|send|publish|invoke"
    r"|tag|untag|reset|cancel|import|export|authorize|allocate|release|promote|failover|apply|deploy|execute|cp|mv|sync|mb|resize|rollback|upload|move|switch"
    r"|login|ssh|scp|get-credentials|get-login-password|get-login|activate|patch|scale|suspend|resume|migrate|install|push|pull|clone|drain|adopt|submit)(?:-|$)"
)
_GCLOUD_READS = frozenset(
    (
        "list",
        "describe",
        "get-iam-policy",
        "get-value",
        "ls",
        "read",
        "get-health",
        "get-serial-port-output",
        "list-instances",
        "get-status",
        "get-server-config",
        "info",
    )
)
_GCLOUD_GROUPS = listed("gcloud", "groups")
_AZ_READS = frozenset(
    (
        "list",
        "show",
        "list-usage",
        "list-ip-addresses",
        "get-instance-view",
        "list-sizes",
        "list-skus",
        "exists",
        "list-definitions",
    )
)
_AZ_SECRET = frozenset(
    (
        "keyvault",
        "ad",
        "login",
        "interactive",
        "rest",
        "webapp",
        "functionapp",
        "storage",
        "acr",
        "cosmosdb",
        "redis",
        "servicebus",
        "eventhubs",
    )
)


def _words(spec: Spec, call: Call, at: int) -> tuple[Ruling, list[str] | None, frozenset[str]]:
    found = scan(call.words, at, spec.options, Manner())
    words = [w.plain for w in found.operands]
    known: list[str] = []
    for word in words:
        if word is None:
            break
        known.append(word)
    return found.ruling(), known or None, frozenset(name for name, _ in found.options)


def _aws(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    above, words, _ = _words(spec, call, at)
    if words is None or len(words) < 2:
        return worst((above, unknown("aws without a service and a verb")))
    service, verb = words[0], words[1]
    if service == "s3" and verb == "ls":
        return worst((above, harmless("aws s3 ls: only reads", "network")))
    if service == "logs" and verb in ("tail", "start-query", "get-query-results"):
        return worst((above, harmless(f"aws logs {verb}: only reads", "network")))
    if service in ("configure", "sso", "login") or verb in ("start-session", "presign", "wait"):
        return worst((above, unknown(f"aws {shown(service)} {shown(verb)}")))
    if _GONE.match(verb):
        return worst((above, destructive(f"aws {shown(service)} {shown(verb)}")))
    if service in _AWS_SERVICES and _AWS_READS.fullmatch(verb) and len(words) == 2 and "secret" not in verb:
        tags = (
            ("exposes-env",)
            if verb
            in ("describe-instance-attribute", "get-function", "get-function-configuration", "describe-task-definition")
            else ()
        )
        return worst((above, harmless(f"aws {service} {verb}: only reads", "network", *tags)))
    if _CHANGES.match(verb):
        return worst((above, changing(f"aws {shown(service)} {shown(verb)}")))
    return worst((above, unknown(f"aws {shown(service)} {shown(verb)} is not listed")))


def _gcloud(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    above, words, flags = _words(spec, call, at)
    if words is None:
        return above if flags & {"--version"} else unknown("gcloud without a command")
    for index, word in enumerate(words):
        if _GONE.match(word):
            return worst((above, destructive(f"gcloud {shown(word)}")))
        if word in _GCLOUD_READS and (index or word == "info"):
            return worst((above, harmless(f"gcloud ... {word}: only reads", "network")))
        if _CHANGES.match(word) and word != "run":
            return worst((above, changing(f"gcloud {shown(word)}")))
        if word not in _GCLOUD_GROUPS:
            return worst((above, unknown(f"gcloud {shown(word)} is not listed")))
    return worst((above, unknown("gcloud without a verb")))


def _az(judge: Judge, spec: Spec, call: Call, at: int) -> Ruling:
    above, words, flags = _words(spec, call, at)
    if words is None:
        return above if flags & {"--version"} else unknown("az without a command")
    if words[0] in _AZ_SECRET:
        return worst((above, unknown(f"az {shown(words[0])} may show secrets or open a session")))
    for index, word in enumerate(words):
        if _GONE.match(word):
            return worst((above, destructive(f"az {shown(word)}")))
        if word in _AZ_READS and index and index + 1 == len(words):
            return worst((above, harmless(f"az ... {word}: only reads", "network")))
        if _CHANGES.match(word) or word == "invoke":
            return worst((above, changing(f"az {shown(word)}") if word != "run-command" else unknown("az run-command")))
    return worst((above, unknown("az with a verb that is not listed")))


CODE: Mapping[str, Callable[[Judge, Spec, Call, int], Ruling]] = {"aws": _aws, "gcloud": _gcloud, "az": _az}
