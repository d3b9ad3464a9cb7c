"""The operator's settings: what they are, where they come from, and every mistake in them at once.

``load`` is the entrance. No other room reads the configuration file or the environment.
"""

from penstock.config.admin import TlsSettings
from penstock.config.load import load
from penstock.config.mistakes import ConfigError, Mistake
from penstock.config.proxies import Proxies
from penstock.config.settings import (
    KeySettings,
    LimitSettings,
    ModelRule,
    ProviderSettings,
    Settings,
    TimeoutSettings,
)
from penstock.core.caller import Secret

__all__ = [
    "ConfigError",
    "KeySettings",
    "LimitSettings",
    "Mistake",
    "ModelRule",
    "ProviderSettings",
    "Proxies",
    "Secret",
    "Settings",
    "TimeoutSettings",
    "TlsSettings",
    "load",
]
