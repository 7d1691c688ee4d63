"""The compile script's parts that need no compiler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.artifacts import artifact_of, encode, has_artifact
from scripts.compile import differences, write
from scripts.sources import SourceTree, imports_of

LOAN_TYPE = "t_mapping(t_bytes32,t_struct(Loan){number}_storage)"


def compiled(number: int, code: str = "6000") -> dict[str, Any]:
    kind = LOAN_TYPE.format(number=number)
    return {
        "abi": [{"type": "error", "name": "NotActive", "inputs": []}],
        "evm": {
            "bytecode": {"object": code, "linkReferences": {}},
            "deployedBytecode": {
                "object": code,
                "immutableReferences": {
                    str(number): [{"start": 40, "length": 32}],
                    str(number + 1): [{"start": 8, "length": 32}],
                },
            },
            "methodIdentifiers": {},
        },
        "storageLayout": {
            "storage": [{"astId": number, "label": "loans", "type": kind}],
            "types": {kind: {"label": "mapping(bytes32 => struct Loan)"}},
        },
    }


def made(number: int, digest: str = "00") -> dict[str, Any]:
    return artifact_of("contracts/A.sol", "A", compiled(number), {"version": "1"}, digest)


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ('import "./B.sol";', ["contracts/libraries/B.sol"]),
        ('import {X as Y,\n  Z} from "../B.sol";', ["contracts/B.sol"]),
        ("import * as B from '@openzeppelin/contracts/B.sol';", ["@openzeppelin/contracts/B.sol"]),
        ('// import "./B.sol";\n/*\nimport "./C.sol";\n*/', []),
        ('string constant X = "a";\nbytes y; // important "./B.sol"', []),
    ],
)
def test_imports_of__statement__gives_the_source_unit_names(
    statement: str, names: list[str]
) -> None:
    assert imports_of("contracts/libraries/A.sol", statement) == names


def test_digest__imported_source_changes__changes_the_importer_only() -> None:
    texts = {"A.sol": 'import "./B.sol";', "B.sol": "// one", "C.sol": "// apart"}
    before = SourceTree(("A.sol", "C.sol"), texts)
    after = SourceTree(("A.sol", "C.sol"), texts | {"B.sol": "// two"})
    assert before.closure("A.sol") == ["A.sol", "B.sol"]
    assert before.digest("A.sol") != after.digest("A.sol")
    assert before.digest("C.sol") == after.digest("C.sol")


def test_artifact_of__compiler_numbers_shift__stays_the_same() -> None:
    assert encode(made(17)) == encode(made(4_217))
    assert made(17)["immutableReferences"] == [
        [{"start": 8, "length": 32}],
        [{"start": 40, "length": 32}],
    ]


@pytest.mark.parametrize(
    ("source", "code", "methods", "abi", "wanted"),
    [
        ("contracts/A.sol", "60", {}, [{}], True),
        ("contracts/libraries/External.sol", "60", {"take(Loan storage)": "00"}, [], True),
        ("contracts/libraries/Internal.sol", "60", {}, [], False),
        ("contracts/Abstract.sol", "", {"f()": "00"}, [{}], False),
        ("contracts/interfaces/IA.sol", "", {"f()": "00"}, [{}], True),
    ],
)
def test_has_artifact__kind_of_contract__is_kept_or_not(
    source: str, code: str, methods: dict[str, str], abi: list[object], wanted: bool
) -> None:
    contract = {"abi": abi, "evm": {"bytecode": {"object": code}, "methodIdentifiers": methods}}
    assert has_artifact(source, contract) is wanted


def test_differences__stale_missing_and_changed__are_named(tmp_path: Path) -> None:
    write(tmp_path, {"A": made(1), "Gone": made(1)})
    assert differences(tmp_path, {"A": made(1), "Gone": made(1)}) == []
    assert differences(tmp_path, {"A": made(1, digest="01"), "New": made(1)}) == [
        f"{tmp_path}/Gone.json: no contract has this name any more",
        f"{tmp_path}/A.json: differs in sourceDigest",
        f"{tmp_path}/New.json: missing",
    ]


def test_write__contract_gone__removes_its_file(tmp_path: Path) -> None:
    write(tmp_path, {"A": made(1), "Gone": made(1)})
    write(tmp_path, {"A": made(1)})
    assert [path.name for path in tmp_path.iterdir()] == ["A.json"]
