"""The only reader of the environment and of config/pipeline.yaml."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from batch_etl.errors import ConfigurationError
from batch_etl.model_faults import model_faults

_PROJECT = Path(__file__).resolve().parents[2]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Paths(_Frozen):
    """Folders relative to the project's."""

    raw: Path
    processed: Path
    logs: Path
    contracts: Path


class QualityLimits(_Frozen):
    """Where a check warns. Shares are from 0 to 1, deviations are robust standard deviations."""

    max_quarantined_share: float = Field(ge=0, le=1)
    max_unknown_share: float = Field(ge=0, le=1)
    max_deviation: float = Field(gt=0)
    max_drift: float = Field(gt=0)
    max_age_hours: float = Field(gt=0)


class SparkConfig(_Frozen):
    """mode: how a stage gets its session.

    split_bytes  of a source file that one task reads
    small_bytes  of clean records; up to so many, transformation computes everything again, and compiles nothing
    """

    mode: Literal["submit", "connect"] = "submit"
    split_bytes: int = Field(ge=1)
    small_bytes: int = Field(ge=0)


class ReleaseLimits(_Frozen):
    """kept: how many releases back one can go. lock_wait_seconds: how long a publish waits for others' locks."""

    kept: int = Field(ge=1)
    lock_wait_seconds: int = Field(ge=1)


class LandingLimits(_Frozen):
    """Above this an archive is refused: a small one may hold more than the disk."""

    max_unpacked_bytes: int = Field(ge=1)


class LakeLimits(_Frozen):
    """kept_marts: how many of the newest marts stay."""

    kept_marts: int = Field(ge=1)


class AlertRules(_Frozen):
    """When something is an incident, and when messages go out. minimum_severity goes by the scheme of an address."""

    stage_deadline_minutes: int = Field(ge=1)
    crashed_after_minutes: int = Field(ge=1)
    minimum_severity: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9]*$")], Literal["info", "warn", "error"]]
    digest_minutes: int = Field(ge=0)
    quiet_hours_utc: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$")]

    @model_validator(mode="after")
    def _mean_something(self) -> Self:
        if self.crashed_after_minutes <= self.stage_deadline_minutes:
            raise ValueError("crashed_after_minutes must be more than stage_deadline_minutes")
        begin, _, end = self.quiet_hours_utc.partition("-")
        if begin and begin == end:
            raise ValueError(f"quiet_hours_utc {self.quiet_hours_utc} is no time at all; leave it empty")
        return self


class PipelineConfig(_Frozen):
    """config/pipeline.yaml."""

    paths: Paths
    # A glob of file names: in another folder than paths.raw nobody would look.
    dataset_sizes: dict[str, Annotated[str, Field(pattern=r"^[^/\\]+$")]] = Field(min_length=1)
    quality: QualityLimits
    landing: LandingLimits
    lake: LakeLimits
    spark: SparkConfig
    releases: ReleaseLimits
    alerts: AlertRules

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read and check the file. Raises ConfigurationError with every fault in it."""
        try:
            return cls.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
        except FileNotFoundError:
            raise ConfigurationError(f"{file}: missing; restore it from the repository") from None
        except ValidationError as error:
            faults = model_faults(error, cls, whole="the file")
            raise ConfigurationError(*(f"{file}: {place}: {fault}" for place, fault in faults)) from None
        # ValueError: of bytes that are not UTF-8.
        except (yaml.YAMLError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ConfigurationError(f"{file}: not YAML: {reason}; the rest is checked once this is mended") from None


class Settings(BaseSettings):
    """What the environment says, and the configuration it points at."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    pipeline_home: Path = _PROJECT
    warehouse_dsn: SecretStr = SecretStr("postgresql://airflow:airflow123@127.0.0.1:5432/data_warehouse")
    spark_properties_file: Path | None = None
    # With the token by which the Connect server knows its clients.
    spark_connect_url: SecretStr = SecretStr("sc://127.0.0.1:15002")
    notify_urls: SecretStr = SecretStr("")
    pipeline_schedule: str = ""

    @cached_property
    def config(self) -> PipelineConfig:
        """The checked content of config/pipeline.yaml."""
        return PipelineConfig.read(self.pipeline_home / "config" / "pipeline.yaml")

    def folder(self, name: str) -> Path:
        """Absolute path of one of the folders that config/pipeline.yaml names under paths."""
        path: Path = getattr(self.config.paths, name)
        return self.pipeline_home / path

    def file_pattern(self, dataset_size: str) -> str:
        """Glob of the files that a run of this size reads. Raises ConfigurationError for an unknown size."""
        sizes = self.config.dataset_sizes
        if dataset_size not in sizes:
            raise ConfigurationError(f"dataset_size: '{dataset_size}' is unknown; use one of {', '.join(sizes)}")
        return sizes[dataset_size]
