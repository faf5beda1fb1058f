"""Records of mining sessions that are copied bare to a log server, line by line or as a file: traffic
with a miner's very words that is none.

How a record begins is what gives it away, so there is one of each way; what the log server says to
it, if anything, is no pool's answer.
"""

from capturekit import TO_CLIENT, TO_SERVER

from .dialects import session
from .dialects.talk import NOTHING, Http, Talk
from .render.spell import SPELLINGS, Speller

COPIED = 16  # messages of a session
SYSLOG = b"<134>Mar  5 11:00:00 ids1 stratum: "
ECHO = object()  # it sends back what it is sent
SERVERS = {"silent": None, "ok": b"ok\n", "status": b'{"status":"ok"}\n', "echo": ECHO}


def is_reply(said):
    """Whether a message says nothing but that it answers one."""
    return said.direction == TO_CLIENT and isinstance(said.body, dict) and \
        "method" not in said.body and said.facts.job is None


BEGINNINGS = {
    "share": lambda said: said.facts.share is not None,
    "job": lambda said: said.facts.job is not None and said.direction == TO_CLIENT,
    "reply": is_reply,
}
# Of a side alone: who records what a miner sends, or what it receives.
SIDES = {"miner": TO_SERVER, "pool": TO_CLIENT}


def lines(name, found):
    """Messages as lines of text."""
    speller, out = Speller(SPELLINGS["compact"], name), []
    for said in found:
        body = said.body.body if isinstance(said.body, Http) else said.body
        if isinstance(body, (dict, list)):
            out.append(speller.body(body) + b"\n")
    return out


def copied(rng, parts, answer):
    """The connection to the log server."""
    talk = Talk(rng, "", level=NOTHING, port=514, is_binary=True)
    for part in parts:
        talk.client(part)
        talk.reply_time()
        if answer is not None:
            talk.server(part if answer is ECHO else answer)
        talk.wait(0.5)
    return talk


def begun(name, is_first):
    """What a session says from the first message on for which that holds."""
    said = session(name).said
    at = next((at for at, each in enumerate(said) if is_first(each)), len(said))
    return said[at:at + COPIED]


def from_there(is_first, answer):
    """A record that begins with a message of that kind, line by line."""
    return lambda rng, name: copied(rng, lines(name, begun(name, is_first)), answer)


def one_side(direction, answer):
    """What one side said since its first share or job, in one piece."""
    def write(rng, name):
        found = begun(name, BEGINNINGS["share" if direction == TO_SERVER else "job"])
        return copied(rng, [b"".join(lines(name, [each for each in found
                                                  if each.direction == direction]))], answer)
    return write


def prefixed(answer):
    """All of it as a syslog daemon sends it."""
    return lambda rng, name: copied(
        rng, [SYSLOG + line for line in lines(name, session(name).said[:COPIED])], answer)


def in_one_piece(answer):
    """All of it as a file, from the login on."""
    return lambda rng, name: copied(rng, [b"".join(lines(name, session(name).said[:COPIED]))],
                                    answer)


def line_by_line(answer):
    """The same as it is written."""
    return lambda rng, name: copied(rng, lines(name, session(name).said[:COPIED]), answer)


def served(rng, name):
    """Who calls the log server is told all since the last job."""
    talk = Talk(rng, "", level=NOTHING, port=514, is_binary=True)
    for line in lines(name, begun(name, BEGINNINGS["job"])):
        talk.server(line)
        talk.wait(0.5)
    return talk


HEADERS = (("Host", "log.example.org"), ("User-Agent", "curl/8.1"))
OF_HTTP = ("ethproxy",)  # what its miners say is said over HTTP as well


def posted(is_copied):
    """A shipper posts some messages to a log server over HTTP, each in a body of its own."""
    def write(rng, name):
        source = session(name)
        talk = Talk(rng, "", level=NOTHING, port=8080, home="http")
        for said in source.said if source.home == "stream" else ():
            is_own = name in OF_HTTP and said.direction == TO_SERVER
            if isinstance(said.body, dict) and is_copied(said) and not is_own:
                talk.client(Http("POST /stratum.log HTTP/1.1", HEADERS, said.body))
                talk.reply_time()
                talk.server(Http("HTTP/1.1 200 OK", (("Server", "log"),), {"success": True}))
                talk.wait(0.5)
        return talk if talk.said else copied(rng, [b"nothing\n"], None)
    return write


# One kind of them: a login behind other words is as good as a miner's, when its answer is not seen.
POSTED = {f"posted-{how}": posted(is_copied) for how, is_copied in (
    *BEGINNINGS.items(), ("pool", lambda said: said.direction == TO_CLIENT))}


def fed(begin):
    """Who opens a page is told the same over WebSocket, behind much else."""
    def write(rng, name):
        talk = Talk(rng, "", level=NOTHING, port=80, home="ws", path="/feed")
        for height in range(4):
            talk.server({"height": height, "page": "ab" * 3000})
            talk.wait(0.5)
        for said in begin(name):
            body = said.body.body if isinstance(said.body, Http) else said.body
            if isinstance(body, (dict, list)):
                talk.server(body)
                talk.wait(0.5)
        return talk
    return write


def reflected(rng, name):
    """Who tries out a hook posts to a server that answers with what it was sent."""
    talk = Talk(rng, "", level=NOTHING, port=80, home="http")
    head = (("Host", "echo.example.org"),)
    for line in lines(name, session(name).said[:COPIED]):
        talk.client(Http("POST /anything HTTP/1.1", head, line, "application/json"))
        talk.reply_time()
        talk.server(Http("HTTP/1.1 200 OK", (("Server", "nginx"),), line, "application/json"))
        talk.wait(0.5)
    return talk


FEEDS = {f"feed-{how}": fed(lambda name, is_first=is_first: begun(name, is_first))
         for how, is_first in (*BEGINNINGS.items(), ("login", lambda said: True))}
RECORDS = {f"record-{how}-{server}": write(answer) for server, answer in SERVERS.items()
           for how, write in (
               *((how, lambda answer, is_first=is_first: from_there(is_first, answer))
                 for how, is_first in BEGINNINGS.items()),
               *((how, lambda answer, side=side: one_side(side, answer))
                 for how, side in SIDES.items()),
               ("syslog", prefixed), ("file", in_one_piece))}
RECORDS["record-served"] = served
# The login itself cannot be told from a miner's: it is one, as far as anybody knows.
FROM_LOGIN = {f"record-login-{server}": line_by_line(answer)
              for server, answer in SERVERS.items()} | {"record-login-hook": reflected}
