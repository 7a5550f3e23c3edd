"""GitHub and GitLab: deployments and finished workflows become rows of the deploy ledger, a broken deploy a signal beside it.

Part of `intake`. What is not about a deploy (a ping, a star) is understood and says nothing.
"""

from __future__ import annotations

from typing import Any

from firstfive.incident.signals import Deploy, Observation, Signal, SignalKind
from firstfive.intake.shape import Asked, Odd, Reading, at, earlier, first, moment, object_of, table, word

DONE = frozenset({"success", "active"})
FAILED = frozenset({"failure", "error", "failed", "timed_out"})


def github(asked: Asked) -> Reading:
    """`deployment_status`, `workflow_run` or `registry_package`, told apart by the header or else by the content."""
    data = object_of(asked)
    key = first(asked.headers.get("x-github-delivery"))
    event = asked.headers.get("x-github-event", "")
    repository = first(at(data, "repository", "full_name"), at(data, "repository", "name"), "repository")
    seen: tuple[Observation, ...] = ()
    if isinstance(data.get("deployment_status"), dict):
        seen = _deployment(data, repository, asked)
    elif isinstance(data.get("workflow_run"), dict):
        seen = _workflow(data, repository, asked)
    elif isinstance(data.get("registry_package"), dict) or isinstance(data.get("package"), dict):
        seen = _package(data, asked)
    elif not event and "zen" not in data and "repository" not in data:
        raise Odd("it holds neither deployment_status, workflow_run nor registry_package")
    return Reading(seen=seen, key=f"github:{key}" if key else "")


def _deployment(data: dict[str, Any], repository: str, asked: Asked) -> tuple[Observation, ...]:
    status, deployment = table(data["deployment_status"]), table(data.get("deployment"))
    state = word(status.get("state")).lower()
    place = first(status.get("environment"), deployment.get("environment"))
    when = earlier(moment(status.get("created_at") or status.get("updated_at"), asked.at), asked.at)
    version = first(deployment.get("ref"), deployment.get("sha"))
    sha = first(deployment.get("sha"))[:12]
    if state in DONE:
        return (
            Deploy(
                subject=repository,
                version=f"{version} ({sha})" if sha and not version.startswith(sha[:7]) else version,
                previous="",
                at=when,
                source=f"GitHub deployment to {place}" if place else "GitHub deployment",
                actor=first(at(deployment, "creator", "login"), at(data, "sender", "login")),
                link=first(status.get("target_url"), status.get("log_url")),
            ),
        )
    if state in FAILED:
        return (
            _broken(
                "github", repository, f"deployment of {version} to {place or 'its environment'}: {state}", when, status
            ),
        )
    return ()


def _workflow(data: dict[str, Any], repository: str, asked: Asked) -> tuple[Observation, ...]:
    run = table(data["workflow_run"])
    name = first(at(data, "workflow", "name"), run.get("name"))
    if word(data.get("action")) != "completed" or not any(
        w in name.lower() for w in ("deploy", "release", "publish", "rollout")
    ):
        return ()
    when = earlier(moment(run.get("updated_at") or run.get("created_at"), asked.at), asked.at)
    version = f"{first(run.get('head_branch'))} ({first(run.get('head_sha'))[:12]})"
    conclusion = word(run.get("conclusion")).lower()
    if conclusion == "success":
        author = first(at(run, "head_commit", "author", "name"), at(run, "actor", "login"), at(data, "sender", "login"))
        return (
            Deploy(
                subject=repository,
                version=version,
                previous="",
                at=when,
                source=f"GitHub workflow {name}",
                actor=author,
                link=first(run.get("html_url")),
            ),
        )
    if conclusion in FAILED:
        return (_broken("github", repository, f"workflow {name} on {version}: {conclusion}", when, run),)
    return ()


def _package(data: dict[str, Any], asked: Asked) -> tuple[Observation, ...]:
    package = table(data.get("registry_package") or data.get("package"))
    version = table(package.get("package_version"))
    tag = table(at(version, "container_metadata", "tag"))
    name = first(package.get("name"), "package")
    shown = first(tag.get("name"), version.get("version"))
    if not shown:
        return ()
    return (
        Deploy(
            subject=f"image {name}",
            version=shown,
            previous="",
            at=asked.at,
            source="GitHub package published",
            digest=first(tag.get("digest")),
            reference=first(version.get("package_url")),
            actor=first(at(data, "sender", "login")),
            link=first(version.get("html_url"), package.get("html_url")),
        ),
    )


def gitlab(asked: Asked) -> Reading:
    """A deployment hook: started and running say nothing, success is a deploy, failed a signal."""
    data = object_of(asked)
    kind = word(data.get("object_kind"))
    if not kind:
        raise Odd("it has no object_kind")
    if kind != "deployment":
        return Reading()
    status = word(data.get("status")).lower()
    project = first(at(data, "project", "path_with_namespace"), at(data, "project", "name"), "project")
    place = first(data.get("environment"), data.get("environment_slug"))
    when = earlier(moment(_gitlab_time(data.get("status_changed_at")), asked.at), asked.at)
    key = f"gitlab:{first(asked.headers.get('x-gitlab-event-uuid'), data.get('deployment_id'))}:{status}"
    if status == "success":
        deploy = Deploy(
            subject=project,
            version=first(data.get("ref"), data.get("short_sha"))
            + (f" ({word(data.get('short_sha'))})" if data.get("ref") else ""),
            previous="",
            at=when,
            source=f"GitLab deployment to {place}" if place else "GitLab deployment",
            actor=first(at(data, "user", "username"), at(data, "user", "name")),
            link=first(data.get("deployable_url"), data.get("commit_url")),
        )
        return Reading(seen=(deploy,), key=key)
    if status in FAILED:
        text = f"deployment of {first(data.get('short_sha'))} to {place or 'its environment'}: {status}"
        return Reading(seen=(_broken("gitlab", project, text, when, data),), key=key)
    return Reading(key=key)


def _gitlab_time(value: object) -> object:
    """GitLab writes "2021-04-28 21:50:00 +0200"."""
    text = word(value)
    parts = text.split(" ")
    return f"{parts[0]}T{parts[1]}{parts[2][:3]}:{parts[2][3:]}" if len(parts) == 3 and len(parts[2]) == 5 else text


def _broken(source: str, subject: str, text: str, when: Any, told: dict[str, Any]) -> Signal:
    return Signal(
        kind=SignalKind.ALERT,
        source=source,
        subject=subject,
        firing=True,
        text=text,
        at=when,
        key=f"deploy:{subject}",
        link=first(told.get("target_url"), told.get("html_url"), told.get("deployable_url")),
    )
