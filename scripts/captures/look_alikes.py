"""Traffic that uses the words of mining, but is none: a sensor must stay silent."""

import json

from capturekit import MS, SECOND

from . import benign
from .build import START, XMR_WALLET, Built, Entry, silent
from .session import line

CLIENT = ("10.0.2.15", 50123)
LOGIN_LINE = json.dumps({
    "id": 1, "jsonrpc": "2.0", "method": "login",
    "params": {"login": XMR_WALLET, "pass": "x", "agent": "XMRig/6.21.0 (Linux x86_64)"}})
JOB_LINE = json.dumps({
    "jsonrpc": "2.0", "method": "job",
    "params": {"blob": "10" * 76, "job_id": "9f3d", "target": "f3220000", "algo": "rx/0"}})
NOTIFY_LINE = json.dumps({"id": None, "method": "mining.notify", "params": [
    "2861", "00" * 32, "01000000", "ffffffff", [], "20000000", "1703a30c", "66b1f0aa", True]})
V1_LINE = json.dumps({"id": 2, "method": "mining.authorize",
                      "params": ["12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07", "x"]})


def talk(rng, server, exchanges, pause=SECOND):
    """A silent capture of one dialogue."""
    packets = benign.dialogue(rng, CLIENT, server, START, exchanges, pause=pause)
    return silent(packets, CLIENT, server)


def rpc(number, method, params, result, **more):
    """A JSON-RPC request and its answer, one line each."""
    return (line({"jsonrpc": "2.0", "id": number, "method": method, "params": params, **more}),
            line({"jsonrpc": "2.0", "id": number, "result": result}))


def electrum(rng):
    """A wallet at an Electrum server."""
    script = rng.randbytes(32).hex()
    exchanges = [
        rpc(0, "server.version", ["electrum/4.5.5", ["1.4", "1.5"]], ["ElectrumX 1.16.0", "1.4"]),
        rpc(1, "blockchain.headers.subscribe", [],
            {"hex": rng.randbytes(80).hex(), "height": 890_000}),
        rpc(2, "blockchain.scripthash.subscribe", [script], rng.randbytes(32).hex()),
        rpc(3, "blockchain.scripthash.get_balance", [script], {"confirmed": 10, "unconfirmed": 0}),
        rpc(4, "mempool.get_fee_histogram", [], [[12, 128812], [4, 92524]]),
        rpc(5, "server.ping", [], None)]
    return talk(rng, ("203.0.113.60", 50001), exchanges)


def framed_lsp(value):
    """A message of a language server."""
    body = json.dumps(value).encode()
    return f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def language_server(rng):
    """An editor and a language server; the open document is a stratum client's source."""
    document = f"LOGIN = '''{LOGIN_LINE}'''\nNOTIFY = '''{NOTIFY_LINE}'''\n"
    exchanges = [
        (framed_lsp({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                     "params": {"processId": 7, "rootUri": "file:///src", "capabilities": {}}}),
         framed_lsp({"jsonrpc": "2.0", "id": 1,
                     "result": {"capabilities": {"hoverProvider": True}}})),
        (framed_lsp({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {
            "textDocument": {"uri": "file:///src/pool.py", "languageId": "python", "version": 1,
                             "text": document}}}), b""),
        (framed_lsp({"jsonrpc": "2.0", "id": 2, "method": "textDocument/hover", "params": {}}),
         framed_lsp({"jsonrpc": "2.0", "id": 2, "result": {"contents": LOGIN_LINE}}))]
    return talk(rng, ("10.0.3.31", 2087), exchanges)


def job_queue(rng):
    """A render farm's queue: login, job, submit, status OK."""
    return talk(rng, ("10.0.3.23", 3333), list(benign.queue_exchanges(rng, 8)))


def chat_irc(rng):
    """A chat in which someone quotes a login line and a notify."""
    exchanges = [
        (b"NICK op\r\nUSER op 0 * :op\r\nJOIN #ops\r\n", b":irc.example.net 001 op :Welcome\r\n"),
        (f"PRIVMSG #ops :look what I found: {LOGIN_LINE}\r\n".encode(), b""),
        (b"", f":bob!b@example.net PRIVMSG #ops :{NOTIFY_LINE}\r\n".encode()),
        (f"PRIVMSG #ops :{V1_LINE}\r\n".encode(), b"PING :irc.example.net\r\n"),
        (b"PONG :irc.example.net\r\n", b"")]
    return talk(rng, ("203.0.113.61", 6667), exchanges)


def chat_json(rng):
    """A chat over newline JSON: the quoted messages are strings."""
    exchanges = [(line({"type": "message", "room": "ops", "text": text}),
                  line({"type": "ack", "id": number, "status": "OK"}))
                 for number, text in enumerate((LOGIN_LINE, JOB_LINE, NOTIFY_LINE, V1_LINE))]
    return talk(rng, ("203.0.113.62", 5222), exchanges)


def database(rng):
    """PostgreSQL rows that hold stratum messages."""
    server = ("10.0.3.24", 5432)
    return silent(benign.postgres(rng, CLIENT, server, START, ""), CLIENT, server)


def database_mysql(rng):
    """MySQL rows that hold stratum messages."""
    server = ("10.0.3.25", 3306)
    return silent(benign.mysql(rng, CLIENT, server, START, ""), CLIENT, server)


def dapp(rng):
    """A program's queries to an Ethereum node over newline JSON."""
    word = "0x" + rng.randbytes(32).hex()
    exchanges = [
        rpc(1, "eth_blockNumber", [], "0x155cc00"), rpc(2, "eth_mining", [], False),
        rpc(3, "eth_hashrate", [], "0x0"), rpc(4, "eth_coinbase", [], "0x" + "10" * 20),
        rpc(5, "eth_getBalance", ["0x101112131415161718191a1b1c1d1e1f20212223", "latest"], "0x0"),
        rpc(6, "eth_call", [{"to": "0x" + "22" * 20, "data": "0x70a08231"}, "latest"], word),
        rpc(7, "eth_getLogs", [{"topics": [word]}], [word, word]),
        rpc(8, "eth_getUncleByBlockNumberAndIndex", ["0x1", "0x0"], None)]
    return talk(rng, ("203.0.113.45", 8546), exchanges)


def login_api(rng):
    """A telephone exchange's API: login and pass, `result: true`."""
    exchanges = [
        rpc(1, "login", {"login": "alice", "pass": "example", "remember": True}, True),
        rpc(2, "status", {"id": 7}, {"status": "OK"}),
        rpc(3, "submit", {"form": "holiday", "result": "approved"}, True),
        rpc(4, "keepalive", {}, True), rpc(5, "logout", {}, True)]
    return talk(rng, ("10.0.3.40", 8021), exchanges)


def documentation(rng):
    """A page over HTTP that explains stratum; its examples stand at the start of lines."""
    text = "\n".join((LOGIN_LINE, JOB_LINE, V1_LINE, NOTIFY_LINE))
    body = ("<!doctype html><title>The stratum protocol</title>\n"
            f"<h1>Examples</h1>\n<pre>\n{text}\n</pre>\n").encode()
    ask = b"GET /stratum.html HTTP/1.1\r\nHost: docs.example.org\r\nAccept: */*\r\n\r\n"
    plain = b"GET /stratum.txt HTTP/1.1\r\nHost: docs.example.org\r\nAccept: */*\r\n\r\n"
    exchanges = [(ask, benign.http_message("HTTP/1.1 200 OK", body, "text/html")),
                 (plain, benign.http_message("HTTP/1.1 200 OK", text.encode(), "text/plain"))]
    return talk(rng, ("203.0.113.63", 80), exchanges)


def torn_page(rng, client, lines):
    """The packets of a page of which the tap missed the request, the head and the beginning."""
    server = ("203.0.113.64", 80)
    text = "\n".join(lines) + "\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + LOGIN_LINE[:90].encode()
    ask = b"GET /stratum.txt HTTP/1.1\r\nHost: docs.example.org\r\nAccept: */*\r\n\r\n"
    packets = benign.dialogue(rng, client, server, START, [
        (ask, head), (b"", LOGIN_LINE[90:].encode() + b"\n" + text.encode())], pause=200 * MS)
    return silent([each for each in packets
                   if b"GET /" not in each.data and b"HTTP/1.1 200" not in each.data],
                  client, server).packets


def documentation_torn(rng):
    """Pages that quote both roles in one direction, without their beginning: one is joined in its
    middle."""
    answer = json.dumps({"id": 2, "result": True, "error": None})
    difficulty = json.dumps({"id": None, "method": "mining.set_difficulty", "params": [512]})
    submit = json.dumps({"id": 4, "method": "mining.submit", "params": [
        "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07", "2861", "00000001", "66b1f0ab", "5c1e0f2a"]})
    lines = (V1_LINE, answer, difficulty, NOTIFY_LINE, submit)
    joined = torn_page(rng, CLIENT, lines)
    begin = next(each.time for each in joined if V1_LINE.encode() in each.data)
    return Built([each for each in joined if each.time >= begin]
                 + torn_page(rng, (CLIENT[0], CLIENT[1] + 1), lines),
                 {"sessions": [], "suspicions": True})


def log_shipping(rng):
    """A log shipper: newline JSON whose strings hold escaped stratum messages."""
    out = b"".join(line({"@timestamp": f"2026-03-05T11:00:{second:02}Z", "host": "ids1",
                         "message": text, "method": "POST"})
                   for second, text in enumerate((LOGIN_LINE, V1_LINE, NOTIFY_LINE, JOB_LINE)))
    return talk(rng, ("10.0.3.41", 5044), [(out, line({"ack": 4}))] * 2)


def wallet_node(rng, heads=()):
    """A wallet's questions to its Bitcoin node over HTTP, among them those about mining."""
    exchanges = []
    for number, method in enumerate(("getblockchaininfo", "getmininginfo", "getnetworkhashps",
                                     "getdifficulty")):
        ask = json.dumps({"jsonrpc": "1.0", "id": number, "method": method, "params": []}).encode()
        answer = json.dumps({"result": rng.randrange(1 << 40), "error": None,
                             "id": number}).encode()
        exchanges.append((benign.http_message("POST / HTTP/1.1", ask, "application/json",
                                              ("Host: 10.0.3.42:8332",)),
                          benign.http_message("HTTP/1.1 200 OK", answer, "application/json",
                                              heads)))
    return talk(rng, ("10.0.3.42", 8332), exchanges, pause=200 * MS)


def wallet_node_longpoll(rng):
    """The same at a node that names its long poll in every answer, as bcoin and hsd do."""
    return wallet_node(rng, ("X-Long-Polling: /?longpoll=1",))


ENTRIES = [
    Entry("look-alikes/electrum", "Electrum server, newline JSON-RPC", electrum),
    Entry("look-alikes/language-server", "language server, Content-Length framing; the document "
          "holds stratum messages", language_server),
    Entry("look-alikes/job-queue", "newline JSON-RPC with login, job, submit, target, blob, OK on "
          "port 3333", job_queue),
    Entry("look-alikes/chat-irc", "a chat that quotes a login, an authorize and a notify line",
          chat_irc),
    Entry("look-alikes/chat-json", "a chat over newline JSON that quotes the same in strings",
          chat_json),
    Entry("look-alikes/database-postgres", "PostgreSQL rows that hold a submit", database),
    Entry("look-alikes/database-mysql", "MySQL rows that hold a submit", database_mysql),
    Entry("look-alikes/eth-dapp", "eth_* queries over newline JSON, eth_mining and eth_hashrate "
          "among them", dapp),
    Entry("look-alikes/login-api", "login with login and pass, `result: true`", login_api),
    Entry("look-alikes/documentation", "web page and text file with stratum examples at the start "
          "of lines", documentation),
    Entry("look-alikes/documentation-torn", "two pages without request, head and beginning: one "
          "direction speaks for both roles", documentation_torn),
    Entry("look-alikes/log-shipping", "newline JSON whose strings hold stratum messages",
          log_shipping),
    Entry("look-alikes/wallet-node", "getmininginfo and getdifficulty over HTTP", wallet_node),
    Entry("look-alikes/wallet-node-longpoll", "the same, X-Long-Polling in every answer, as bcoin "
          "1.0.2 and hsd 8.0.0 were recorded", wallet_node_longpoll),
]
