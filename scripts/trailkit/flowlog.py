"""VPC flow logs: what the provider counts where no tap is.

The default format (version 2) says nothing of the pool at a NAT gateway's inside; a format of one's
own with pkt-dstaddr does. One line per direction and window:

    instance -> gateway      pkt: instance -> pool     inside, out
    gateway  -> pool         pkt: gateway  -> pool     outside, out
    pool     -> gateway      pkt: pool     -> gateway  outside, in
    gateway  -> instance     pkt: pool     -> instance inside, in
"""

from .delivery import packed
from .record import ACCOUNT

DEFAULT = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
           "start end action log-status")
OWN = ("version account-id vpc-id instance-id interface-id srcaddr dstaddr srcport dstport "
       "pkt-srcaddr pkt-dstaddr protocol packets bytes start end action tcp-flags log-status")
GATEWAY = "10.0.0.220"
GATEWAY_INTERFACE = "eni-0d0d0d0d0d0d0d0d0"


class FlowLog:
    """Lines of one region."""

    def __init__(self, rng, header):
        self._rng = rng
        self.header = header
        self.lines = []

    def add(self, **fields):
        """One line; what is not given is `-`."""
        values = {"version": 2 if self.header == DEFAULT else 3, "account-id": ACCOUNT,
                  "action": "ACCEPT", "log-status": "OK"}
        values.update({name.replace("_", "-"): value for name, value in fields.items()})
        self.lines.append(" ".join(str(values.get(name, "-")) for name in self.header.split()))

    def _size(self, per_minute, seconds):
        """Packets and bytes of a thin flow in a window."""
        packets = max(2, int(per_minute * seconds / 60 * self._rng.uniform(0.7, 1.3)))
        return packets, int(packets * self._rng.uniform(95, 160))

    def thin(self, each, server, port, window, syn):
        """A miner's connection over one window, both directions, at its own interface."""
        host, service = server
        start, end = window
        for out in (True, False):
            packets, size = self._size(6, end - start)
            source, target = (each.address, host) if out else (host, each.address)
            ports = (port, service) if out else (service, port)
            self.add(interface_id=each.interface, srcaddr=source, dstaddr=target,
                     srcport=ports[0], dstport=ports[1], protocol=6, packets=packets, bytes=size,
                     start=start, end=end, vpc_id=each.network.vpc, instance_id=each.instance,
                     pkt_srcaddr=source, pkt_dstaddr=target,
                     tcp_flags=(2 if out else 18) if syn else 0)

    def through_gateway(self, each, server, ports, window, syn):
        """The same at the NAT gateway's interface: four lines."""
        host, service = server
        inside, outside = ports
        start, end = window
        packets, size = self._size(6, end - start)
        for source, target, packet_source, packet_target, sport, dport in (
                (each.address, GATEWAY, each.address, host, inside, service),
                (GATEWAY, host, GATEWAY, host, outside, service),
                (host, GATEWAY, host, GATEWAY, service, outside),
                (GATEWAY, each.address, host, each.address, service, inside)):
            flags = (18 if sport == service else 2) if syn else 0
            self.add(vpc_id=each.network.vpc, interface_id=GATEWAY_INTERFACE, srcaddr=source,
                     dstaddr=target, srcport=sport, dstport=dport, pkt_srcaddr=packet_source,
                     pkt_dstaddr=packet_target, protocol=6, packets=packets, bytes=size,
                     start=start, end=end, tcp_flags=flags)

    def everyday(self, interface, address, network, begin, end):
        """A few large and short flows, a refused probe, a window without data and a lost one."""
        where = {"interface_id": interface, "vpc_id": network.vpc}
        for start in range(begin, end, 600):
            for number in range(3):
                sport = self._rng.randrange(32768, 61000)
                web = f"203.0.113.{10 * (number + 1)}"
                packets = self._rng.randrange(40, 900)
                for source, target, ports, size in (
                        (address, web, (sport, 443), 120), (web, address, (443, sport), 1150)):
                    self.add(srcaddr=source, dstaddr=target, srcport=ports[0], dstport=ports[1],
                             pkt_srcaddr=source, pkt_dstaddr=target, protocol=6, packets=packets,
                             bytes=packets * size, start=start, end=start + 59, tcp_flags=3,
                             **where)
            self.add(srcaddr="203.0.113.250", dstaddr=address, srcport=51413, dstport=3333,
                     pkt_srcaddr="203.0.113.250", pkt_dstaddr=address, protocol=6, packets=1,
                     bytes=40, start=start, end=start + 59, action="REJECT", tcp_flags=2, **where)
        self.add(interface_id=interface, start=begin, end=begin + 59, action="-",
                 log_status="NODATA")
        self.add(interface_id=interface, start=begin + 60, end=begin + 119, action="-",
                 log_status="SKIPDATA")

    def file(self, region, due, name):
        """(path, bytes): the lines in any order under their header."""
        self._rng.shuffle(self.lines)
        path = (f"AWSLogs/{ACCOUNT}/vpcflowlogs/{region}/{due:%Y/%m/%d}/{ACCOUNT}_vpcflowlogs_"
                f"{region}_fl-{name}_{due:%Y%m%dT%H%MZ}_{self._rng.getrandbits(32):08x}.log.gz")
        return path, packed("\n".join([self.header, *self.lines, ""]).encode())
