"""`./etl validate-config`: is everything that people write understood?"""

from typing import Any

import typer

from batch_etl.cli.output import AsJson, answered, print_json, print_lines
from batch_etl.contract import Contract
from batch_etl.contracts.reader import read_contracts
from batch_etl.contracts.together import missing_contracts
from batch_etl.errors import ConfigurationError
from batch_etl.settings import Settings
from batch_etl.stores.contract_tables import own_datasets
from batch_etl.stores.mart import read_statements
from monitoring.table_checks import read_checks


def register(app: typer.Typer) -> None:
    app.command("validate-config")(validate_config)


def validate_config(*, as_json: AsJson = False) -> None:
    """Check config/pipeline.yaml, every contract, query and check, without any service; tell every fault at once."""
    settings = Settings()
    sizes, contracts, faults = _read_everything(settings)
    if as_json:
        found = {"dataset_sizes": sizes, "contracts": _described(contracts), "faults": faults}
        print_json({"is_valid": not faults, **found})
    elif not faults:
        print_lines(f"config/pipeline.yaml: {len(sizes)} dataset sizes")
        for contract in contracts.values():
            print_lines(f"{contract.dataset}: {len(contract.columns)} columns, files {contract.file_pattern}")
    if faults:
        raise answered(ConfigurationError(*faults))


def _read_everything(settings: Settings) -> tuple[dict[str, str], dict[str, Contract], list[str]]:
    """Sizes, contracts and faults. A fault in pipeline.yaml leaves the contracts where they usually are."""
    sizes: dict[str, str] = {}
    contracts: dict[str, Contract] = {}
    faults: list[str] = []
    folder = settings.pipeline_home / "config" / "contracts"
    try:
        sizes = settings.config.dataset_sizes
        folder = settings.folder("contracts")
    except ConfigurationError as error:
        faults += error.faults
    try:
        contracts = read_contracts(folder)
        faults += missing_contracts(contracts, folder)
        read_statements(settings.pipeline_home, own_datasets(contracts))
    except ConfigurationError as error:
        faults += error.faults
    try:
        read_checks(settings)
    except ConfigurationError as error:
        faults += error.faults
    return sizes, contracts, faults


def _described(contracts: dict[str, Contract]) -> list[dict[str, Any]]:
    return [
        {"dataset": contract.dataset, "columns": len(contract.columns), "files": contract.file_pattern}
        for contract in contracts.values()
    ]
