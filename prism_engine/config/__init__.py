"""Configuration: YAML files and options, validated into frozen values."""

from prism_engine.config.arms import Arm
from prism_engine.config.choices import Merge, Pictures, perceiver_names
from prism_engine.config.models import (
    ApiModel,
    Limits,
    ModelSpec,
    PriceSpec,
    Registry,
    ScriptedModel,
    ServerSpec,
    VllmModel,
    load_registry,
)
from prism_engine.config.run_config import RunConfig, SamplingConfig, load_run_configs

__all__ = [
    "ApiModel",
    "Arm",
    "Limits",
    "Merge",
    "ModelSpec",
    "Pictures",
    "PriceSpec",
    "Registry",
    "RunConfig",
    "SamplingConfig",
    "ScriptedModel",
    "ServerSpec",
    "VllmModel",
    "load_registry",
    "load_run_configs",
    "perceiver_names",
]
