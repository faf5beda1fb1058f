"""Every dialect as logical sessions: SESSIONS maps a name to what writes one down.

talk        a session as messages with their facts
witness     what can be known of a session from what is seen of it
stratum     what the descendants of Stratum V1 share

A new dialect: one module with SESSIONS, and its name in MODULES.
"""

from random import Random

from . import bitcoin, browser, coins, cryptonote, equihash, ethereum, graphs, nodes, sv2, web

MODULES = (bitcoin, equihash, ethereum, cryptonote, graphs, coins, web, browser, sv2, nodes)
SESSIONS = {name: write for module in MODULES for name, write in module.SESSIONS.items()}


def session(name):
    """The session of that name, always the same one."""
    return SESSIONS[name](Random(name))
