"""Pipecat's reports of each step are left out."""

from loguru import logger

logger.remove()
