"""Configuration: YAML files and options, validated into frozen values."""

from prism_engine.config.api_entry import ApiModel
from prism_engine.config.arms import Arm
from prism_engine.config.checkpoint_entry import ServerSpec, VllmModel
from prism_engine.config.choices import Merge, Pictures, perceiver_names
from prism_engine.config.model_entry import Limits, PriceSpec
from prism_engine.config.models import ModelSpec, Registry, ScriptedModel, load_registry
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
