"""Every dialect as one session, from its first message to its last."""

from capturekit import SECOND, US

from .build import Built, Entry
from .dialects import SESSIONS, session
from .render.rendering import Rendering, render

OWN = ("stratum-v1", "stratum-v1-scrypt", "cryptonote", "ethproxy")  # have folders of their own


def truth(rendered):
    """The truth file's record of a session."""
    known, talk = rendered.known, rendered.talk
    last = max(packet.time for packet in rendered.packets)
    window = (last - known.first_job) / SECOND if known.first_job else 0
    work = 0 if known.rate is None else known.work
    out = {"client": list(rendered.client), "server": list(rendered.server),
           "dialect": talk.dialect, "level": talk.level, "wallet": known.must.get("wallet", ""),
           "worker": known.must.get("worker", ""), "agent": known.must.get("agent", ""),
           "algo": known.must.get("algo", ""),
           "pool": known.must.get("pool", f"{rendered.server[0]}:{rendered.server[1]}"),
           "pool_named": known.must.get("pool", ""), "units": talk.units,
           "known": {name: sorted(values) for name, values in known.may.items()},
           "shares": dict(known.low), "work": work, "first_job_us": known.first_job // US,
           "last_packet_us": last // US, "window_s": round(window, 6),
           "hashrate": round(work / window, 3) if window else 0}
    if known.rate is None and known.low["accepted"]:
        out["hashrate"] = None  # the worth of a share is not told
    if "agent_has" in known.must:
        out["agent_has"] = known.must["agent_has"]
    if known.claimed_must is not None:
        out["hashrate_claimed"] = known.claimed_must
    return out


def builder(rendering):
    """What builds the capture of one rendering."""
    def build(_):
        rendered = render(rendering)
        return Built(rendered.packets, {"sessions": [truth(rendered)]})
    return build


def about(name):
    """The first line that the session's writer says about it."""
    return (SESSIONS[name].__doc__ or name).strip().rstrip(".")


ENTRIES = [Entry(f"dialects/{name}", f"`{session(name).dialect}`. {about(name)}",
                 builder(Rendering(name))) for name in SESSIONS if name not in OWN]
