"""A contract's file as a document of the standard, before its meaning is looked at."""

from collections.abc import Hashable
from typing import Any

import yaml
from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import ValidationError

from batch_etl.contracts.faults import Faults
from batch_etl.model_faults import model_faults


def read_document(faults: Faults) -> OpenDataContractStandard | None:
    """Read the file that the faults belong to; None where it holds no document."""
    try:
        # A SafeLoader: it makes nothing but plain values.
        given = yaml.load(faults.file.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506
        faults.columns = _column_names(given)
        document = OpenDataContractStandard.model_validate(given)
    except ValidationError as error:
        for place, fault in model_faults(error, OpenDataContractStandard, whole="the document"):
            faults.add(place, fault)
        faults.hides("the rest of the file")
        return None
    # ValueError: of a date such as 2025-02-30, or of bytes that are not UTF-8.
    except (yaml.YAMLError, ValueError, OSError) as error:
        faults.add("not YAML", " ".join(str(error).split()))
        faults.hides("the rest of the file")
        return None
    faults.check_unknown(given, document)
    return document


def _column_names(given: Any) -> list[str]:  # noqa: ANN401 - whatever the YAML holds
    """What the columns are called, empty where it cannot be told."""
    try:
        properties = given["schema"][0]["properties"]
        return [str(prop.get("name") or "") if isinstance(prop, dict) else "" for prop in properties]
    except (KeyError, IndexError, TypeError):
        return []


class _StrictLoader(yaml.CSafeLoader):
    """YAML whose mappings name a key once; PyYAML takes the last of several."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [name.value for name, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"'{name}' is there twice", node.start_mark)
        return super().construct_mapping(node, deep)
