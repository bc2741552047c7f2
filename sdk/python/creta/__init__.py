"""Creta: write features in Python, ask for them online, and get training sets from the same definitions."""

from creta.definition.resolvers import CretaWarning, Resolver, offline, online
from creta.features import *  # noqa: F403
from creta.features import __, _  # noqa: F401
from creta.queries import NamedQuery

realtime = online
batch = offline
