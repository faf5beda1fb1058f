"""What an operator types: several files, folders, standard input, filters, sinks, and mistakes."""

import fcntl
import gzip
import json
import os
import signal
import struct
import subprocess
import termios
import time
from dataclasses import replace

from capturekit import pcapfile

from kit import truth
from kit.sensor import EVENTS, ROOT, environment, in_order, replay, run, without
from kit.tap import differ

XMRIG = "pcaps/cryptonote/xmrig.pcap"
THREE = ("pcaps/cryptonote/xmrig.pcap", "pcaps/stratum-v1/session.pcap",
         "pcaps/ethproxy/claymore.pcap")
# Of an event these depend on what else was read: the file's name, and the time at which the end
# of a flow became known.
READING = ("pcap_filename", "timestamp")
WITHIN = 60  # seconds until a few packets are read, or a signal ends it, on the busiest machine


def same(found, expected, *keys):
    """Problems when two sets of events differ otherwise than in these keys."""
    found, expected = (sorted(without(lines, *keys)) for lines in (found, expected))
    problems = [] if expected else ["nothing to compare with"]
    problems += [f"not expected: {line}" for line in found if line not in expected]
    return problems + [f"missing: {line}" for line in expected if line not in found]


def flows(lines):
    """Flow records only."""
    return [line for line in lines if '"event_type":"flow"' in line]


def feed(process, data):
    """Problems unless it comes to read all of this from its standard input, a pipe."""
    process.stdin.write(data)
    process.stdin.flush()
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        left = fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4))
        if left == bytes(4):
            return []
        time.sleep(0.02)
    return [f"it does not read its input (exit code {process.poll()})"]


def same_outcome(found, expected):
    """Problems when flow records, or the last revision of any alert, differ. When a revision that
    only adds evidence goes out depends on the packets of others: they move the time."""
    problems = same(flows(found), flows(expected), *READING)
    last = [{name: (event["alert"]["signature_id"], sorted(event["mining"]["evidence"]))
             for name, event in truth.final_alerts(map(json.loads, lines)).items()}
            for lines in (found, expected)]
    return problems + differ("alerts", *last)


def pcapng(capture):
    """A capture as the bytes of a pcapng file with one Ethernet interface, in nanoseconds."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    out = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
           block(1, struct.pack("<HHIHHBxxxHH", capture.link, 0, capture.snaplen, 9, 1, 9, 0, 0))]
    for packet in capture.packets:
        head = struct.pack("<IIIII", 0, packet.time >> 32, packet.time & 0xFFFFFFFF,
                           len(packet.data), packet.wire_length)
        out.append(block(6, head + packet.data))
    return b"".join(out)


class Usage:
    """The tests; each method that begins with `test_` gives problems, and its first line of
    documentation is its name."""

    def __init__(self, binary, work):
        self.binary = binary
        self.work = work / "usage"
        self.work.mkdir()

    def halves(self):
        """A capture in two files, the second half first by name."""
        whole = pcapfile.read(ROOT / XMRIG)
        middle = len(whole.packets) // 2
        paths = (self.work / "z-first.pcap", self.work / "a-second.pcap")
        pcapfile.write(paths[0], replace(whole, packets=whole.packets[:middle]))
        pcapfile.write(paths[1], replace(whole, packets=whole.packets[middle:]))
        return paths

    def fails(self, code, *words, arguments=("-r", XMRIG), **how):
        """Problems unless the run ends with this code and a message that holds all the words."""
        done = run(self.binary, *arguments, **how)
        return done.problems(code) + [f"{word!r} is not in the message: {done.err!r}"
                                      for word in words if str(word) not in done.err]

    def test_several_files(self):
        """several files yield what each of them yields"""
        alone = [line for path in THREE for line in replay(self.binary, path).lines]
        together = run(self.binary, "-r", *THREE, *EVENTS)
        repeated = run(self.binary, "-r", THREE[0], "-r", THREE[1], "-r", THREE[2], *EVENTS)
        return (together.problems() + repeated.problems()
                + same_outcome(together.lines, alone)
                + differ("-r repeated", in_order(repeated.lines), in_order(together.lines)))

    def test_halves(self):
        """two halves of a capture are merged by time"""
        whole = replay(self.binary, XMRIG).lines
        first, second = self.halves()
        problems = []
        for paths in ((first, second), (second, first)):
            done = run(self.binary, "-r", *paths, *EVENTS)
            problems += done.problems() + same(done.lines, whole, "pcap_filename")
        return problems

    def test_halves_in_order(self):
        """--in-order reads one file after the other"""
        whole = replay(self.binary, XMRIG).lines
        done = run(self.binary, "-r", *self.halves(), "--in-order", *EVENTS)
        return done.problems() + same(done.lines, whole, "pcap_filename")

    def test_folder(self):
        """a folder is all its captures"""
        folder = self.work / "folder"
        folder.mkdir()
        for path in THREE:
            (folder / path.split("/")[-1]).write_bytes((ROOT / path).read_bytes())
        (folder / "notes.txt").write_text("no capture\n", encoding="utf-8")
        done = run(self.binary, "-r", folder, *EVENTS)
        files = run(self.binary, "-r", *THREE, *EVENTS)
        return done.problems() + same(done.lines, files.lines, "pcap_filename")

    def test_empty_folder(self):
        """a folder without captures is an error"""
        folder = self.work / "empty"
        folder.mkdir()
        return self.fails(2, folder, arguments=("-r", folder))

    def test_standard_input(self):
        """- is standard input"""
        done = replay(self.binary, "-", stdin=(ROOT / XMRIG).read_bytes())
        return done.problems() + same(done.lines, replay(self.binary, XMRIG).lines,
                                      "pcap_filename")

    def test_pcapng(self):
        """pcapng is read as pcap is"""
        path = self.work / "case.pcapng"
        path.write_bytes(pcapng(pcapfile.read(ROOT / XMRIG)))
        done = replay(self.binary, path)
        return done.problems() + same(done.lines, replay(self.binary, XMRIG).lines,
                                      "pcap_filename")

    def test_filter(self):
        """trailing words are a BPF filter"""
        whole = replay(self.binary, XMRIG).lines
        kept = run(self.binary, "-r", XMRIG, *EVENTS, "tcp", "and", "port", "3333")
        quoted = run(self.binary, "-r", XMRIG, *EVENTS, "tcp and port 3333")
        none = run(self.binary, "-r", XMRIG, *EVENTS, "udp")
        return (kept.problems() + quoted.problems() + none.problems()
                + same(kept.lines, whole) + same(quoted.lines, whole)
                + differ("events of udp", none.lines, []))

    def test_filter_of_one_file(self):
        """a filter holds for every file"""
        done = run(self.binary, "-r", *THREE, *EVENTS, "host", "198.51.100.140")
        return done.problems() + same(done.lines, replay(self.binary, THREE[2]).lines, *READING)

    def test_bad_filter(self):
        """a wrong filter is refused"""
        return self.fails(1, "filter", "port nowhere at all",
                          arguments=("-r", XMRIG, "port nowhere at all"))

    def test_missing_file(self):
        """a missing file is named"""
        return self.fails(2, "/nonexistent/a.pcap", "No such file",
                          arguments=("-r", "/nonexistent/a.pcap"))

    def test_no_capture(self):
        """a file that is no capture is named"""
        path = self.work / "text.pcap"
        path.write_text("this is not a capture, however long it is\n", encoding="utf-8")
        return self.fails(2, path, arguments=("-r", path))

    def test_compressed(self):
        """a compressed capture is refused with the reason"""
        path = self.work / "packed.pcap.gz"
        path.write_bytes(gzip.compress((ROOT / XMRIG).read_bytes()))
        return self.fails(2, path, "compressed", arguments=("-r", path))

    def test_one_damaged(self):
        """a damaged file among others: the others are read to their end"""
        path = self.work / "damaged.pcap"
        path.write_bytes((ROOT / THREE[1]).read_bytes()[:-7])
        done = run(self.binary, "-r", THREE[0], path, THREE[2], *EVENTS)
        expected = [line for each in THREE[::2] for line in replay(self.binary, each).lines]
        found = [line for line in done.lines if '"198.51.100.130"' not in line]
        return (done.problems(2) + same_outcome(found, expected)
                + ([] if f"{path}: packet " in done.err else [done.err])
                + ([] if len(found) < len(done.lines) else ["nothing of the damaged file"]))

    def test_unknown_option(self):
        """an unknown option is refused"""
        return self.fails(1, "--no-such-option", arguments=("-r", XMRIG, "--no-such-option"))

    def test_nothing_to_read(self):
        """no input at all is refused"""
        return self.fails(1, "-r FILE", arguments=())

    def test_both_inputs(self):
        """files and an interface exclude each other"""
        return self.fails(1, "exclude", arguments=("-r", XMRIG, "-i", "lo"))

    def test_values(self):
        """values out of range, of the wrong kind and of the wrong unit are refused"""
        cases = (("--workers", "0"), ("--workers", "many"), ("--idle-timeout", "5x"),
                 ("--held-memory", "1K"), ("--classify", "some"), ("--progress=perhaps",),
                 ("--home-networks", "10.0.0.1/16"), ("--cloud", "vni=1,moon=2"),
                 ("--sensor-id", "a{b}"))
        problems = []
        for case in cases:
            option = case[0].split("=")[0].lstrip("-")
            problems += self.fails(1, option, arguments=("-r", XMRIG, *case))
        return problems

    def test_configuration(self):
        """--check-config accepts the scenario's configuration"""
        done = run(self.binary, "-c", "tests/golden/config/coin-shadow.yaml", "--check-config")
        return done.problems() + ([] if b"valid" in done.out else [repr(done.out)])

    def test_bad_configuration(self):
        """errors in a configuration name file, line and key"""
        cases = (("workers: 2\nworkers: 3\n", 2, "workers"), ("\nflows: 12\n", 2, "flows"),
                 ("# a\n# b\nunknown-key: 1\n", 3, "unknown-key"),
                 ("cloud:\n  - vni: 4097\n    moon: 1\n", 3, "moon"),
                 ("home-networks: [10.0.0.0/16, 10.0.0.0/33]\n", 1, "home-networks"),
                 ("tap: [a, b]\n", 1, "tap"), ("a: b: c\n", 1, ""))
        problems = []
        for text, line, key in cases:
            path = self.work / "bad.yaml"
            path.write_text(text, encoding="utf-8")
            problems += self.fails(1, f"{path}:{line}", key,
                                   arguments=("-c", path, "--check-config"))
        return problems

    def test_bad_list(self):
        """errors in a list name file and line"""
        path = self.work / "pools.list"
        problems = []
        for option in ("--lists", "--endpoints"):
            for text in ("pool.example.com:3333", "198.51.100.120:99999", "10.0.0.0/40",
                         "stratum+tcp://pool.example.com", "198.51.100.120:", "pool com",
                         "ja3 123"):
                path.write_text(f"# pools\n198.51.100.7\n{text}\n", encoding="utf-8")
                problems += self.fails(1, f"{path}:3", arguments=("-r", XMRIG, option, path))
        return problems

    def test_json_file(self):
        """--json FILE holds what --json - prints, and a replay begins it anew"""
        path = self.work / "events.jsonl"
        path.write_text("of an earlier run\n", encoding="utf-8")
        done = run(self.binary, "-r", XMRIG, "--json", path, *EVENTS[2:])
        found = path.read_text(encoding="utf-8").splitlines()
        return done.problems() + differ("printed", done.out, b"") + differ(
            "events", in_order(found), in_order(replay(self.binary, XMRIG).lines))

    def test_null(self):
        """--null prints nothing"""
        done = run(self.binary, "-r", XMRIG, "--null")
        return done.problems() + differ("printed", done.out, b"")

    def test_text(self):
        """without a sink the terminal gets alerts and a table of miners"""
        done = run(self.binary, "-r", XMRIG)
        text = done.out.decode("utf-8")
        wanted = ("1600001", "10.0.1.23", "198.51.100.120:3333", "42GcvFXaX6p3", "rack3",
                  "XMRig/6.21.0", "rx/0", "32", "5")
        return done.problems() + [f"{word!r} is not in the report:\n{text}" for word in wanted
                                  if word not in text]

    def test_text_escapes(self):
        """hostile names do not reach the terminal as they are"""
        whole = pcapfile.read(ROOT / XMRIG)
        data = [replace(packet, data=packet.data.replace(b"XMRig/6.21.0", b"\\u001b[2J\x7f\xff\xfe!"
                                                         [:12].ljust(12, b"!")))
                for packet in whole.packets]
        path = self.work / "hostile.pcap"
        pcapfile.write(path, replace(whole, packets=tuple(data)))
        done = run(self.binary, "-r", path)
        bad = sorted({byte for byte in done.out if byte < 32 and byte != 10 or byte == 127})
        return done.problems() + differ("control bytes printed", bad, []) + (
            [] if b"rack3" in done.out else ["the session is missing"])

    def test_full_disk(self):
        """a full disk loses events: exit 3"""
        return self.fails(3, "/dev/full", "No space left",
                          arguments=("-r", XMRIG, "--json", "/dev/full"))

    def test_closed_pipe(self):
        """a reader that went away loses events: exit 3, no hang, no signal"""
        reading, writing = os.pipe()
        os.close(reading)
        with subprocess.Popen([self.binary, "-r", XMRIG, *EVENTS], cwd=ROOT, stdout=writing,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=environment()) as process:
            os.close(writing)
            try:
                _, err = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                return ["it hangs"]
        return differ("exit code", process.returncode, 3) + ([] if b"lost" in err else [repr(err)])

    def test_bad_sink(self):
        """a sink that cannot be opened is refused"""
        return (self.fails(1, "/nonexistent/x",
                           arguments=("-r", XMRIG, "--json", "/nonexistent/x"))
                + self.fails(1, "/nonexistent/redis.sock",
                             arguments=("-r", XMRIG, "--redis", "unix:///nonexistent/redis.sock"))
                + self.fails(1, "redis", arguments=("-r", XMRIG, "--redis", "http://127.0.0.1/")))

    def test_signal(self):
        """SIGTERM ends a replay that waits for more, and what was read is published"""
        return self.ends_by(signal.SIGTERM)

    def test_hangup(self):
        """so does SIGHUP, of a lost terminal: only live it reads the lists again"""
        return self.ends_by(signal.SIGHUP)

    def ends_by(self, number):
        """Problems when a replay gets this signal in its midst."""
        raw = (ROOT / XMRIG).read_bytes()
        middle = len(raw) // 2
        with subprocess.Popen([self.binary, "-r", "-", *EVENTS], cwd=ROOT, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment()) as process:
            # It reads again when it has handled every packet it had. What it reads then is a part
            # of a packet's header.
            problems = feed(process, raw[:middle]) + feed(process, raw[middle:middle + 8])
            process.send_signal(number)
            try:
                process.wait(WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                return problems + ["it does not end while its input may go on"]
            out, err = process.stdout.read(), process.stderr.read()
        problems += differ("exit code", process.returncode, 0)
        problems += [] if flows(out.decode().splitlines()) else [f"no flow record: {err!r}"]
        return problems

    def test_help(self):
        """--help and --version"""
        problems = []
        for option, word in (("--help", b"--endpoints"), ("--version", b"minecanary")):
            done = run(self.binary, option)
            problems += done.problems() + ([] if word in done.out else [repr(done.out)])
        return problems

    def test_snaplen(self):
        """packets cut by the snaplen are counted, not misread"""
        whole = pcapfile.read(ROOT / XMRIG)
        packets = tuple(replace(packet, data=packet.data[:100], length=packet.wire_length)
                        for packet in whole.packets)
        path = self.work / "cut.pcap"
        pcapfile.write(path, replace(whole, packets=packets))
        done = replay(self.binary, path)
        found = [event["flow"] for event in done.events if event["event_type"] == "flow"]
        full = [event["flow"] for event in replay(self.binary, XMRIG).events
                if event["event_type"] == "flow"]
        keys = ("pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient")
        return done.problems() + differ(
            "counters", [[flow[key] for key in keys] for flow in found],
            [[flow[key] for key in keys] for flow in full])


def calls(binary, work):
    """All tests of this file."""
    tests = Usage(binary, work)
    names = [name for name in vars(Usage) if name.startswith("test_")]

    def call(name):
        method = getattr(tests, name)
        return [(f"usage {method.__doc__}", method())]
    return [lambda name=name: call(name) for name in names]
