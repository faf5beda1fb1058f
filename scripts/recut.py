#!/usr/bin/env python3
"""Recuts a capture: python3 scripts/recut.py MODE in.pcap out.pcap

Works on Ethernet captures of IPv4 TCP, with and without VXLAN. Modes:
  bytes[:N]    one byte of payload per segment (N: payloads above N bytes stay whole)
  to-server    only the packets from clients
  to-client    only the packets from servers
  middle[:N]   each TCP flow from its payload packet N (default 3) on, without its handshake
  reorder      neighbouring data segments swapped
  retransmit   every data segment twice
  snaplen:N    at most N bytes of each packet
"""

import sys
from dataclasses import replace

from capturekit import pcapfile, recut


def modes(number):
    """The modes by name; `number` is what followed the colon, or None."""
    return {
        "bytes": lambda packets: recut.cut_bytes(packets, number or 0),
        "to-server": lambda packets: recut.one_direction(packets, True),
        "to-client": lambda packets: recut.one_direction(packets, False),
        "middle": lambda packets: recut.from_middle(packets, 3 if number is None else number),
        "reorder": recut.reorder,
        "retransmit": recut.retransmit,
        "snaplen": lambda packets: recut.snaplen(packets, number),
    }


def main(arguments):
    """Runs one mode; returns the exit code."""
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 1
    mode, source, target = arguments
    name, _, number = mode.partition(":")
    known = modes(int(number) if number.isdigit() else None)
    if name not in known or number and not number.isdigit() or mode == "snaplen":
        print(f"recut: no such mode: {mode}", file=sys.stderr)
        return 1
    capture = pcapfile.read(source)
    if capture.link != pcapfile.LINK_ETHERNET:
        print(f"recut: {source}: not an Ethernet capture", file=sys.stderr)
        return 1
    packets = tuple(known[name](capture.packets))
    size = int(number) if name == "snaplen" else capture.snaplen
    pcapfile.write(target, replace(capture, packets=packets, snaplen=size))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
