"""Traffic with the words of mining, or near its sizes, that is none: logical sessions like those of
the dialects, so that they can be rendered in the same ways.

Every template that quotes is written for every dialect: the messages are those of its session,
but as text inside something else. Dialects of everyday words also speak them with wrong shapes.
"""

import base64
import json
import struct
from random import Random

from capturekit import TO_SERVER

from . import benign, tls
from .dialects import SESSIONS, session
from .dialects.talk import NOTHING, PUSH, Http, Id, Num, Talk
from .look_alikes import framed_lsp
from .records import FEEDS, FROM_LOGIN, POSTED, RECORDS
from .render.spell import SPELLINGS, Speller

QUOTED = 10  # messages of a session that are quoted
GENERIC = ("cryptonote", "cryptonote-polling", "grin", "beam", "coinhive", "webminerpool", "nimiq")
KEPT = ("method", "type", "identifier", "message", "status", "jsonrpc", "mode")
DROPPED = ("agent", "algo", "rigid")
OK = "HTTP/1.1 200 OK"


def alike(rng, **how):
    """A session in which there is nothing to find."""
    return Talk(rng, "", level=NOTHING, **how)


def quotes(name):
    """Messages of a session as texts."""
    speller, out = Speller(SPELLINGS["compact"], name), []
    for said in session(name).said[:QUOTED]:
        body = said.body
        if isinstance(body, Http):
            body = body.body if body.body is not None else {"request": body.first}
        if isinstance(body, bytes):
            out.append(base64.b64encode(body).decode())
        else:
            out.append(speller.body(body).decode())
    return out


def values(name):
    """Messages of a session as JSON values."""
    return [json.loads(text) for text in quotes(name) if text.startswith("{")]


def converse(talk, pairs, pause=1.0):
    """Requests and replies; either may be None."""
    for request, reply in pairs:
        if request is not None:
            talk.client(request)
        talk.reply_time()
        if reply is not None:
            talk.server(reply)
        talk.wait(pause)
    return talk


def chat_lines(rng, name):
    """A chat over newline JSON; bots post, and the server relays to all."""
    return converse(alike(rng, port=5222), [
        ({"type": "message", "room": "ops", "text": text},
         {"type": "relay", "from": "bob", "text": text}) for text in quotes(name)])


def chat_websocket(rng, name):
    """The same in a browser."""
    return converse(alike(rng, port=443, home="ws", path="/chat"), [
        ({"event": "post", "data": {"channel": "ops", "body": text}},
         {"event": "posted", "data": {"id": number, "body": text}})
        for number, text in enumerate(quotes(name))])


def chat_irc(rng, name):
    """IRC lines."""
    return converse(alike(rng, port=6667, is_binary=True), [
        (f"PRIVMSG #ops :{text}\r\n".encode(),
         f":bob!b@example.net PRIVMSG #ops :{text}\r\n".encode()) for text in quotes(name)])


def rows_mysql(rng, name):
    """Rows of MySQL that hold messages."""
    talk = alike(rng, port=3306, is_binary=True)
    talk.server(benign.my_packet(0, b"\x0a8.0.36\0" + rng.randbytes(24)))
    query = b"\x03SELECT message FROM log WHERE message LIKE '%mining%' LIMIT 20"
    rows = benign.my_packet(1, b"\x01")
    for number, text in enumerate(quotes(name), 2):
        data = text.encode()
        rows += benign.my_packet(number, b"\xfc" + struct.pack("<H", len(data)) + data)
    return converse(talk, [(benign.my_packet(0, query), rows)] * 2)


def rows_postgres(rng, name):
    """Rows of PostgreSQL, and a client that inserts them elsewhere."""
    talk = alike(rng, port=5432, is_binary=True)
    query = benign.pg_message(b"Q", b"SELECT message FROM log\0")
    rows = b"".join(benign.pg_row(b"2026-03-05", text.encode()) for text in quotes(name))
    copied = b"".join(benign.pg_message(b"d", text.encode() + b"\n") for text in quotes(name))
    return converse(talk, [(query, rows), (copied, benign.pg_message(b"C", b"COPY 9\0"))])


def get(path, headers=()):
    """A request for a page."""
    return Http(f"GET {path} HTTP/1.1", (("Host", "docs.example.org"), ("Accept", "*/*"),
                                         ("User-Agent", "curl/7.88.1"), *headers))


def page(body, kind):
    """A response."""
    return Http(OK, (("Server", "nginx"),), body, kind)


def rows_http(rng, name):
    """A search engine and a time series database answer with messages in their rows."""
    hits = {"took": 3, "hits": {"total": 9, "hits": [
        {"_index": "log", "_source": {"message": text}} for text in quotes(name)]}}
    table = {"columns": ["ts", "message"], "rows": [[n, t] for n, t in enumerate(quotes(name))]}
    ask = Http("POST /log/_search HTTP/1.1", (("Host", "search.example.org"),),
               {"query": {"match": {"message": "mining.submit"}}})
    return converse(alike(rng, port=9200, home="http"), [
        (ask, page(hits, "application/json")), (get("/query?q=SELECT"), page(table, "text/json"))])


def bulk_http(rng, name):
    """A shipper posts decoded messages as documents of a log."""
    lines = "".join(json.dumps({"index": {}}) + "\n" + json.dumps({"event": value}) + "\n"
                    for value in values(name)) or "{}\n"
    ask = Http("POST /_bulk HTTP/1.1", (("Host", "search.example.org"),), lines.encode(),
               "application/x-ndjson")
    return converse(alike(rng, port=9200, home="http"), [
        (ask, page({"took": 9, "errors": False}, "application/json"))])


def documentation(rng, name):
    """A page and a file with examples at the start of lines."""
    lines = "\n".join(quotes(name))
    html = f"<!doctype html><title>Protocol</title>\n<pre>\n{lines}\n</pre>\n".encode()
    return converse(alike(rng, port=80, home="http"), [
        (get("/protocol.html"), page(html, "text/html")),
        (get("/example/pool/main/protocol.md"), page(lines.encode(), "text/plain"))])


def raw_files(rng, name):
    """Files that hold nothing but messages: one each, a list, an object around them."""
    found = values(name) or [{"nothing": 0}]
    pairs = [(get(f"/example/pool/main/test/{number}.json"), page(value, "text/plain"))
             for number, value in enumerate(found[:4])]
    return converse(alike(rng, port=80, home="http"), pairs + [
        (get("/example/pool/main/test/all.json"), page(found, "application/json")),
        (get("/rules.json"), page({"examples": found}, "application/json"))])


def log_lines(rng, name):
    """A log shipper: messages as strings, and decoded below a key."""
    talk = alike(rng, port=5044)
    for number, text in enumerate(quotes(name)):
        talk.client({"@timestamp": f"2026-03-05T11:00:{number:02}Z", "host": "ids1",
                     "message": text, "method": "POST"})
        talk.wait(0.2)
    for value in values(name):
        talk.client({"@timestamp": "2026-03-05T11:01:00Z", "host": "ids1", "event": value})
        talk.wait(0.2)
    return talk


def blunt(value):
    """A message with the same words and wrong shapes."""
    if isinstance(value, dict):
        return {key: item if key in KEPT else blunt(item) for key, item in value.items()
                if key not in DROPPED}
    if isinstance(value, list):
        return [blunt(item) for item in value[:1]]
    if isinstance(value, str):
        return "draft"
    return value if isinstance(value, (Id, Num)) or value is PUSH else \
        value % 100 if isinstance(value, int) and not isinstance(value, bool) else value


def blunted(rng, name):
    """Another service whose words are those of a dialect."""
    source = session(name)
    talk = alike(rng, home=source.home, port=source.port)
    for said in source.said:
        talk.time = said.time
        (talk.server if said.direction else talk.client)(blunt(said.body))
    return talk


def stores(rng, name):
    """A store, and a queue that hands on: a line with the length of the value before each."""
    talk = alike(rng, port=11211, is_binary=True)
    sizes = [text.encode() for text in quotes(name)]
    return converse(talk, [(b"set log:%d 0 0 %d\r\n%b\r\n" % (number, len(text), text),
                            b"STORED\r\n") for number, text in enumerate(sizes)]
                    + [(b"PUB log %d\r\n%b\r\n" % (len(text), text),
                        b"MSG log 1 %d\r\n%b\r\n" % (len(text), text)) for text in sizes])


def answers(rng, name):
    """What a store is asked for first, in the form of Redis."""
    return converse(alike(rng, port=6379, is_binary=True), [
        (b"*2\r\n$3\r\nGET\r\n$3\r\nlog\r\n", b"$%d\r\n%b\r\n" % (len(text), text))
        for text in (quoted.encode() for quoted in quotes(name))])


def uploads(rng, name):
    """A log of messages, sent up as a file and in a form."""
    lines = "\n".join(quotes(name) * 2).encode() + b"\n"
    ask = [(("Host", "files.example.org"),), ("text/plain", "application/octet-stream")]
    return converse(alike(rng, port=80, home="http"), [
        (Http(f"POST /upload/{number} HTTP/1.1", ask[0], lines, kind),
         page({"ok": True}, "application/json")) for number, kind in enumerate(ask[1])])


def begins_as_miner(name):
    """Whether a log of the session begins with a miner's line."""
    talk = session(name)
    return talk.home == "stream" and not talk.is_binary and talk.said[0].direction == TO_SERVER


def fetched(rng, name):
    """A log of messages, sent down as a file on a connection of its own, or by a shell."""
    lines = "\n".join(quotes(name) * 2).encode() + b"\n"
    return converse(alike(rng, port=20 + 1000 * (len(name) % 60), is_binary=True), [
        (b"cat log\n", lines) if len(name) % 2 else (None, lines)])


QUOTING = {"chat": chat_lines, "chat-ws": chat_websocket, "irc": chat_irc, "mysql": rows_mysql,
           "postgres": rows_postgres, "rows-http": rows_http, "bulk-http": bulk_http,
           "documentation": documentation, "raw-files": raw_files, "log-lines": log_lines,
           "stores": stores, "answers": answers, "uploads": uploads, "fetched": fetched,
           **RECORDS, **FROM_LOGIN, **POSTED, **FEEDS}


def rpc(number, method, params, result):
    """A JSON-RPC request and its reply."""
    return ({"jsonrpc": "2.0", "id": Id(number), "method": method, "params": params},
            {"jsonrpc": "2.0", "id": Id(number), "result": result})


def over_http(pairs, target="/", host="api.example.org"):
    """The same pairs as HTTP bodies."""
    return [(Http(f"POST {target} HTTP/1.1", (("Host", host),), ask),
             page(answer, "application/json")) for ask, answer in pairs]


def electrum(rng):
    """A wallet at an Electrum server."""
    return converse(alike(rng, port=50001), [
        rpc(0, "server.version", ["electrum/4.5.5", "1.4"], ["ElectrumX 1.16.0", "1.4"]),
        rpc(1, "blockchain.headers.subscribe", [], {"hex": rng.randbytes(80).hex(), "height": 9}),
        rpc(2, "blockchain.scripthash.subscribe", [rng.randbytes(32).hex()],
            rng.randbytes(32).hex()),
        rpc(3, "mempool.get_fee_histogram", [], [[12, 128812]]), rpc(4, "server.ping", [], None)])


def login_api(rng):
    """A service with login, job, submit, status, keepalive and `result: true`."""
    return converse(alike(rng, port=8021), [
        rpc(1, "login", {"login": "alice", "pass": "example", "remember": True}, True),
        rpc(2, "status", {"id": 7}, {"status": "OK"}),
        rpc(3, "submit", {"form": "holiday", "result": "approved", "job_id": 7}, True),
        rpc(4, "getjob", {"id": 7}, {"job_id": "7", "target": "/mnt", "blob": "scene.blend"}),
        rpc(5, "keepalive", {}, True), rpc(6, "solution", {"id": 1}, {"status": "KEEPALIVED"})])


def rest_api(rng):
    """The same words over HTTP, with e-mail and password."""
    return converse(alike(rng, port=8080, home="http"), over_http([
        ({"method": "login", "params": {"login": "alice@example.org", "pass": "example"}},
         {"result": {"id": "1", "status": "OK", "job": {"id": 7, "title": "Night shift"}}}),
        ({"type": "auth", "params": {"user": "alice", "token": "t"}},
         {"type": "authed", "params": {"token": "t"}}),
        ({"type": "submit", "params": {"job_id": "7", "result": "done"}},
         {"type": "job", "params": {"job_id": "8", "target": "draft"}})], "/api/login"))


def queue(rng):
    """A render farm's job queue."""
    pairs = [tuple(json.loads(text) if text else None for text in pair)
             for pair in benign.queue_exchanges(rng, 8)]
    return converse(alike(rng), pairs)


def build_farm(rng):
    """The same for builds: sources and jobs are named by their hashes."""
    pairs = [rpc(1, "login", {"login": "builder-7", "pass": "example"},
                 {"id": "a1", "status": "OK"})]
    for number in range(2, 8):
        job = rng.randbytes(20).hex()
        push = {"jsonrpc": "2.0", "method": "job",
                "params": {"blob": rng.randbytes(20).hex(), "job_id": job, "target": "amd64"}}
        pairs += [(None, push), rpc(number, "submit", {
            "id": "a1", "job_id": job, "result": "done"}, {"status": "OK"})]
    return converse(alike(rng, port=7070), pairs)


def continuous(rng):
    """A CI server and its runner."""
    return converse(alike(rng, port=80, home="http"), over_http([
        ({"token": "t", "last_update": rng.randbytes(16).hex(), "info": {"name": "runner"}},
         {"id": 7, "job_id": rng.randbytes(32).hex(), "status": "OK", "target": "f3220000"}),
        ({"job": {"id": 7}, "nonce": rng.randbytes(4).hex(), "result": rng.randbytes(32).hex()},
         {"status": "OK"})], "/api/v4/jobs/request"))


def wallet_bitcoin(rng):
    """A wallet's and an explorer's questions to a Bitcoin node."""
    names = ("getblockchaininfo", "getmininginfo", "getnetworkhashps", "getdifficulty",
             "getblockcount", "validateaddress")
    return converse(alike(rng, port=8332, home="http"), over_http(
        [rpc(number, name, [], rng.randrange(1 << 40)) for number, name in enumerate(names, 1)]))


def wallet_monero(rng):
    """A Monero wallet and its daemon."""
    pairs = over_http([rpc(number, name, {}, {"height": 3_620_000, "status": "OK"})
                       for number, name in enumerate(("get_info", "get_fee_estimate",
                                                      "get_block_count", "hard_fork_info"))],
                      "/json_rpc")
    return converse(alike(rng, port=18081, home="http"), [
        (get("/getheight"), page({"height": 3_620_000, "status": "OK"}, "application/json"))]
        + pairs)


def dapp(rng):
    """A program and an Ethereum node, over lines."""
    word = "0x" + rng.randbytes(32).hex()
    return converse(alike(rng, port=8546), [
        rpc(1, "eth_blockNumber", [], "0x155cc00"), rpc(2, "eth_mining", [], False),
        rpc(3, "eth_hashrate", [], "0x0"), rpc(4, "eth_coinbase", [], "0x" + "10" * 20),
        rpc(5, "eth_call", [{"to": "0x" + "22" * 20}, "latest"], word),
        rpc(6, "eth_getLogs", [{"topics": [word]}], [word, word])])


def dapp_http(rng):
    """The same over HTTP."""
    word = "0x" + rng.randbytes(32).hex()
    return converse(alike(rng, port=8545, home="http"), over_http([
        rpc(1, "eth_blockNumber", [], "0x155cc00"), rpc(2, "eth_hashrate", [], "0x0"),
        rpc(3, "eth_getLogs", [{"topics": [word]}], [word, word])]))


def language_server(rng):
    """An editor that opens a miner's source."""
    text = "\n".join(quotes("cryptonote") + quotes("stratum-v1"))
    return converse(alike(rng, port=2087, is_binary=True), [
        (framed_lsp({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}),
         framed_lsp({"jsonrpc": "2.0", "id": 1, "result": {"capabilities": {}}})),
        (framed_lsp({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {
            "textDocument": {"uri": "file:///pool.py", "text": text}}}), None)])


def mqtt(rng):
    """A sensor that reports to an MQTT broker."""
    def packet(kind, body):
        return bytes([kind, len(body)]) + body
    publish = packet(0x30, b"\0\x09rig/state" + b'{"job":7,"result":"ok"}')
    return converse(alike(rng, port=1883, is_binary=True), [
        (packet(0x10, b"\0\x04MQTT\x04\x02\0\x3c\0\x04miner"), packet(0x20, b"\0\0")),
        *[(publish, packet(0x40, b"\0\x01"))] * 4, (packet(0xC0, b""), packet(0xD0, b""))])


def sizes(rng, port, *said):
    """Random bytes of these sizes, each side in turn, the client first."""
    return converse(alike(rng, port=port, is_binary=True), [
        (rng.randbytes(ask) if ask else None, rng.randbytes(answer) if answer else None)
        for ask, answer in said], 2.0)


def bip324(rng):
    """Bitcoin's encrypted transport: 64 bytes of key and garbage."""
    return sizes(rng, 8333, (64, 64 + 190), (16 + 20 + 100, 16 + 20 + 130), (36, 72), (36, 36))


def bip324_near(rng):
    """The same with the very garbage that makes 234 bytes."""
    return sizes(rng, 8333, (64, 234), (16 + 20 + 3, 16 + 20 + 130), (33, 61), (95, 45))


def lightning(rng):
    """Lightning: Noise_XK, 50, 50, 66 bytes."""
    return sizes(rng, 9735, (50, 50), (66, 0), (18 + 40, 18 + 44), (18 + 24, 18 + 24))


def near_noise(rng):
    """Close to Stratum V2's sizes, but not them."""
    return sizes(rng, 34254, (64, 235), (105, 44), (93, 87), (62, 58), (62, 58))


def wireguard_like(rng):
    """A tunnel over TCP with fixed handshake sizes."""
    return sizes(rng, 51820, (148, 92), (32, 32), (112, 96), (64, 234), (64, 234))


def ssh(rng):
    """SSH."""
    return converse(alike(rng, port=22, is_binary=True), [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", b"SSH-2.0-OpenSSH_8.7\r\n"),
        (benign.ssh_kexinit(rng), benign.ssh_kexinit(rng)),
        (benign.ssh_packet(rng, b"\x1e" + rng.randbytes(36)), benign.ssh_key_reply(rng)),
        *[(rng.randbytes(36), rng.randbytes(60))] * 5])


def web_tls(rng):
    """TLS."""
    hello, number = tls.client_hello(rng, "www.example.org")
    return converse(alike(rng, port=443, is_binary=True), [
        (hello, tls.server_hello(rng, number) + tls.application(rng, 1800)),
        *[(tls.application(rng, 200), tls.application(rng, 64))] * 5])


def web_pages(rng):
    """Ordinary pages."""
    return converse(alike(rng, port=80, home="http"), [
        (get(f"/{number}.html"), page(benign.PAGE.format(name="example").encode() * 6,
                                      "text/html")) for number in range(5)])


FIXED = {"electrum": electrum, "login-api": login_api, "rest-api": rest_api, "queue": queue,
         "build-farm": build_farm, "ci": continuous, "wallet-bitcoin": wallet_bitcoin,
         "wallet-monero": wallet_monero,
         "dapp": dapp, "dapp-http": dapp_http, "language-server": language_server, "mqtt": mqtt,
         "bip324": bip324, "bip324-near": bip324_near, "lightning": lightning,
         "near-noise": near_noise, "wireguard-like": wireguard_like, "ssh": ssh, "tls": web_tls,
         "web": web_pages}
LOOK_ALIKES = [f"{how}/{name}" for how in QUOTING for name in SESSIONS
               if how != "fetched" or begins_as_miner(name)] \
    + [f"blunt/{name}" for name in GENERIC] + list(FIXED)


def look_alike(name):
    """The look-alike of that name, always the same one."""
    how, _, dialect = name.partition("/")
    if how == "blunt":
        return blunted(Random(name), dialect)
    return QUOTING[how](Random(name), dialect) if dialect else FIXED[how](Random(name))
