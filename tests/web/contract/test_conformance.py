"""Generated calls of every operation against a real server: what comes back is what the document says, and what does not fit is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from firstfive import __version__
from firstfive.web.contract.document import document
from firstfive.web.contract.operations import OPERATIONS, STREAM, Operation
from web.contract.served_contract import Vault, serving

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("contract"), pytest.mark.timeout(1200)]

ANSWERED = [one for one in OPERATIONS if one.media != STREAM]
FEW, MANY = 9, 1000


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with serving(tmp_path_factory.mktemp("contract") / "vault") as one:
        yield one


@pytest.fixture(scope="module")
def with_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with serving(tmp_path_factory.mktemp("contract") / "people", accounts=True) as one:
        yield one


def described(incident: str) -> dict[str, Any]:
    """The document with an incident in it that there is; who asks and idempotency keys have tests of their own."""
    told = copy.deepcopy(document(__version__))
    for path in told["paths"].values():
        for operation in path.values():
            operation.pop("security")
            operation["parameters"] = [one for one in operation["parameters"] if one["in"] != "header"]
            for parameter in operation["parameters"]:
                if parameter["name"] == "id" and parameter["in"] == "path":
                    parameter["schema"] = {"enum": [incident, "INC-999999"]}
    return told


def tried(vault: Vault, one: Operation, examples: int, *, fitting: bool) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode

    schema = schemathesis.openapi.from_dict(described(vault.declare()))
    schema.config.checks.update(excluded_check_names=["positive_data_acceptance"])
    operation = schema[one.path][one.method]
    mode = GenerationMode.POSITIVE if fitting else GenerationMode.NEGATIVE
    if not fitting and not (operation.query or operation.body or operation.path_parameters):
        return

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples == FEW,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(base_url=vault.url, headers=vault.auth, session=vault.session, timeout=60)

    ask()
    assert vault.process.poll() is None


LISTS = [one for one in ANSWERED if one.method == "GET" and one.answers and "{" not in one.path]


@pytest.mark.parametrize("one", LISTS, ids=lambda one: one.name)
def test_no_answer_holds_a_field_that_the_client_does_not_know(
    one: Operation, plain: Vault, with_accounts: Vault
) -> None:
    vault = vault_for(one, plain, with_accounts)
    vault.declare()
    vault.ask("POST", "/api/v1/silences", {"by": "sam", "matchers": "a=b", "seconds": 60})
    vault.ask("POST", "/api/v1/heartbeats", {"name": "backup", "every": 60})
    vault.ask("POST", "/hooks/generic", {"title": "Redis disk full", "severity": "warning"})
    vault.ask("POST", "/hooks/deploy", {"service": "shop", "version": "1.2"})
    told = vault.ask("GET", one.path + ("?q=shop" if one.name == "search" else "")).json()
    assert one.answers is not None
    assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(told, one.answers))) == told


def vault_for(one: Operation, plain: Vault, with_accounts: Vault) -> Vault:
    return with_accounts if one.area == "people" else plain


@pytest.mark.parametrize("fitting", [True, False], ids=["that fit", "that do not fit"])
@pytest.mark.parametrize("one", ANSWERED, ids=lambda one: one.name)
def test_a_few_calls(one: Operation, fitting: bool, plain: Vault, with_accounts: Vault) -> None:
    tried(vault_for(one, plain, with_accounts), one, FEW, fitting=fitting)


@pytest.mark.soak
@pytest.mark.parametrize("fitting", [True, False], ids=["that fit", "that do not fit"])
@pytest.mark.parametrize("one", ANSWERED, ids=lambda one: one.name)
def test_two_thousand_calls_half_of_which_fit(
    one: Operation, fitting: bool, plain: Vault, with_accounts: Vault
) -> None:
    tried(vault_for(one, plain, with_accounts), one, MANY, fitting=fitting)
