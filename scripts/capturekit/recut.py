"""The same capture, cut otherwise. Each function takes and gives a list of packets.

They change the TCP segments of the innermost IPv4 packets and leave everything else as it is.
"""

from collections import Counter, defaultdict
from dataclasses import replace

from . import MS, US
from .dissect import clients, is_garbage, locate, tcp_view, with_payload
from .layers import FIN, PSH

RETRANSMISSION_DELAY = 200 * MS
NEIGHBOURS_WITHIN = 50 * MS


def _growing(packets):
    """Moves packets apart in the order they have, so that time grows with each."""
    out, last = [], 0
    for packet in packets:
        last = max(packet.time, last + US)
        out.append(packet if packet.time == last else replace(packet, time=last))
    return out


def _segments(packets):
    """Every packet with the flow key, direction and TCP payload it has, if it has any."""
    for packet in packets:
        inner = locate(packet.data)
        view = tcp_view(packet.data, inner)
        has_data = view is not None and view.size > 0 and not is_garbage(view)
        yield packet, inner, view if has_data else None


def cut_bytes(packets, limit=0):
    """One byte of payload per segment; payloads above `limit` bytes stay whole (0: none do)."""
    out = []
    for packet, inner, view in _segments(packets):
        if view is None or limit and view.size > limit:
            out.append(packet)
            continue
        payload = packet.data[view.data:view.end]
        for at in range(len(payload)):
            is_last = at == len(payload) - 1
            flags = view.flags if is_last else view.flags & ~(FIN | PSH)
            out.append(with_payload(packet, inner, view, view.seq + at, flags,
                                    payload[at:at + 1]))
    return _growing(out)


def one_direction(packets, to_server):
    """Only the packets to the server, or only those to the client, of every flow."""
    who, out = clients(packets), []
    for packet in packets:
        inner = locate(packet.data)
        if inner is None or (inner.src == who[inner.key]) == to_server:
            out.append(packet)
    return out


def from_middle(packets, skip=3):
    """Each TCP flow from its payload packet number `skip` (from 0) on, or from its last one."""
    total = Counter(inner.key for _, inner, view in _segments(packets) if view)
    seen, out = Counter(), []
    for packet, inner, view in _segments(packets):
        if inner is None or tcp_view(packet.data, inner) is None:
            out.append(packet)
            continue
        seen[inner.key] += view is not None
        if seen[inner.key] > min(skip, total[inner.key] - 1):
            out.append(packet)
    return out


def reorder(packets):
    """Swaps neighbouring data segments of a direction; a lone one is halved, and the halves
    arrive in the wrong order."""
    runs = defaultdict(list)
    for at, (packet, inner, view) in enumerate(_segments(packets)):
        if view is None:
            continue
        flow = runs[inner.key]
        last = flow[-1][-1] if flow else None
        near = last and last[1].src == inner.src and packet.time - last[3] < NEIGHBOURS_WITHIN
        if near and len(flow[-1]) == 1:
            flow[-1].append((at, inner, view, packet.time))
        else:
            flow.append([(at, inner, view, packet.time)])
    out = [[packet] for packet in packets]
    for run in (run for flow in runs.values() for run in flow):
        _swap(out, packets, run)
    return _growing([packet for group in out for packet in group])


def _swap(out, packets, run):
    """Swaps a pair of segments in `out`, or the halves of a single one."""
    at, inner, view, _ = run[0]
    if len(run) == 2:
        other = run[1][0]
        out[at], out[other] = ([replace(packets[other], time=packets[at].time)],
                               [replace(packets[at], time=packets[other].time)])
    elif view.size > 1:
        payload = packets[at].data[view.data:view.end]
        half = view.size // 2
        out[at] = [
            with_payload(packets[at], inner, view, view.seq + half, view.flags, payload[half:]),
            with_payload(packets[at], inner, view, view.seq, view.flags & ~FIN, payload[:half])]


def retransmit(packets):
    """Every data segment a second time after 200 ms, or just before its flow's last packet."""
    ends = {inner.key: packet.time for packet, inner, _ in _segments(packets) if inner}
    out = []
    for number, (packet, inner, view) in enumerate(_segments(packets)):
        out.append((packet.time, number, packet))
        if view is not None:
            time = min(packet.time + RETRANSMISSION_DELAY, ends[inner.key] - 1)
            out.append((max(time, packet.time), number, packet))
    out.sort(key=lambda each: each[:2])
    return _growing([replace(packet, time=time) for time, _, packet in out])


def snaplen(packets, size):
    """Keeps at most `size` bytes of each packet."""
    return [replace(packet, data=packet.data[:size], length=packet.wire_length)
            for packet in packets]
