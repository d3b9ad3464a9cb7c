"""Composition root: settings in, running gateway out. The only file that names concrete classes.

The order of the policies stands here, with its reasons.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock import routes
from penstock.config.settings import ProviderSettings, Settings
from penstock.core.exchange import Answer
from penstock.core.fault import Fault
from penstock.core.head import Header, RequestHead
from penstock.core.policy import Policy
from penstock.core.target import FIRST_BYTE_SECONDS, Origin, Provider, Timeouts
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.gateway import Gateway
from penstock.policies.authenticate import Authenticate
from penstock.probes import probe
from penstock.providers.headers import Wording
from penstock.routing.plan import ModelRule, Table
from penstock.wire.call import Upstream
from penstock.wire.connect import Connector
from penstock.wire.incoming import Incoming
from penstock.wire.listener import Limits, Listener
from penstock.wire.pool import Pool
from penstock.wire.relay import Passing
from penstock.wire.sweep import Sweep

log = logging.getLogger(__name__)

DIALECTS = {dialect.name: dialect for dialect in (Anthropic(), OpenAI(), Gemini())}
