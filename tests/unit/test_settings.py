"""Settings come from the environment and config/pipeline.yaml; what is not understood is refused."""

from pathlib import Path

import pytest

from batch_etl.errors import ConfigurationError
from batch_etl.settings import PipelineConfig, Settings

PROJECT = Path(__file__).resolve().parents[2]

CONFIG = """
paths: {raw: data/raw, processed: data/processed, logs: data/logs, contracts: config/contracts}
dataset_sizes: {small: "*_small.*", all: "*"}
quality: {max_quarantined_share: 0.2, max_unknown_share: 0.2, max_deviation: 5, max_drift: 0.2, max_age_hours: 48}
spark: {split_bytes: 100, small_bytes: 0}
landing: {max_unpacked_bytes: 1000}
lake: {kept_marts: 2}
releases: {kept: 3, lock_wait_seconds: 60}
alerts:
  stage_deadline_minutes: 90
  crashed_after_minutes: 150
  minimum_severity: {mailto: warn}
  digest_minutes: 60
  quiet_hours_utc: "22:00-06:00"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/pipeline.yaml").write_text(CONFIG)
    return tmp_path


def test_the_configuration_of_the_project_is_understood() -> None:
    config = PipelineConfig.read(PROJECT / "config/pipeline.yaml")

    sizes = {size: f"*_{size}.*" for size in ("small", "medium", "large")}
    assert config.dataset_sizes == {**sizes, "generated": "*_data_[0-9]*", "all": "*"}


def test_folders_lie_in_the_project(home: Path) -> None:
    assert {name: Settings().folder(name) for name in ("raw", "processed", "logs", "contracts")} == {
        "raw": home / "data/raw",
        "processed": home / "data/processed",
        "logs": home / "data/logs",
        "contracts": home / "config/contracts",
    }


def test_the_environment_decides_where_things_are(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", "postgresql://someone:hidden@there/warehouse")
    monkeypatch.setenv("NOTIFY_URLS", "json://hidden@there")
    monkeypatch.setenv("PIPELINE_SCHEDULE", "0 2 * * *")
    monkeypatch.setenv("SPARK_PROPERTIES_FILE", "/etc/spark.conf")

    settings = Settings()

    assert settings.pipeline_home == home
    assert settings.warehouse_dsn.get_secret_value() == "postgresql://someone:hidden@there/warehouse"
    assert (settings.pipeline_schedule, settings.spark_properties_file) == ("0 2 * * *", Path("/etc/spark.conf"))
    assert "hidden" not in repr(settings)


def test_a_size_names_its_files(home: Path) -> None:  # noqa: ARG001 - the environment points there
    assert Settings().file_pattern("small") == "*_small.*"


def test_an_unknown_size_is_refused_with_those_there_are(home: Path) -> None:  # noqa: ARG001 - as above
    with pytest.raises(ConfigurationError, match="dataset_size: 'tiny' is unknown; use one of small, all"):
        Settings().file_pattern("tiny")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        (
            "raw: data/raw",
            "raw: data/raw, cooked: data",
            "paths.cooked: unknown; known are raw, processed, logs, contracts",
        ),
        (
            "spark:",
            "colour: red\nspark:",
            "colour: unknown; known are paths, dataset_sizes, quality, landing, lake, spark, releases, alerts",
        ),
        ("max_age_hours", "max_age_hrs", "max_drift, max_age_hours; did you mean max_age_hours?"),
        ("split_bytes: 100", "split_bytes: 0", "spark.split_bytes: Input should be greater than or equal to 1"),
        ("split_bytes: 100, ", "", "spark.split_bytes: missing"),
        ("unknown_share: 0.2", "unknown_share: 20", "quality.max_unknown_share: Input should be less than or"),
        ("spark:", "spark: {", "; the rest is checked once this is mended"),
        ("22:00-06:00", "10pm", "alerts.quiet_hours_utc: String should match pattern"),
        ("{mailto: warn}", "{mailto: loud}", "alerts.minimum_severity.mailto: Input should be 'info', 'warn' or"),
        ("{mailto: warn}", "{Mail: warn}", "alerts.minimum_severity.Mail.[key]: String should match pattern"),
        ("22:00-06:00", "22:00-22:00", "alerts: Value error, quiet_hours_utc 22:00-22:00 is no time at all"),
        ("crashed_after_minutes: 150", "crashed_after_minutes: 90", "alerts: Value error, crashed_after_minutes must"),
        ('{small: "*_small.*", all: "*"}', "{}", "dataset_sizes: Dictionary should have at least 1 item"),
        ("*_small.*", "/data/*", "dataset_sizes.small: String should match pattern"),
        (CONFIG, "- paths", "the file: holds no fields with values"),
        (CONFIG, "a: \x07", "not YAML: unacceptable character"),
    ],
)
def test_a_broken_configuration_is_refused_with_file_place_and_fix(
    home: Path, right: str, wrong: str, complaint: str
) -> None:
    file = home / "config/pipeline.yaml"
    assert right in CONFIG
    file.write_text(CONFIG.replace(right, wrong))

    with pytest.raises(ConfigurationError) as refusal:
        _ = Settings().config

    assert str(refusal.value).startswith(f"{file}: ")
    assert complaint in str(refusal.value)


def test_every_fault_of_the_configuration_is_told_at_once(home: Path) -> None:
    file = home / "config/pipeline.yaml"
    file.write_text("paths: {raw: data/raw}")

    with pytest.raises(ConfigurationError) as refusal:
        _ = Settings().config

    assert refusal.value.faults == tuple(
        f"{file}: {field}: missing"
        for field in (
            "paths.processed",
            "paths.logs",
            "paths.contracts",
            "dataset_sizes",
            "quality",
            "landing",
            "lake",
            "spark",
            "releases",
            "alerts",
        )
    )


def test_a_configuration_that_is_no_text_is_refused(home: Path) -> None:
    (home / "config/pipeline.yaml").write_bytes(b"paths: \xff")

    with pytest.raises(ConfigurationError, match="not YAML: 'utf-8' codec"):
        _ = Settings().config


def test_a_missing_configuration_is_told_with_the_fix(home: Path) -> None:
    (home / "config/pipeline.yaml").unlink()

    with pytest.raises(ConfigurationError, match=r"pipeline\.yaml: missing; restore it from the repository"):
        _ = Settings().config
